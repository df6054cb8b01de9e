/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries and control registers as in Intel's Software Developer's Manual, volume 3, chapter 4. */
#include "mmu.h"

#define P 1ul
#define W 2ul
#define U 4ul
#define PS 0x80ul
#define XD (1ul << 63)
#define LA57 (1ul << 12)
#define UPPER(bits) (~0ul << ((bits)-1))
#define EFER 0xc0000080
#define NXE (1u << 11)

const unsigned long ram_start = 0;

/* The last one is not left: from five levels there is no way back to four without a way to protected mode. */
const struct mode modes[] = {
	{ "4 levels", 12, 9, 4, 48, UPPER(48), 1, 0 },
	{ "5 levels", 12, 9, 5, 57, UPPER(57), 1, 0 },
};
const unsigned nmodes = sizeof(modes) / sizeof(*modes);

/* mmu_x86_64.S: to five levels, through protected mode. */
void turn_on_la57(const unsigned long *root);

unsigned long to_table(unsigned long pa)
{
	return pa | P | W | U;
}

unsigned long table_of(unsigned long entry)
{
	return entry & ~0xffful;
}

unsigned long to_page(unsigned long pa, enum permission permission, unsigned level)
{
	static const unsigned long bits[] = {
		[KERNEL_ALL] = W,
		[KERNEL_WRITE] = W | XD,
		[KERNEL_READ] = XD,
		[USER_WRITE] = W | U | XD,
	};

	return pa | bits[permission] | P | (level ? PS : 0);
}

int has_two_roots(void)
{
	return 0;
}

static unsigned cpuid(unsigned leaf, unsigned *c)
{
	unsigned a = leaf, b, d;

	*c = 0;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(*c), "=d"(d));
	return a;
}

static int has_la57(void)
{
	unsigned c;

	if (cpuid(0, &c) < 7)
		return 0;
	cpuid(7, &c);
	return c >> 16 & 1;
}

static unsigned long read_cr3(void)
{
	unsigned long value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

static void write_cr3(unsigned long value)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static unsigned long first_root;

int turn_on(const struct mode *m, const unsigned long *lower, const unsigned long *upper)
{
	unsigned low, high;

	(void)upper;
	if (!first_root)
		first_root = read_cr3();
	if (m->levels == 5 && !has_la57())
		return 0;
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(EFER));
	__asm__ volatile("wrmsr" : : "a"(low | NXE), "d"(high), "c"(EFER));
	if (m->levels == 5)
		turn_on_la57(lower);
	else
		write_cr3((unsigned long)lower);
	return 1;
}

/* Back to the tables that the guest was started with. */
void turn_off(void)
{
	unsigned long cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	if (!(cr4 & LA57))
		write_cr3(first_root);
}

unsigned long ask_processor(unsigned long va)
{
	(void)va;
	return ~0ul;
}
