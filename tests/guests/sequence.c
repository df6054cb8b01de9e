/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each vCPU tells its VMM a sequence of numbers that the VMM can foretell (tests/attach/check.c): it reads by how much to go on, and writes
 * where it is; by memory-mapped accesses, and on x86 by ports as well. An access that is lost, or done twice, or an instruction that is left
 * out or executed twice, and the sequence is another one for ever.
 */
#include "sequence.h"

#define NOINLINE __attribute__((noipa))

/* The compiler is not to know what is in there: each increment is an instruction of its own. */
#define INCREMENT(n)                            \
	do {                                    \
		(n)++;                          \
		__asm__ volatile("" : "+r"(n)); \
	} while (0)

void start_cpu(unsigned long cpu);

volatile unsigned long turns[SEQUENCE_CPUS];
volatile unsigned long work; /* rounds of nothing between two accesses */

NOINLINE void turn(unsigned long cpu)
{
	turns[cpu]++;
}

NOINLINE void idle(unsigned long rounds)
{
	for (unsigned long n = 0; n < rounds;)
		INCREMENT(n);
}

static unsigned int mmio_read(unsigned long cpu)
{
	return *(volatile unsigned int *)(SEQUENCE_MMIO + cpu * SEQUENCE_STRIDE);
}

static void mmio_write(unsigned long cpu, unsigned int n)
{
	*(volatile unsigned int *)(SEQUENCE_MMIO + cpu * SEQUENCE_STRIDE + 4) = n;
}

#if SEQUENCE_PHASES == 4
static unsigned int port_read(unsigned long cpu)
{
	unsigned int n;

	__asm__ volatile("inl %1, %0" : "=a"(n) : "d"((unsigned short)(SEQUENCE_PORT + cpu * 8)));
	return n;
}

static void port_write(unsigned long cpu, unsigned int n)
{
	__asm__ volatile("outl %0, %1" : : "a"(n), "d"((unsigned short)(SEQUENCE_PORT + cpu * 8 + 4)));
}
#endif

/* Four counts are always the same, unless an instruction was not executed just once. */
NOINLINE void sequence(unsigned long cpu)
{
	unsigned long a = 0, b = 0, c = 0, d = 0;
	unsigned int n = 0;

	for (;;) {
		n += mmio_read(cpu);
		INCREMENT(a);
		INCREMENT(b);
		turn(cpu);
		INCREMENT(c);
		INCREMENT(d);
		mmio_write(cpu, n + (unsigned int)((a ^ b) | (a ^ c) | (a ^ d)));
		idle(work);
#if SEQUENCE_PHASES == 4
		n += port_read(cpu);
		port_write(cpu, n);
#endif
	}
}

void secondary(unsigned long cpu)
{
	sequence(cpu);
}

int main(void)
{
	for (unsigned long cpu = 1; cpu < SEQUENCE_CPUS; cpu++)
		start_cpu(cpu);
	sequence(0);
	return 0;
}
