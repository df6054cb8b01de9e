/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the guest may not execute, a breakpoint is met at the handler of the exception that the fetch brings about. The exception is then
 * undone, as if the guest had not taken it. (x86 has no need of it: a debug register comes before the fetch.)
 */
#ifndef ARCH_FETCH_H
#define ARCH_FETCH_H

#include <stdint.h>

#include "view.h"
#include "walk.h"

#define ARCH_FETCH_KEYS 4

struct arch_fetch {
	/* Registers that the exception writes over; the others it saves. */
	uint64_t keys[ARCH_FETCH_KEYS];

	/* Where the handler is, by the vCPU's present mode. As translate(). */
	int (*handler)(struct view *v, struct arch_page *page);

	/*
	 * Is the vCPU at its handler since it could not fetch what is at addr? Then it is there again, with what `was` says of the keys:
	 * 1; 0: the vCPU is not at that handler; or -errno.
	 */
	int (*undo)(struct view *v, uint64_t addr, const uint64_t was[ARCH_FETCH_KEYS]);
};

#endif
