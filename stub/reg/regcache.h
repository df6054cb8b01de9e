/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: what a register file keeps. */
#ifndef REGCACHE_H
#define REGCACHE_H

#include "slots.h"

/* A general register that is about to be changed. */
struct change {
	bool wanted;
	uint64_t old; /* value of a computed one */
};

struct regcache {
	struct slots slots;
	struct change *changes; /* by register, ngeneral of them */
	uint8_t *scratch;	/* max_size bytes */
	bool *left;		/* by register: a debugger has tried to put it back, and it stayed */
};

#endif
