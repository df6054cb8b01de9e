/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine as this client sees it now. */
#ifndef RSP_VIEW_H
#define RSP_VIEW_H

#include "session.h"

/*
 * Memory: the general thread's, or guest-physical. [addr, addr + len) ends at the last address. As target.h has it.
 */
ssize_t view_memory(struct session *s, uint64_t addr, void *buf, size_t len);

/* len, or less: no byte of [addr, addr + len) is beyond the last address. */
uint64_t view_clip(uint64_t addr, uint64_t len);

/* What the target says of a thread: a sentence at most. */
#define THREAD_TEXT_MAX 640
void view_thread_texts(struct session *s, unsigned thread, char name[THREAD_TEXT_MAX], char text[THREAD_TEXT_MAX]);

#endif
