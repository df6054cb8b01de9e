/* SPDX-License-Identifier: BSD-2-Clause */
/* What each architecture's start file gives the guest. */
#ifndef GUEST_H
#define GUEST_H

#define MAX_CPUS 8
#define NO_DEVICE 0x0b000000UL /* outside RAM and devices on arm64; see start_x86_64.S for x86 */

#if defined(__riscv)
#undef NO_DEVICE
#define NO_DEVICE 0x20000000UL
#endif

#if defined(__x86_64__) || defined(__i386__)
#undef NO_DEVICE
#define NO_DEVICE 0xd0000000UL
#endif

void console_putc(char c);
void start_cpu(unsigned long cpu);

/* A breakpoint instruction of the guest's own, and a handler that counts in *own_traps() what it was entered for, and goes on. */
volatile unsigned long *own_traps(void);
void own_trap(void);

#if defined(__i386__) || defined(__riscv)
#define OWN_STEPS 0
#else
/* The guest steps itself, by the processor, through OWN_STEPS instructions at stepped_code. Returns how many its handler was entered for. */
#define OWN_STEPS 8
unsigned long own_steps(void);
#endif

/* events.c */
void code_was_written(volatile void *code); /* 32 bytes, aligned to 64 */
void wait_for_interrupt(void);
void leave_guest(void);
void reset_machine(void);
void turn_off(void); /* this vCPU, where it can do that */

#ifndef __i386__
/* A timer that interrupts, again and again, from now on; its handler counts in *interrupts(). */
volatile unsigned long *interrupts(void);

/* Masks interrupts and unmasks them. By the mask, as it reads it: 1 if they were on before, and 2 if they were while masked. */
unsigned long without_interrupts(void);

/* Takes an exception of its own. By what that has saved: 1 if interrupts were on. */
unsigned long exception(void);
#endif

#endif
