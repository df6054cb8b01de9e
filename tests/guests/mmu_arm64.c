/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors and registers as in the Arm Architecture Reference Manual (DDI 0487), D8. All memory is Normal, Non-cacheable, as with
 * the MMU off: nothing has to be cleaned when it is turned on and off.
 */
#include "mmu.h"

#define T0SZ(bits) (64ul - (bits))
#define T1SZ(bits) (T0SZ(bits) << 16)
#define IPS_40 (2ul << 32)
#define IPS_52 (6ul << 32)
#define TBI0 (1ul << 37)
#define DS (1ul << 59)
#define TAG (0x5aul << 56)
#define UPPER(bits) (~0ul << (bits))

/* Of descriptors */
#define AF (1ul << 10)
#define EL0 (1ul << 6)
#define READ_ONLY (1ul << 7)
#define PXN (1ul << 53)
#define UXN (1ul << 54)

#define read_register(name)                                       \
	({                                                        \
		unsigned long value_;                             \
		__asm__ volatile("mrs %0, " name : "=r"(value_)); \
		value_;                                           \
	})
#define write_register(name, value) __asm__ volatile("msr " name ", %0" : : "r"(value))

const unsigned long ram_start = 0x40000000;

const struct mode modes[] = {
	{ "4K, 48 bits", 12, 9, 4, 48, UPPER(48), 1, 0 },
	{ "4K, 39 bits, TBI", 12, 9, 3, 39, UPPER(39), 1, TAG },
	{ "4K, 52 bits (LPA2)", 12, 9, 5, 52, UPPER(52), 1, 0 },
	{ "16K, 47 bits", 14, 11, 3, 47, UPPER(47), 0, 0 },
	{ "16K, 52 bits (LPA2)", 14, 11, 4, 52, UPPER(52), 0, 0 },
	{ "64K, 42 bits, TBI", 16, 13, 2, 42, UPPER(42), 0, TAG },
	{ "64K, 48 bits", 16, 13, 3, 48, UPPER(48), 0, 0 },
	{ "64K, 52 bits (LVA)", 16, 13, 3, 52, UPPER(52), 0, 0 },
};
const unsigned nmodes = sizeof(modes) / sizeof(*modes);

unsigned long to_table(unsigned long pa)
{
	return pa | 3;
}

unsigned long table_of(unsigned long entry)
{
	return entry & ~3ul;
}

unsigned long to_page(unsigned long pa, enum permission permission, unsigned level)
{
	static const unsigned long bits[] = {
		[KERNEL_ALL] = UXN,
		[KERNEL_WRITE] = UXN | PXN,
		[KERNEL_READ] = UXN | PXN | READ_ONLY,
		[USER_WRITE] = UXN | PXN | EL0,
	};

	return pa | bits[permission] | AF | (level ? 1 : 3);
}

int has_two_roots(void)
{
	return 1;
}

/* ID_AA64MMFR0_EL1.TGran<n>: is there the granule, and with 52 bits? */
static int has_mode(const struct mode *m)
{
	unsigned long mmfr0 = read_register("id_aa64mmfr0_el1"), mmfr2 = read_register("id_aa64mmfr2_el1");
	unsigned gran4 = mmfr0 >> 28 & 15, gran16 = mmfr0 >> 20 & 15, gran64 = mmfr0 >> 24 & 15;

	switch (m->page_shift) {
	case 12:
		return m->va_bits == 52 ? gran4 == 1 : gran4 != 15;
	case 14:
		return m->va_bits == 52 ? gran16 == 2 : gran16 != 0;
	default:
		return gran64 != 15 && (m->va_bits < 52 || (mmfr2 >> 16 & 15));
	}
}

/* TG0 and TG1 by page size */
static unsigned long granule(unsigned page_shift)
{
	switch (page_shift) {
	case 12:
		return 0ul << 14 | 2ul << 30;
	case 14:
		return 2ul << 14 | 1ul << 30;
	default:
		return 1ul << 14 | 3ul << 30;
	}
}

int turn_on(const struct mode *m, const unsigned long *lower, const unsigned long *upper)
{
	unsigned long tcr = T0SZ(m->va_bits) | T1SZ(m->va_bits) | granule(m->page_shift);

	if (!has_mode(m))
		return 0;
	tcr |= m->va_bits == 52 ? IPS_52 : IPS_40;
	if (m->va_bits == 52 && m->page_shift < 16)
		tcr |= DS;
	if (m->tag)
		tcr |= TBI0;
	write_register("mair_el1", 0x44ul);
	write_register("tcr_el1", tcr);
	write_register("ttbr0_el1", lower);
	write_register("ttbr1_el1", upper);
	__asm__ volatile("isb\n\ttlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
	write_register("sctlr_el1", read_register("sctlr_el1") | 1);
	__asm__ volatile("isb" : : : "memory");
	return 1;
}

void turn_off(void)
{
	write_register("sctlr_el1", read_register("sctlr_el1") & ~1ul);
	__asm__ volatile("isb" : : : "memory");
}

/* PAR_EL1: bit 0 is a failure, the address is without its last 12 bits. */
unsigned long ask_processor(unsigned long va)
{
	unsigned long par;

	__asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(va) : "memory");
	par = read_register("par_el1");
	return par & 1 ? ~0ul : (par & 0xffffffffff000ul) | (va & 0xfff);
}
