/* SPDX-License-Identifier: BSD-2-Clause */
/* Every vCPU starts at the entry, in real mode, with its number in r3; all but the first wait to be released. */
	.globl _start, console_putc, start_cpu, own_traps, own_trap, interrupts, without_interrupts, exception
	.globl own_steps, stepped_code
	.text
_start:
	bcl	20, 31, 1f
1:	mflr	12
	addis	2, 12, .TOC. - 1b@ha
	addi	2, 2, .TOC. - 1b@l
	addis	1, 2, stacks@toc@ha
	addi	1, 1, stacks@toc@l
	addi	5, 3, 1
	sldi	5, 5, 12
	add	1, 1, 5
	li	0, 0
	stdu	0, -32(1)
	cmpdi	3, 0
	bne	1f
	bl	main
	nop
	li	3, 0			/* H_RTAS, power-off: QEMU's numbers */
	ori	3, 3, 0xf000
	addis	4, 2, power_off@toc@ha
	addi	4, 4, power_off@toc@l
	sc	1
	b	.
1:	addis	5, 2, released@toc@ha
	addi	5, 5, released@toc@l
2:	lbzx	6, 5, 3
	cmpdi	6, 0
	beq	2b
	bl	secondary
	nop
	b	.

	/* H_PUT_TERM_CHAR(terminal 0, 1 byte, the highest of r6) */
console_putc:
	sldi	6, 3, 56
	li	3, 0x58
	li	4, 0
	li	5, 1
	sc	1
	blr

start_cpu:
	addis	4, 2, released@toc@ha
	addi	4, 4, released@toc@l
	li	5, 1
	stbx	5, 4, 3
	blr

	/* The handler is copied to where program interrupts go. It counts at address 0x800. */
own_traps:
	mflr	0
	li	3, 0x700
	addis	4, 2, on_trap@toc@ha
	addi	4, 4, on_trap@toc@l
	li	5, (on_trap_end - on_trap) / 4
	bl	copy_code
	mtlr	0
	li	3, 0x800
	li	4, 0
	std	4, 0(3)
	blr

own_trap:
	.long	0x00dddd00		/* no instruction, and what KVM takes for a breakpoint */
	blr

	/* Of an illegal instruction; of anything else the guest hangs. */
on_trap:
	mtsprg	0, 3
	mtsprg	1, 4
	mfcr	3
	mtsprg	2, 3
	mfsrr1	3
	andis.	3, 3, 0x8
	beq	.
	mfsrr0	3
	addi	3, 3, 4
	mtsrr0	3
	ld	3, 0x800(0)
	addi	3, 3, 1
	li	4, 0x800
	std	3, 0(4)
	mfsprg	3, 2
	mtcr	3
	mfsprg	3, 0
	mfsprg	4, 1
	rfid
on_trap_end:

	/* Handlers are copied to where the decrementer's interrupt goes, and that of sc. */
interrupts:
	mflr	0
	li	3, 0x900
	addis	4, 2, on_timer@toc@ha
	addi	4, 4, on_timer@toc@l
	li	5, (on_timer_end - on_timer) / 4
	bl	copy_code
	li	3, 0xc00
	addis	4, 2, on_sc@toc@ha
	addi	4, 4, on_sc@toc@l
	li	5, (on_sc_end - on_sc) / 4
	bl	copy_code
	mtlr	0
	lis	3, PERIOD
	mtdec	3
	mfmsr	3
	ori	3, 3, 0x8000		/* EE */
	mtmsrd	3, 1
	addis	3, 2, timer_count@toc@ha
	addi	3, 3, timer_count@toc@l
	blr

	/* To r3, from r4, r5 instructions. */
copy_code:
	mtctr	5
1:	lwz	5, 0(4)
	stw	5, 0(3)
	dcbst	0, 3
	sync
	icbi	0, 3
	addi	3, 3, 4
	addi	4, 4, 4
	bdnz	1b
	isync
	blr

	.set	PERIOD, 0x4e		/* in 65536ths: 10 ms of 512 MHz */
on_timer:
	mtsprg	0, 3
	mtsprg	1, 4
	lis	3, PERIOD
	mtdec	3
	lis	4, timer_count@ha
	ld	3, timer_count@l(4)
	addi	3, 3, 1
	std	3, timer_count@l(4)
	mfsprg	3, 0
	mfsprg	4, 1
	rfid
on_timer_end:

on_sc:
	mfsrr1	3
	rldicl	3, 3, 49, 63		/* EE */
	rfid
on_sc_end:

	/* Trace interrupts: MSR.SE. Counted is what is at stepped_code, at address 0x808. */
own_steps:
	mflr	0
	li	3, 0xd00
	addis	4, 2, on_step@toc@ha
	addi	4, 4, on_step@toc@l
	li	5, (on_step_end - on_step) / 4
	bl	copy_code
	mtlr	0
	li	3, 0
	li	4, 0x808
	std	3, 0(4)
	mfmsr	5
	ori	6, 5, 0x400
	mtsrr1	6
	addis	3, 2, stepped_code@toc@ha
	addi	3, 3, stepped_code@toc@l
	mtsrr0	3
	rfid
stepped_code:
	.rept	8
	nop
	.endr
	mtmsrd	5
	ld	3, 0x808(0)
	blr

on_step:
	mtsprg	0, 3
	mtsprg	1, 4
	mfcr	3
	mtsprg	2, 3
	mfsrr0	3
	lis	4, (stepped_code + 4)@ha
	addi	4, 4, (stepped_code + 4)@l
	sub	3, 3, 4
	cmpldi	3, 32
	bge	1f
	ld	3, 0x808(0)
	addi	3, 3, 1
	li	4, 0x808
	std	3, 0(4)
1:	mfsprg	3, 2
	mtcr	3
	mfsprg	3, 0
	mfsprg	4, 1
	rfid
on_step_end:

without_interrupts:
	mfmsr	3
	rldicl	4, 3, 48, 1		/* all but EE, which is on top now */
	rotldi	4, 4, 16
	mtmsrd	4, 1
	mfmsr	4
	mtmsrd	3, 1
	rldicl	3, 3, 49, 63
	rldicl	4, 4, 49, 63
	sldi	4, 4, 1
	or	3, 3, 4
	blr

exception:
	sc
	blr

	.section .rodata
	.balign	4
power_off:			/* big-endian: token, no arguments, one result */
	.byte	0, 0, 0x20, 0x03, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0
	.bss
	.balign	8
timer_count: .skip 8
	.balign	4096
stacks:	.skip	8 * 4096
released: .skip	8
	.section .note.GNU-stack, "", @progbits
