/* SPDX-License-Identifier: BSD-2-Clause */
/* Every vCPU starts at the entry, in real mode, with its number in r3; all but the first wait to be released. */
	.globl _start, console_putc, start_cpu
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

	.section .rodata
	.balign	4
power_off:			/* big-endian: token, no arguments, one result */
	.byte	0, 0, 0x20, 0x03, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0
	.bss
	.balign	4096
stacks:	.skip	4 * 4096
released: .skip	4
	.section .note.GNU-stack, "", @progbits
