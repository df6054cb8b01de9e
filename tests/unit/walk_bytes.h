/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk that bytes say all of, for a fuzzer and for chance: registers, tables and the address. They are, number by number: the address and
 * how many of its high bits are copies; as many registers as the walk asks for; and entries, which all tables have in turn.
 */
#ifndef WALK_BYTES_H
#define WALK_BYTES_H

#include "walk_check.h"

#define WALK_REGISTERS 8
#define WALK_ENTRIES 31 /* not one of what tables have */

struct walk_bytes {
	struct walker walker; /* first */
	const uint8_t *at, *end;
	uint64_t registers[WALK_REGISTERS];
	unsigned nregisters;
};

/* Bits of an address above RAM, where the architectures have them in entries and in registers. RAM is at 0. */
enum walk_fold {
	FOLD_NONE,
	FOLD_ADDRESS, /* arm64, x86-64 */
	FOLD_PTE,     /* riscv64's entries */
	FOLD_SATP,
	FOLD_BIG_ENDIAN, /* ppc64's entries, bytes the other way round */
	FOLDS
};
static const uint64_t walk_folds[FOLDS] = {
	[FOLD_ADDRESS] = 0x000ffffffff80000,
	[FOLD_PTE] = 0x1ffffffffffe0000,
	[FOLD_SATP] = 0x00000fffffffff80,
	[FOLD_BIG_ENDIAN] = 0x00fffffffff80000,
};

/* A byte that says which bits are not there, and 8 of a number. 0 behind the end. */
static inline uint64_t walk_take(struct walk_bytes *b)
{
	uint64_t value = 0;
	unsigned fold;

	if (b->end - b->at < 9) {
		b->at = b->end;
		return 0;
	}
	fold = *b->at++ % FOLDS;
	for (unsigned i = 0; i < 8; i++)
		value |= (uint64_t)*b->at++ << 8 * i;
	value &= ~walk_folds[fold];
	return fold == FOLD_BIG_ENDIAN ? __builtin_bswap64(value) : value;
}

static inline void walk_lay(struct walk_bytes *b)
{
	uint64_t entries[WALK_ENTRIES];
	unsigned n = 0, next = 0;

	while (b->at < b->end && n < WALK_ENTRIES)
		entries[n++] = walk_take(b);
	for (uint8_t *at = b->walker.f.ram[0].bytes; n && at < b->walker.f.ram[0].bytes + FAKE_RAM; at += 8)
		memcpy(at, &entries[next++ % n], 8);
}

/* A register is what comes next when it is asked for first; those behind are not there. */
static inline int walk_get(struct view *v, uint64_t key, uint64_t *value)
{
	struct walk_bytes *b = (struct walk_bytes *)v;

	if (!fake_get(v, key, value))
		return 0;
	if (b->nregisters == WALK_REGISTERS)
		return -ENOENT;
	fake_set(v, key, b->registers[b->nregisters++]);
	return fake_get(v, key, value);
}

/* NULL, or what is not as it should be. *mapped: there is a page, of a table. */
static inline const char *walk_by_bytes(const struct arch *arch, const uint8_t *bytes, size_t n, bool *mapped)
{
	static struct walk_bytes b;
	struct arch_page page;
	const char *bad;
	uint64_t va;
	int err;

	walk_init(&b.walker, arch, 0, 1ull << 40);
	b.walker.f.view.get = walk_get;
	b.nregisters = 0;
	b.at = bytes;
	b.end = bytes + n;
	va = walk_take(&b);
	va = (uint64_t)((int64_t)va >> walk_take(&b) % 64);
	for (unsigned i = 0; i < WALK_REGISTERS; i++)
		b.registers[i] = walk_take(&b);
	walk_lay(&b);
	bad = walk_check(&b.walker, va, &err, &page);
	*mapped = !err && !(page.access & ARCH_PAGE_BARE);
	return bad;
}

#endif
