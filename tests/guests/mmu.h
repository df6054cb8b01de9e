/* SPDX-License-Identifier: BSD-2-Clause */
/* Between mmu.c and what each architecture has for it in mmu_ARCH.c. Tables are read and written where nothing, or the same, is translated. */
#ifndef MMU_H
#define MMU_H

#define NOINLINE __attribute__((noipa))

/* A way to translate addresses. Levels are counted from 0, the last one. */
struct mode {
	const char *name;
	unsigned page_shift, index_bits, levels;
	unsigned va_bits;    /* that an index is taken from */
	unsigned long upper; /* the upper half begins here */
	int has_huge;	     /* level 2 can map */
	unsigned long tag;   /* to be ignored in an address of the lower half; or 0 */
};

enum permission {
	KERNEL_ALL,
	KERNEL_WRITE,
	KERNEL_READ,
	USER_WRITE
};

extern const struct mode modes[];
extern const unsigned nmodes;
extern const unsigned long ram_start;

/* Entries of tables, for guest-physical addresses. */
unsigned long to_table(unsigned long pa);
unsigned long table_of(unsigned long entry);
unsigned long to_page(unsigned long pa, enum permission permission, unsigned level);

/* True when this processor has the mode; it is on then. Both roots are the same where there is only one. */
int turn_on(const struct mode *m, const unsigned long *lower, const unsigned long *upper);
void turn_off(void);
int has_two_roots(void);

/* Where the processor says that va is; ~0 where it says nothing. */
unsigned long ask_processor(unsigned long va);

#endif
