/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest with radix trees of every page size, in the kernel's quadrant and in that of two processes. It tells the hypervisor where
 * they are, turns translation on, and runs a process again and again. Entries: Power ISA 3.1B, Book III, "Radix Tree Translation".
 */
#define NOINLINE __attribute__((noipa))

#define H_REGISTER_PROC_TBL 0x37c
#define NEW_RADIX_GTSE 0x1d

#define VALID (1ul << 63)
#define LEAF (3ul << 62 | 0x180)
#define PRIVILEGED 8ul
#define RWX 7ul
#define READ 4ul
#define RTS_52 (2ul << 61 | 5ul << 5)

#define MESSAGE "here I am"

long hypercall(unsigned long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
void turn_on(void);
void run_process(void);
void set_pid(unsigned long pid);
extern const unsigned int on_sc[], on_sc_end[], on_timer[], on_timer_end[];

typedef unsigned long table[512] __attribute__((aligned(4096)));

static unsigned long roots[3][8192] __attribute__((aligned(65536)));
static unsigned long processes[512] __attribute__((aligned(4096)));
static table gigabytes, megabytes, pages, process_gigabytes[2], process_megabytes[2], process_pages[2];
static char words[65536] __attribute__((aligned(65536))) = MESSAGE;
static volatile unsigned long other_value[512] __attribute__((aligned(65536))) = { 77 };

volatile unsigned long laps;

/* In real mode, and in the kernel's quadrant, which is linear. */
static unsigned long physical(const volatile void *at)
{
	return (unsigned long)at & ~(3ul << 62);
}

static unsigned long to_table(const void *next, unsigned bits)
{
	return __builtin_bswap64(VALID | physical(next) | bits);
}

static unsigned long to_page(unsigned long pa, unsigned long access)
{
	return __builtin_bswap64(LEAF | pa | access);
}

static unsigned long root_of(const void *tree)
{
	return __builtin_bswap64(RTS_52 | physical(tree) | 13);
}

/*
 * The kernel's quadrant: 1 GiB of RAM at its beginning; RAM once more from 1 GiB on in 2 MiB; at 0xc008000000000000 the words in a page of
 * 4 KiB that may be read only, and 2 MiB behind it in one of 64 KiB.
 */
static void build_kernel(void)
{
	static unsigned long large[32] __attribute__((aligned(256)));
	static table vmalloc, small;

	roots[0][0] = to_table(gigabytes, 9);
	gigabytes[0] = to_page(0, PRIVILEGED | RWX);
	gigabytes[1] = to_table(megabytes, 9);
	for (unsigned long i = 0; i < 64; i++)
		megabytes[i] = to_page(i << 21, PRIVILEGED | RWX);
	roots[0][4096] = to_table(vmalloc, 9);
	vmalloc[0] = to_table(pages, 9);
	pages[0] = to_table(small, 9);
	small[0] = to_page(physical(words), PRIVILEGED | READ);
	pages[1] = to_table(large, 5);
	large[0] = to_page(physical(words), PRIVILEGED | RWX);
}

/* Process 1 has its code and data at 0x10000000; process 2 has other data there. */
static void build_process(unsigned n, unsigned long pa)
{
	roots[1 + n][0] = to_table(process_gigabytes[n], 9);
	process_gigabytes[n][0] = to_table(process_megabytes[n], 9);
	process_megabytes[n][128] = to_table(process_pages[n], 9);
	process_pages[n][0] = to_page(pa, RWX);
}

static long build(void)
{
	build_kernel();
	build_process(0, 0x300000);
	build_process(1, physical(other_value));
	for (unsigned i = 0; i < 3; i++)
		processes[2 * i] = root_of(roots[i]);
	return hypercall(H_REGISTER_PROC_TBL, NEW_RADIX_GTSE, physical(processes), 0, 0);
}

static void copy_handler(unsigned long vector, const unsigned int *from, const unsigned int *end)
{
	unsigned int *to = (unsigned int *)(3ul << 62 | vector);

	for (; from < end; from++, to++) {
		*to = *from;
		__asm__ volatile("dcbst 0, %0\n\tsync\n\ticbi 0, %0\n\tisync" : : "r"(to) : "memory");
	}
}

static void copy_handlers(unsigned long vectors)
{
	copy_handler(vectors + 0xc00, on_sc, on_sc_end);
	copy_handler(vectors + 0x900, on_timer, on_timer_end);
}

NOINLINE void no_radix(void)
{
	for (;;)
		;
}

NOINLINE void lap(void)
{
	laps++;
}

NOINLINE void other_process(void)
{
	laps++;
}

int main(void)
{
	copy_handlers(0);
	copy_handlers(0x4000); /* with LPCR.AIL, which a debugger may set */
	if (build())
		no_radix();
	turn_on();
	for (;;) {
		set_pid(1);
		run_process();
		lap();
		set_pid(2);
		other_process();
	}
}
