/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest of the demo and of the live tests, the same for every architecture: start_ARCH.S brings each vCPU here, and has
 * console_putc(), start_cpu() and power_off(). What it does is chosen by `mode`, which a debugger sets before it says go.
 */
#include "guest.h"

/* As it stands in the source: the debugger is to see the call and its arguments. */
#define NOINLINE __attribute__((noipa))

enum mode {
	MODE_DEMO,
	MODE_SPIN,
	MODE_NO_DEVICE,
	MODE_SMP,
	MODE_TRAPS,
	MODE_INTERRUPTS,
	MODE_HALT,
	MODE_STORM,
	MODE_RESET,
	MODE_OFF,
	MODE_STRESS,
	MODE_OWN_STEPS,
	MODE_OWN_CODE,
	MODE_LOCK
};

volatile enum mode mode = MODE_DEMO;
volatile unsigned long counter;
volatile unsigned long *interrupted;
volatile int bring_up = 1;
volatile unsigned long masks_seen, masks_saved;
volatile unsigned long cpu_counter[MAX_CPUS], cpu_astray[MAX_CPUS];
volatile unsigned char scratch[64];

struct point {
	int x, y;
};

struct point origin = { 3, 4 };

static void say(const char *text)
{
	while (*text)
		console_putc(*text++);
}

NOINLINE int square(int n)
{
	int result = n * n;

	return result;
}

NOINLINE int distance_squared(const struct point *p)
{
	int x2 = square(p->x);
	int y2 = square(p->y);

	return x2 + y2;
}

NOINLINE unsigned long factorial(unsigned long n)
{
	if (n <= 1)
		return 1;
	return n * factorial(n - 1);
}

#define SUM4(at) (scratch[at] + scratch[(at) + 1] + scratch[(at) + 2] + scratch[(at) + 3])
#define SUM16(at) (SUM4(at) + SUM4((at) + 4) + SUM4((at) + 8) + SUM4((at) + 12))

/* One line of the source, some 100 instructions and more. */
NOINLINE unsigned long sum(void)
{
	unsigned long all = SUM16(0) + SUM16(16) + SUM16(32) + SUM16(48);

	return all;
}

/* On most processors a loop: from a load that reserves the place to a store that fails when another has been there. */
NOINLINE unsigned int exchange(void)
{
	static unsigned int place = 41;
	unsigned int old = __atomic_fetch_nand(&place, 0xffffffd5, __ATOMIC_SEQ_CST);

	return old + place;
}

NOINLINE void tick(void)
{
	counter++;
}

static int demo(void)
{
	unsigned long f;
	int d;

	say("hello from the guest\n");
	d = distance_squared(&origin);
	f = factorial(5);
	sum();
	exchange();
	for (int i = 0; i < 10; i++)
		tick();
	say("goodbye\n");
	return d == 25 && f == 120 ? 42 : 1;
}

NOINLINE void spin(void)
{
	for (;;)
		tick();
}

/* An address that no machine of ours has anything at. */
static void touch_no_device(void)
{
	say("touching nothing\n");
	*(volatile unsigned int *)NO_DEVICE = 0x1234;
	say("went on\n");
	say(*(volatile unsigned int *)NO_DEVICE == 0xffffffff ? "all ones\n" : "not all ones\n");
}

NOINLINE void count(unsigned long cpu)
{
	for (;;)
		cpu_counter[cpu]++;
}

static void start_cpus(void)
{
	for (unsigned long cpu = 1; cpu < MAX_CPUS; cpu++)
		start_cpu(cpu);
}

static void smp(void)
{
	start_cpus();
	count(0);
}

/* The compiler is not to know what is in there: each increment is an instruction of its own. */
#define INCREMENT(n)                            \
	do {                                    \
		(n)++;                          \
		__asm__ volatile("" : "+r"(n)); \
	} while (0)

/* Four counts that are always the same, unless one of the instructions is left out once, or executed twice: that shows for ever. */
NOINLINE void count_in_step(unsigned long cpu)
{
	unsigned long a = 0, b = 0, c = 0, d = 0;

	for (;;) {
		INCREMENT(a);
		INCREMENT(b);
		INCREMENT(c);
		INCREMENT(d);
		if (a != b || a != c || a != d)
			cpu_astray[cpu]++;
		cpu_counter[cpu] = a;
	}
}

static void stress(void)
{
	start_cpus();
	count_in_step(0);
}

