/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel that runs an AArch32 program at EL0, of A32 and T32 code, in an address space of its own: its code is where EL1 executes
 * nothing, and the kernel's where EL0 does not. It counts the program's system calls and breakpoint instructions, and in the end asks
 * whether the program has got right what it counts itself. Assembled for AArch64: the program's instructions are spelt out.
 */
	.globl	_start, on_lower32, bad, a32, a32_loop, a32_call, a32_own, t32, t32_odd, calls, traps
	.set	LAPS, 20
	.set	BLOCK, 0x401		/* AF, a block */
	.set	READ_ONLY, 1 << 7
	.set	USER, 1 << 6
	.set	PXN, 1 << 53
	.set	UXN, 1 << 54
	.text
_start:	ldr	x1, =stack
	mov	sp, x1
	ldr	x1, =vectors
	msr	vbar_el1, x1
	mov	x1, #0x44
	msr	mair_el1, x1
	ldr	x1, =0x280800019	/* T0SZ 25, EPD1, IPS 40 bits */
	msr	tcr_el1, x1
	ldr	x1, =level1
	msr	ttbr0_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	mrs	x1, sctlr_el1
	orr	x1, x1, #1
	msr	sctlr_el1, x1
	isb
	mov	x1, #0x1d0		/* User, A32, A I F masked */
	msr	spsr_el1, x1
	ldr	x1, =a32
	msr	elr_el1, x1
	eret

on_lower32:
	mrs	x9, esr_el1
	lsr	x10, x9, #26
	cmp	x10, #0x11		/* SVC */
	b.eq	1f
	cmp	x10, #0x38		/* BKPT */
	b.ne	bad
	mrs	x11, elr_el1
	add	x11, x11, #4
	msr	elr_el1, x11
	ldr	x11, =traps
	b	2f
1:	ldr	x11, =calls
2:	ldr	x12, [x11]
	add	x12, x12, #1
	str	x12, [x11]
	ldr	x11, =calls
	ldr	x12, [x11]
	cmp	x12, #LAPS
	b.eq	done
	eret
done:	cmp	x0, #LAPS
	b.ne	bad
	cmp	x1, #LAPS
	b.ne	bad
	cmp	x2, #LAPS + 2
	b.ne	bad
	ldr	x11, =traps
	ldr	x12, [x11]
	cmp	x12, #LAPS
	b.ne	bad
	ldr	x0, =0x84000008		/* SYSTEM_OFF */
	hvc	#0
bad:	b	.

	.balign	0x800
vectors:
	.rept	12
	b	bad
	.balign	0x80
	.endr
	b	on_lower32
	.balign	0x80
	.rept	3
	b	bad
	.balign	0x80
	.endr

	.section .user, "ax"
a32:	.inst	0xe3a00000		/* mov r0, #0 */
	.inst	0xe3a01000		/* mov r1, #0 */
	.inst	0xe3a02000		/* mov r2, #0 */
	.inst	0xe3a0d441		/* mov sp, #0x41000000 */
a32_loop:
	.inst	0xe2800001		/* add r0, r0, #1 */
	.inst	0xe320f000		/* nop */
	.inst	0xe1a04000		/* mov r4, r0 */
a32_call:
	.inst	0xfa00000c		/* blx t32 */
	.inst	0xe320f000		/* nop */
a32_own:
	.inst	0xe1200071		/* bkpt #1 */
	.inst	0xef000000		/* svc #0 */
	.inst	0xe320f000		/* nop */
	.inst	0xeafffff6		/* b a32_loop */
	.fill	8, 4, 0xe320f000
t32:	.short	0x3101			/* adds r1, #1 */
t32_odd:
	.short	0x1c8a			/* adds r2, r1, #2 */
	.short	0xbf00			/* nop */
	.short	0x4770			/* bx lr */
	.fill	28, 2, 0xbf00

	.data
	.balign	4096
level1:	.quad	0, level2 + 3
	.fill	510, 8, 0
level2:	.quad	0
	.quad	0x40200000 + BLOCK + READ_ONLY + UXN
	.quad	0x40400000 + BLOCK + UXN + PXN
	.quad	0x40600000 + BLOCK + READ_ONLY + USER + PXN
	.fill	508, 8, 0
calls:	.quad	0
traps:	.quad	0
	.fill	4096, 1, 0
	.balign	16
stack:
