/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine that is not there: it has no thread, and refuses everything. What a session has before it is attached to one. What a client has to
 * know of machines before it chooses one of a list, and commands, are the list's.
 */
#ifndef RSP_ABSENT_H
#define RSP_ABSENT_H

#include "../target.h"

/* list: NULL, or it outlives the target. */
struct target absent_target(const struct target_list *list);

#endif
