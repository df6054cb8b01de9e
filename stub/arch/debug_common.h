/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the architectures share of the debug request: bits of the control word, and cutting a range of addresses into pieces that
 * one debug register each can watch. How large a piece may be is the architecture's knowledge.
 */
#ifndef ARCH_DEBUG_COMMON_H
#define ARCH_DEBUG_COMMON_H

#include <stdint.h>

#include "arch.h"

/* KVM_GUESTDBG_*; the bit for debug registers is not the same everywhere. */
#define DEBUG_ENABLE 0x1
#define DEBUG_SINGLESTEP 0x2
#define DEBUG_USE_SW_BP 0x10000

/* 0 when nothing is wanted: the guest has its own debug exceptions and registers then. */
static inline uint32_t debug_control(const struct debug_request *d, uint32_t use_registers)
{
	uint32_t wanted = (d->step ? DEBUG_SINGLESTEP : 0) | (d->planted ? DEBUG_USE_SW_BP : 0) |
			  (d->n || d->ends_at ? use_registers : 0);

	return wanted ? wanted | DEBUG_ENABLE : 0;
}

/* The length of the first piece of [addr, addr + len), len > 0: at least 1, at most len. */
typedef uint64_t piece_fn(uint64_t addr, uint64_t len);

/* The largest power of two up to max (a power of two) that divides addr and fits into len > 0. */
static inline uint64_t piece_aligned(uint64_t addr, uint64_t len, uint64_t max)
{
	uint64_t size = max;

	while (addr & (size - 1) || size > len)
		size /= 2;
	return size;
}

/* How many pieces the range needs; 0 when it is empty, wraps around, or needs more than max. */
static inline unsigned pieces_count(uint64_t addr, uint64_t len, piece_fn *first, unsigned max)
{
	unsigned n = 0;

	if (!len || addr + (len - 1) < addr)
		return 0;
	while (len && n <= max) {
		uint64_t size = first(addr, len);

		addr += size;
		len -= size;
		n++;
	}
	return n <= max ? n : 0;
}

#endif
