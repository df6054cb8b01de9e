/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: what a register file keeps. */
#ifndef REGCACHE_H
#define REGCACHE_H

#include "slots.h"

/* A general register that is about to be changed. */
struct change {
	bool wanted;
	uint64_t old; /* value of a computed register */
};

struct regcache {
	struct slots slots;

	/*
	 * Room for the largest description that the file has had: the general registers, the largest register's bytes, and all
	 * registers.
	 */
	unsigned ngeneral, max_size, nregs;
	struct change *changes; /* by register */
	uint8_t *scratch;
	bool *left; /* by register: a debugger has tried to put the register back, and it stayed */
};

#endif
