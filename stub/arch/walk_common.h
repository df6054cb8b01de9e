/* SPDX-License-Identifier: BSD-2-Clause */
/* What the page walks of all architectures have in common: entries are read, told of, and lead to a page or to nothing. */
#ifndef ARCH_WALK_COMMON_H
#define ARCH_WALK_COMMON_H

#include <errno.h>

#include "arch.h"

/* width < 64 */
static inline uint64_t walk_field(uint64_t value, unsigned at, unsigned width)
{
	return value >> at & ((1ull << width) - 1);
}

/* Reads an entry of at most 8 bytes. 0, or -EIO when the entry is not in RAM. */
static inline int walk_read(struct view *v, uint64_t gpa, unsigned bytes, bool big_endian, uint64_t *entry)
{
	uint8_t byte[8];

	if (v->read_phys(v, gpa, byte, bytes))
		return -EIO;
	*entry = 0;
	for (unsigned i = 0; i < bytes; i++)
		*entry |= (uint64_t)byte[i] << 8 * (big_endian ? bytes - 1 - i : i);
	return 0;
}

static inline void walk_tell(struct view *v, int level, bool leaf, uint64_t gpa, uint64_t value)
{
	if (v->saw)
		v->saw(v, &(struct arch_entry){ .level = level, .leaf = leaf, .gpa = gpa, .value = value });
}

/* From va to the end of the 2^shift bytes that va is in, which an entry of that level is about. shift < 64 */
static inline uint64_t walk_rest(uint64_t va, unsigned shift)
{
	return (1ull << shift) - walk_field(va, 0, shift);
}

/* Nothing is translated: up to `last`, the last address there is, an address is its own translation. */
static inline int walk_bare(uint64_t va, uint64_t last, struct arch_page *page)
{
	if (va > last) {
		*page = (struct arch_page){ .size = -va };
		return -EFAULT;
	}
	*page = (struct arch_page){ .pa = va, .size = last - va + 1, .access = ARCH_PAGE_ANY | ARCH_PAGE_BARE };
	return 0;
}

/* An address between the lower and the upper half of 2^(bits - 1) bytes each. */
static inline bool walk_is_between(uint64_t va, unsigned bits)
{
	int64_t above = (int64_t)va >> (bits - 1);

	return above != 0 && above != -1;
}

/* What the walk says of such an address: -EFAULT, and how far it is to the upper half. */
static inline int walk_between(uint64_t va, unsigned bits, struct arch_page *page)
{
	*page = (struct arch_page){ .size = -(1ull << (bits - 1)) - va };
	return -EFAULT;
}

#endif
