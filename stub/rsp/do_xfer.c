/* SPDX-License-Identifier: BSD-2-Clause */
/* What a machine is, as objects that are read in pieces: qXfer. */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "piece.h"
#include "stop_reply.h"
#include "view.h"

int do_description(struct session *s, const struct args *args)
{
	struct piece piece;

	if (session_is_alone(s->state) || !annex_is(args, "target.xml"))
		return refuse_annex(s);
	piece = piece_begin(s, args);
	/* gdb shows the fields of a register and no other bit, lldb the whole of it as well. */
	piece_text(&piece, s->target.ops->description(s->target.t, s->features & FEATURE_VCONT));
	return piece_end(&piece);
}

/* A thread's id as reply_thread() writes it, and as a number of the processor, which XML has in decimal. */
static void piece_thread(struct piece *p, unsigned thread)
{
	char name[THREAD_TEXT_MAX], text[THREAD_TEXT_MAX], head[64];
	bool multiprocess = p->s->features & FEATURE_MULTIPROCESS;

	view_thread_texts(p->s, thread, name, text);
	if (multiprocess)
		snprintf(head, sizeof(head), "<thread id=\"p%x.%x\" core=\"%u\" name=\"", p->s->target.process, thread,
			thread - 1);
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
		if (session_has_thread(s, thread))
			piece_thread(&piece, thread);
	piece_text(&piece, "</threads>\n");
	return piece_end(&piece);
}

/* The annex is the process, in hexadecimal, or nothing. */
static bool is_process(const struct session *s, struct cursor annex)
{
	return !cursor_left(&annex) || (cursor_number(&annex) == s->target.process && !annex.bad && !cursor_left(&annex));
}

/* The path on the machine where this program runs: a client there may have it at hand, others ask for it by vFile. */
int do_exec_file(struct session *s, const struct args *args)
{
	struct target_image image;
	struct piece piece;

	if (!is_process(s, args->word) || !s->target.ops->image(s->target.t, &image))
		return refuse_annex(s);
	piece = piece_begin(s, args);
	piece_text(&piece, image.path);
	return piece_end(&piece);
}
