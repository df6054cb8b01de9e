/* SPDX-License-Identifier: BSD-2-Clause */
/* See piece.h. */
#include <errno.h>
#include <string.h>

#include "piece.h"

struct piece piece_begin(struct session *s, const struct args *args)
{
	reply_char(&s->out, 'm');
	return (struct piece){ .s = s, .skip = args->n[0], .left = args->n[1] };
}

static void piece_bytes(struct piece *p, const char *bytes, size_t n)
{
	size_t skipped = p->skip < n ? (size_t)p->skip : n, wanted = n - skipped, sent;

	p->skip -= skipped;
	if (wanted > p->left)
		wanted = (size_t)p->left;
	sent = p->cut ? 0 : reply_binary(&p->s->out, bytes + skipped, wanted);
	p->left -= sent;
	p->cut |= sent < n - skipped;
}

void piece_text(struct piece *p, const char *text)
{
	piece_bytes(p, text, strlen(text));
}

/* What framing or a terminal could trip over becomes '?', and what XML has a meaning for, its name. */
void piece_xml(struct piece *p, const char *text)
{
	static const struct {
		char c;
		const char *name;
	} names[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&apos;" } };

	for (; *text; text++) {
		char c[2] = { *text < ' ' || *text > '~' ? '?' : *text };
		const char *as = c;

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (names[i].c == *text)
				as = names[i].name;
		piece_text(p, as);
	}
}

int piece_end(struct piece *p)
{
	if (p->skip) {
		reply_start(&p->s->out);
		return session_refuse(p->s, EINVAL, "an offset beyond the end of what is there");
	}
	if (!p->cut)
		p->s->out.frame[1] = 'l';
	return ANSWERED;
}

bool annex_is(const struct args *args, const char *annex)
{
	return cursor_left(&args->word) == strlen(annex) && !memcmp(args->word.at, annex, strlen(annex));
}

int refuse_annex(struct session *s)
{
	reply_text(&s->out, "E00");
	return ANSWERED;
}
