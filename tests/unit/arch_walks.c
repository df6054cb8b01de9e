/* SPDX-License-Identifier: BSD-2-Clause */
/* The walks of all architectures through registers and tables made by chance: nothing but what arch.h promises may come of it. */
#include <stdlib.h>

#include "tap.h"
#include "walk_bytes.h"

#define WALKS 4000

/*
 * What makes most walks come to a table: bits of the first registers that they ask for. And what makes some come to a page, so many at
 * least: most entries have nothing in the highest byte, and one of these in the lowest.
 */
static const struct row {
	const struct arch *arch;
	uint64_t set[4], clear[4];
	enum walk_fold entries;
	uint8_t lowest[2]; /* of a table, of a page */
	unsigned mapped;
} rows[] = {
	/* PSTATE, SCTLR_EL1, TCR_EL1, TTBR<n>_EL1 */
	{ &arch_aarch64, { 0, 1 }, { 0x18, 0, 0x800080, 0x000ffffffff80000 }, FOLD_ADDRESS, { 3, 3 }, 50 },
	{ &arch_riscv64, { 8ull << 60 }, { 4ull << 60 | 0x00000fffffffff80 }, FOLD_PTE, { 1, 0xcf }, 50 },
	/* CR0, CR3, CR4, EFER */
	{ &arch_x86_64, { 1u << 31 }, { 0, 0x000ffffffff80000 }, FOLD_ADDRESS, { 0x27, 0x67 }, 50 },
};

#define NUMBER 9 /* bytes: which bits it has not, and 8, the lowest first */
#define NUMBERS (2 + WALK_REGISTERS + WALK_ENTRIES)

static void put_register(uint8_t *at, uint64_t set, uint64_t clear)
{
	at[0] = FOLD_NONE;
	for (unsigned i = 0; i < 8; i++)
		at[1 + i] = (uint8_t)((at[1 + i] & ~(clear >> 8 * i)) | set >> 8 * i);
}

static void put_entry(uint8_t *at, const struct row *row)
{
	at[0] = row->entries;
	if (random() % 8 == 0)
		return;
	at[1] = row->lowest[random() % 2];
	at[NUMBER - 1] = 0;
}

static void fill(const struct row *row, uint8_t *bytes)
{
	for (size_t i = 0; i < NUMBER * NUMBERS; i++)
		bytes[i] = (uint8_t)random();
	bytes[0] = bytes[NUMBER] = FOLD_NONE;
	for (unsigned i = 0; i < 4; i++)
		put_register(bytes + NUMBER * (2 + i), row->set[i], row->clear[i]);
	for (unsigned i = 2 + WALK_REGISTERS; i < NUMBERS; i++)
		put_entry(bytes + NUMBER * i, row);
}

static void test_chance(const struct row *row)
{
	uint8_t bytes[NUMBER * NUMBERS];
	const char *bad = NULL;
	unsigned mapped = 0;

	srandom(1);
	for (unsigned i = 0; i < WALKS && !bad; i++) {
		bool good;

		fill(row, bytes);
		bad = walk_by_bytes(row->arch, bytes, sizeof(bytes), &good);
		mapped += good;
	}
	ok(!bad, "%s: %s", row->arch->name, bad ? bad : "every walk is as arch.h says");
	ok(mapped >= row->mapped, "... and some come to a page (%u)", mapped);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		test_chance(&rows[i]);
	return done();
}
