/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine that is not there: it has no thread, and refuses everything. What a session has before it is attached to one. */
#ifndef RSP_ABSENT_H
#define RSP_ABSENT_H

#include "../target.h"

struct target absent_target(void);

#endif
