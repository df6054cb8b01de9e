/* SPDX-License-Identifier: BSD-2-Clause */
/* See view.h. */
#include "view.h"

uint64_t view_clip(uint64_t addr, uint64_t len)
{
	return len && len - 1 > UINT64_MAX - addr ? UINT64_MAX - addr + 1 : len;
}

ssize_t view_memory(struct session *s, uint64_t addr, void *buf, size_t len)
{
	if (s->physical)
		return s->target.ops->read_phys(s->target.t, addr, buf, len);
	return s->target.ops->read_mem(s->target.t, session_general(s), addr, buf, len);
}

void view_thread_texts(struct session *s, unsigned thread, char name[THREAD_TEXT_MAX], char text[THREAD_TEXT_MAX])
{
	name[0] = text[0] = '\0';
	s->target.ops->thread_name(s->target.t, thread, name, THREAD_TEXT_MAX);
	s->target.ops->thread_text(s->target.t, thread, text, THREAD_TEXT_MAX);
	name[THREAD_TEXT_MAX - 1] = text[THREAD_TEXT_MAX - 1] = '\0';
}
