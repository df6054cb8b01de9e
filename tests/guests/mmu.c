/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that turns on its MMU, in one mode after the other, and tells a debugger in `now` what is where. In each of them there are
 * RAM one to one in the lower half, by large pages, with the code that runs; the same in the upper half; two pages in the upper half, one
 * that may be written and one that may not, and nothing behind them; a page for the user in the lower half.
 *
 * In the first of those that there are, there are two address spaces, where one address leads to a page of code each.
 */
#include "mmu.h"

#define MAPPED 0x2000000ul /* of RAM, or one large page where that is more */
#define WINDOW (1ul << 36)
#define HUGE (1ul << 37)
#define SHARED (WINDOW + (1ul << 30))
#define LARGEST_PAGE 65536
#define TABLES 32

struct now {
	const char *name;
	unsigned long page_size, large_size, levels;
	unsigned long upper; /* what is added to an address of the lower half */
	unsigned long window, user_window;
	unsigned long huge; /* is added, too; 0: there is none */
	unsigned long tag;
	unsigned long asked;  /* where the processor has the second page of the window */
	unsigned long shared; /* in both address spaces */
};

struct now now;
volatile unsigned long ready, ticks;

char words[2][LARGEST_PAGE] __attribute__((aligned(LARGEST_PAGE))) = { "here I am", "read only" };
static unsigned long pool[TABLES * LARGEST_PAGE / sizeof(long)] __attribute__((aligned(LARGEST_PAGE)));
static unsigned long *next_table;

unsigned long visits[2];
char codes[2][LARGEST_PAGE] __attribute__((aligned(LARGEST_PAGE)));
static unsigned long *roots[2], *upper_root;

/* Of start_ARCH.S: takes a handler of exceptions, and tells where it counts. */
volatile unsigned long *own_traps(void);

static unsigned long *new_table(const struct mode *m)
{
	unsigned long *table = next_table;

	next_table += (1ul << m->page_shift) / sizeof(*table);
	for (volatile unsigned long *at = table; at < next_table; at++)
		*at = 0;
	return table;
}

static unsigned long *entry_of(const struct mode *m, unsigned long *table, unsigned long va, unsigned level)
{
	unsigned long index = (va & ((1ul << m->va_bits) - 1)) >> (m->page_shift + level * m->index_bits);

	return &table[index & ((1ul << m->index_bits) - 1)];
}

static void map(const struct mode *m, unsigned long *table, unsigned long va, unsigned long pa, unsigned level,
	enum permission permission)
{
	for (unsigned i = m->levels - 1; i > level; i--) {
		unsigned long *entry = entry_of(m, table, va, i);

		if (!*entry)
			*entry = to_table((unsigned long)new_table(m));
		table = (unsigned long *)table_of(*entry);
	}
	*entry_of(m, table, va, level) = to_page(pa, permission, level);
}

static void map_ram(const struct mode *m, unsigned long *table, unsigned long base)
{
	for (unsigned long pa = ram_start; pa < ram_start + MAPPED; pa += now.large_size)
		map(m, table, base + pa, pa, 1, KERNEL_ALL);
}

static void map_window(const struct mode *m, unsigned long *lower, unsigned long *upper)
{
	now.window = m->upper + WINDOW;
	now.user_window = WINDOW;
	map(m, upper, now.window, (unsigned long)words[0], 0, KERNEL_WRITE);
	map(m, upper, now.window + now.page_size, (unsigned long)words[1], 0, KERNEL_READ);
	map(m, lower, now.user_window, (unsigned long)words[0], 0, USER_WRITE);
	now.huge = m->has_huge ? m->upper + HUGE : 0;
	if (m->has_huge)
		map(m, upper, now.huge + ram_start, ram_start, 2, KERNEL_ALL);
}

/* It does not matter to it where it is. */
NOINLINE void visit(unsigned long *n)
{
	++*n;
}

static void map_space(const struct mode *m, unsigned long *lower, unsigned i)
{
	const volatile char *from = (const volatile char *)visit;

	for (unsigned at = 0; at < 64; at++)
		codes[i][at] = from[at];
	roots[i] = lower;
	map(m, lower, now.shared, (unsigned long)codes[i], 0, KERNEL_ALL);
}

static void map_spaces(const struct mode *m, unsigned long *lower, unsigned long *upper)
{
	unsigned long *other = new_table(m);

	upper_root = upper;
	now.shared = SHARED;
	map_ram(m, other, 0);
	if (!has_two_roots())
		map_ram(m, other, m->upper);
	map_space(m, lower, 0);
	map_space(m, other, 1);
}

static int go_to(const struct mode *m)
{
	unsigned long *lower, *upper;

	next_table = pool;
	lower = new_table(m);
	upper = has_two_roots() ? new_table(m) : lower;
	now.name = m->name;
	now.page_size = 1ul << m->page_shift;
	now.large_size = now.page_size << m->index_bits;
	now.levels = m->levels;
	now.upper = m->upper;
	now.tag = m->tag;
	map_ram(m, lower, 0);
	map_ram(m, upper, m->upper);
	map_window(m, lower, upper);
	if (!roots[0])
		map_spaces(m, lower, upper);
	return turn_on(m, lower, upper);
}

NOINLINE void mmu_ready(void)
{
	ready++;
}

NOINLINE void mmu_done(void)
{
	ready++;
}

NOINLINE void mmu_spaces(void)
{
	__asm__ volatile("");
}

/* The other one first. */
static void visit_spaces(const struct mode *m)
{
	mmu_spaces();
	for (unsigned i = 1; i <= 6; i++) {
		turn_on(m, roots[i % 2], upper_root);
		((void (*)(unsigned long *))now.shared)(&visits[i % 2]);
	}
}

/* Called by its upper address. */
NOINLINE void tick(void)
{
	ticks++;
}

void secondary(unsigned long cpu)
{
	(void)cpu;
}

int main(void)
{
	own_traps(); /* an exception has somewhere to go */
	for (unsigned i = 0; i < nmodes; i++) {
		if (go_to(&modes[i])) {
			now.asked = ask_processor(now.window + now.page_size);
			mmu_ready();
			((void (*)(void))(now.upper + (unsigned long)tick))();
			if (!visits[0])
				visit_spaces(&modes[i]);
		}
		turn_off();
	}
	mmu_done();
	return 0;
}
