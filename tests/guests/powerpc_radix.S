/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From real mode, where the top bits of an address do not count, into the kernel's quadrant, and from there to a process and back.
 * One vCPU, little-endian. Interrupts go to real mode: LPCR.AIL is 0.
 */
	.globl _start, hypercall, turn_on, run_process, set_pid, process, user_tick, user_value, user_end
	.globl on_sc, on_sc_end, on_timer, on_timer_end
	.set KERNEL, 0xc000000000000000
	.set IR_DR, 0x30
	.set PR, 0x4000
	.set SPRN_PID, 48

	.text
_start:
	bcl	20, 31, 1f
1:	mflr	12
	rldicl	12, 12, 0, 4		/* whatever the top bits were, they are the kernel's now */
	li	3, 3
	rldimi	12, 3, 62, 0
	addi	12, 12, 2f - 1b
	mtctr	12
	bctr
2:	addis	2, 12, .TOC. - 2b@ha
	addi	2, 2, .TOC. - 2b@l
	addis	1, 2, stack_end@toc@ha
	addi	1, 1, stack_end@toc@l - 64
	li	0, 0
	std	0, 0(1)
	bl	main
	nop
	b	.

	/* hypercall(number, 4 arguments); what it returns */
hypercall:
	sc	1
	blr

	/* Translation on, and back to where it was called from. */
turn_on:
	mfmsr	3
	ori	3, 3, IR_DR
	mtsrr1	3
	mflr	3
	mtsrr0	3
	ptesync
	rfid

	/* To the process, in problem state; back when it makes a system call. In problem state interrupts are on. */
run_process:
	mflr	0
	std	0, -8(1)
	std	2, -16(1)
	mfmsr	3
	std	3, -24(1)
	mtsprg	1, 1
	ori	3, 3, PR
	mtsrr1	3
	lis	3, process@h
	ori	3, 3, process@l
	mtsrr0	3
	rfid

	/* Copied to where sc leads, and the decrementer. */
on_sc:
	mfsprg	1, 1
	ld	2, -16(1)
	ld	3, -24(1)
	mtsrr1	3
	ld	3, -8(1)
	mtsrr0	3
	rfid
on_sc_end:

on_timer:
	mtsprg	0, 3
	lis	3, 0x7fff
	mtdec	3
	mfsprg	3, 0
	rfid
on_timer_end:

set_pid:
	mtspr	SPRN_PID, 3
	isync
	blr

	.section .user, "ax", @progbits
process:
	lis	4, user_value@h
	ori	4, 4, user_value@l
user_tick:
	ld	5, 0(4)
	addi	5, 5, 1
	std	5, 0(4)
user_end:
	sc
	b	.
	.balign 8
user_value:
	.quad	1000

	.section .bss
	.balign	16
	.skip	8192
stack_end:
	.section .note.GNU-stack, "", @progbits