/* Its own breakpoint instructions are its own business, whatever a debugger has planted elsewhere. */
static void traps(void)
{
	volatile unsigned long *n = own_traps();

	for (int i = 0; i < 5; i++) {
		own_trap();
		tick();
	}
	say(*n == 5 ? "5 traps of its own\n" : "traps were lost\n");
}

/* Through instructions that it steps by itself: a handler of its own is entered after each. */
static void step_itself(void)
{
#if OWN_STEPS
	unsigned long n = 0;

	for (int i = 0; i < 5; i++) {
		n += own_steps();
		tick();
	}
	say(n == 5 * OWN_STEPS ? "40 steps of its own\n" : "steps were lost\n");
#endif
}

/* Functions of a few instructions that run wherever they are copied to. */
NOINLINE unsigned long give_1(void)
{
	return 1;
}

NOINLINE unsigned long give_2(void)
{
	return 2;
}

#define CODE_SIZE 32

volatile unsigned char patched[CODE_SIZE] __attribute__((aligned(64)));
volatile unsigned long given;

static void patch(unsigned long (*with)(void))
{
	const unsigned char *from = (const unsigned char *)with;

	for (unsigned int i = 0; i < CODE_SIZE; i++)
		patched[i] = from[i];
	code_was_written(&patched);
}

/* Calls code that it writes anew before each call, over whatever a debugger has planted there. */
static void patch_itself(void)
{
	unsigned long (*const call)(void) = (unsigned long (*)(void)) & patched;

	for (int i = 0; i < 5; i++) {
		patch(give_1);
		given += call();
		tick();
		patch(give_2);
		given += call();
	}
	say(given == 15 ? "15 by its own code\n" : "its code was changed\n");
}

/* Each takes a ticket and waits, without a break, until it is called. */
struct ticket_lock {
	volatile unsigned int next, called;
} the_lock;
volatile unsigned long guarded;

NOINLINE void lock(void)
{
	unsigned int mine = __atomic_fetch_add(&the_lock.next, 1, __ATOMIC_SEQ_CST);

	while (the_lock.called != mine)
		;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

NOINLINE void unlock(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	the_lock.called++;
}

NOINLINE void contend(unsigned long cpu)
{
	for (;;) {
		lock();
		guarded++;
		cpu_counter[cpu]++;
		unlock();
	}
}

static void halt(void)
{
	for (;;) {
		wait_for_interrupt();
		tick();
	}
}

static void storm(void)
{
	for (;;) {
		leave_guest();
		tick();
	}
}

/* The second vCPU is brought up whenever the debugger says so, and turns itself off. */
static void on_and_off(void)
{
	for (;;) {
		if (bring_up) {
			bring_up = 0;
			start_cpu(1);
		}
		tick();
	}
}
#ifndef __i386__
/* Interrupted all the time. What it sees of the mask is kept, a bit for each value. */
NOINLINE void be_interrupted(void)
{
	interrupted = interrupts();
	for (;;) {
		tick();
		masks_seen |= 1UL << without_interrupts();
		masks_saved |= 1UL << exception();
	}
}
#endif

void secondary(unsigned long cpu)
{
	if (mode == MODE_OFF) {
		cpu_counter[cpu]++;
		turn_off();
	}
	if (mode == MODE_STRESS)
		count_in_step(cpu);
	if (mode == MODE_LOCK)
		contend(cpu);
	count(cpu);
}

int main(void)
{
	switch (mode) {
	case MODE_DEMO:
		return demo();
	case MODE_SPIN:
		spin();
		break;
	case MODE_NO_DEVICE:
		touch_no_device();
		break;
	case MODE_SMP:
		smp();
		break;
	case MODE_TRAPS:
		traps();
		break;
	case MODE_HALT:
		halt();
		break;
	case MODE_STORM:
		storm();
		break;
	case MODE_RESET:
		reset_machine();
		break;
	case MODE_OFF:
		on_and_off();
		break;
	case MODE_STRESS:
		stress();
		break;
	case MODE_OWN_STEPS:
		step_itself();
		break;
	case MODE_OWN_CODE:
		patch_itself();
		break;
	case MODE_LOCK:
		start_cpus();
		contend(0);
		break;
	case MODE_INTERRUPTS:
#ifndef __i386__
		be_interrupted();
#endif
		break;
	}
	return 0;
}
