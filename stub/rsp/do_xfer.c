/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that are read in pieces: qXfer. There is one, target.xml. */
#include <errno.h>
#include <string.h>

#include "handlers.h"

static int reply_piece(struct session *s, const char *object, const struct args *args)
{
	uint64_t offset = args->n[0], len = args->n[1];
	size_t size = strlen(object), left;

	if (offset > size)
		return session_refuse(s, EINVAL, "an offset beyond the end of the description");
	left = size - (size_t)offset;
	if (len > left)
		len = left;
	reply_char(&s->out, 'm');
	if (reply_binary(&s->out, object + offset, (size_t)len) == left)
		s->out.frame[1] = 'l';
	return ANSWERED;
}

/* E00 is the protocol's word for an annex that is not there. */
int do_description(struct session *s, const struct args *args)
{
	static const char annex[] = "target.xml";

	if (cursor_left(&args->word) != sizeof(annex) - 1 || memcmp(args->word.at, annex, sizeof(annex) - 1)) {
		reply_text(&s->out, "E00");
		return ANSWERED;
	}
	return reply_piece(s, s->target.ops->description(s->target.t), args);
}
