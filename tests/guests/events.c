/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest does to its machine and its vCPUs, one function each: wait for an interrupt that never comes, come out of the guest all
 * the time, reset the machine, turn a vCPU off, execute code that was written just now. Interrupts are off in all of it.
 */
#include "guest.h"

#if defined(__x86_64__) || defined(__i386__)

void wait_for_interrupt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

/* The line status register of the serial port. */
void leave_guest(void)
{
	unsigned char status;

	__asm__ volatile("inb %w1, %0" : "=a"(status) : "d"(0x3fd));
}

/* With an empty table of interrupts, any fault is a triple fault. */
void reset_machine(void)
{
	static const struct {
		unsigned short limit;
		unsigned long base;
	} __attribute__((packed)) empty;

	__asm__ volatile("lidt %0; mov %1, %%ds" : : "m"(empty), "r"(0xfff8) : "memory");
}

void turn_off(void)
{
}

void code_was_written(volatile void *code)
{
	(void)code;
}

#elif defined(__aarch64__)

static unsigned long psci(unsigned long function)
{
	register unsigned long x0 __asm__("x0") = function;

	__asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
	return x0;
}

void wait_for_interrupt(void)
{
	__asm__ volatile("wfi" : : : "memory");
}

/* The flag register of the PL011. */
void leave_guest(void)
{
	(void)*(volatile unsigned int *)0x09000018UL;
}

void reset_machine(void)
{
	psci(0x84000009); /* SYSTEM_RESET */
}

void turn_off(void)
{
	psci(0x84000002); /* CPU_OFF */
}

void code_was_written(volatile void *code)
{
	__asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" : : "r"(code) : "memory");
}

#elif defined(__riscv)

static void sbi(unsigned long extension, unsigned long function)
{
	register unsigned long a0 __asm__("a0") = 1; /* of SRST: a cold reboot, and ... */
	register unsigned long a1 __asm__("a1") = 0; /* ... no reason for it */
	register unsigned long a6 __asm__("a6") = function;
	register unsigned long a7 __asm__("a7") = extension;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
}

void wait_for_interrupt(void)
{
	__asm__ volatile("wfi" : : : "memory");
}

/* The line status register of the 16550. */
void leave_guest(void)
{
	(void)*(volatile unsigned char *)0x10000005UL;
}

void reset_machine(void)
{
	sbi(0x53525354, 0);
}

void turn_off(void)
{
	sbi(0x48534d, 1);
}

void code_was_written(volatile void *code)
{
	(void)code;
	__asm__ volatile(".option push; .option arch, +zifencei; fence.i; .option pop" : : : "memory");
}

#elif defined(__powerpc64__)

static void hypercall(unsigned long nr, unsigned long argument)
{
	register unsigned long r3 __asm__("r3") = nr;
	register unsigned long r4 __asm__("r4") = argument;

	__asm__ volatile("sc 1"
			 : "+r"(r3), "+r"(r4)
			 :
			 : "r0", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "ctr", "xer", "cr0", "cr1", "cr5", "cr6",
			 "cr7", "memory");
}

void wait_for_interrupt(void)
{
	hypercall(0xe0, 0); /* H_CEDE */
}

void leave_guest(void)
{
	hypercall(0x54, 0); /* H_GET_TERM_CHAR */
}

void reset_machine(void)
{
	static const unsigned char call[16] = { 0, 0, 0x20, 0x04, 0, 0, 0, 0, 0, 0, 0, 1 };

	hypercall(0xf000, (unsigned long)call); /* H_RTAS, system-reboot */
}

void turn_off(void)
{
}

void code_was_written(volatile void *code)
{
	__asm__ volatile("dcbst 0, %0; sync; icbi 0, %0; sync; isync" : : "r"(code) : "memory");
}

#endif
