/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries and satp as in the RISC-V Instruction Set Manual, volume II. Accessed and dirty are set, for not every hart sets them. */
#include "mmu.h"

#define V 1ul
#define R 2ul
#define W 4ul
#define X 8ul
#define U 0x10ul
#define A_D 0xc0ul
#define UPPER(bits) (~0ul << ((bits)-1))

const unsigned long ram_start = 0x80000000;

const struct mode modes[] = {
	{ "Sv39", 12, 9, 3, 39, UPPER(39), 1, 0 },
	{ "Sv48", 12, 9, 4, 48, UPPER(48), 1, 0 },
	{ "Sv57", 12, 9, 5, 57, UPPER(57), 1, 0 },
};
const unsigned nmodes = sizeof(modes) / sizeof(*modes);

unsigned long to_table(unsigned long pa)
{
	return pa >> 12 << 10 | V;
}

unsigned long table_of(unsigned long entry)
{
	return entry >> 10 << 12;
}

unsigned long to_page(unsigned long pa, enum permission permission, unsigned level)
{
	static const unsigned long bits[] = {
		[KERNEL_ALL] = R | W | X,
		[KERNEL_WRITE] = R | W,
		[KERNEL_READ] = R,
		[USER_WRITE] = R | W | U,
	};

	(void)level;
	return pa >> 12 << 10 | bits[permission] | A_D | V;
}

int has_two_roots(void)
{
	return 0;
}

/* satp does not change when the mode is one that the hart has not. */
int turn_on(const struct mode *m, const unsigned long *lower, const unsigned long *upper)
{
	unsigned long satp = (m->levels + 5ul) << 60 | (unsigned long)lower >> 12, now;

	(void)upper;
	__asm__ volatile("sfence.vma\n\tcsrw satp, %1\n\tsfence.vma\n\tcsrr %0, satp" : "=r"(now) : "r"(satp) : "memory");
	return now == satp;
}

void turn_off(void)
{
	__asm__ volatile("csrw satp, zero\n\tsfence.vma" : : : "memory");
}

unsigned long ask_processor(unsigned long va)
{
	(void)va;
	return ~0ul;
}
