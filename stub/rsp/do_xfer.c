/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that are read in pieces: qXfer. What is not kept as text is written anew for each piece, and only the piece is sent. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "stop_reply.h"
#include "view.h"

/* The piece of an object that was asked for, while the object goes by. */
struct piece {
	struct session *s;
	uint64_t skip, left;
	bool cut; /* the object goes on behind it */
};

static struct piece piece_begin(struct session *s, const struct args *args)
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

static void piece_text(struct piece *p, const char *text)
{
	piece_bytes(p, text, strlen(text));
}

static int piece_end(struct piece *p)
{
	if (p->skip) {
		reply_start(&p->s->out);
		return session_refuse(p->s, EINVAL, "an offset beyond the end of what is there");
	}
	if (!p->cut)
		p->s->out.frame[1] = 'l';
	return ANSWERED;
}

static bool annex_is(const struct args *args, const char *annex)
{
	return cursor_left(&args->word) == strlen(annex) && !memcmp(args->word.at, annex, strlen(annex));
}

/* E00 is the protocol's word for an annex that is not there. */
static int refuse_annex(struct session *s)
{
	reply_text(&s->out, "E00");
	return ANSWERED;
}

int do_description(struct session *s, const struct args *args)
{
	struct piece piece;

	if (!annex_is(args, "target.xml"))
		return refuse_annex(s);
	piece = piece_begin(s, args);
	/* gdb shows the fields of a register and no other bit, lldb the whole of it as well. */
	piece_text(&piece, s->target.ops->description(s->target.t, s->features & FEATURE_VCONT));
	return piece_end(&piece);
}

/* What framing or a terminal could trip over becomes '?', and what XML has a meaning for, its name. */
static void piece_xml(struct piece *p, const char *text)
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

/* A thread's id as reply_thread() writes it, and as a number of the processor, which XML has in decimal. */
static void piece_thread(struct piece *p, unsigned thread)
{
	char name[THREAD_TEXT_MAX], text[THREAD_TEXT_MAX], head[64];
	bool multiprocess = p->s->features & FEATURE_MULTIPROCESS;

	view_thread_texts(p->s, thread, name, text);
	if (multiprocess)
		snprintf(head, sizeof(head), "<thread id=\"p%x.%x\" core=\"%u\" name=\"", PROCESS_ID, thread, thread - 1);
	else
		snprintf(head, sizeof(head), "<thread id=\"%x\" core=\"%u\" name=\"", thread, thread - 1);
	piece_text(p, head);
	piece_xml(p, name);
	piece_text(p, "\">");
	piece_xml(p, text);
	piece_text(p, "</thread>\n");
}

/* A vCPU is its own core: gdb shows it in MI's stops, and IDEs group by it. */
int do_thread_list(struct session *s, const struct args *args)
{
	unsigned n = session_threads(s);
	struct piece piece;

	if (!annex_is(args, ""))
		return refuse_annex(s);
	piece = piece_begin(s, args);
	piece_text(&piece, "<?xml version=\"1.0\"?>\n<threads>\n");
	for (unsigned thread = 1; thread <= n && !piece.cut; thread++)
		piece_thread(&piece, thread);
	piece_text(&piece, "</threads>\n");
	return piece_end(&piece);
}

/* The annex is the process, in hexadecimal, or nothing. */
static bool is_process(struct cursor annex)
{
	return !cursor_left(&annex) || (cursor_number(&annex) == PROCESS_ID && !annex.bad && !cursor_left(&annex));
}

/* The path on the machine where this program runs: a client there may have it at hand, others ask for it by vFile. */
int do_exec_file(struct session *s, const struct args *args)
{
	struct target_image image;
	struct piece piece;

	if (!is_process(args->word) || !s->target.ops->image(s->target.t, &image))
		return refuse_annex(s);
	piece = piece_begin(s, args);
	piece_text(&piece, image.path);
	return piece_end(&piece);
}
