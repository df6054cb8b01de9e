/* SPDX-License-Identifier: BSD-2-Clause */
/* A boot sector with software interrupts, in real mode. Its exit code is how many there were: 3. */
	.set	ORIGIN, 0x7c00
	.globl _start, do_int, after_int, do_into, after_into, do_int3, after_int3, on_int, ints
	.text
	.code16

	.macro	set_vector vector, handler
	movw	$\handler, \vector * 4
	movw	$0, \vector * 4 + 2
	.endm

_start:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %ss
	mov	$ORIGIN, %sp
	set_vector 0x40, on_int
	set_vector 3, on_int
	set_vector 4, on_int
do_int:	int	$0x40
after_int:
	mov	$0x7f, %al
	inc	%al				/* OF */
do_into:
	into
after_into:
	nop
do_int3:
	int3
after_int3:
	mov	ints, %al
	out	%al, $0xf4
1:	jmp	1b

on_int:	incw	ints
	iret
ints:	.word	0
	.org	510
	.word	0xaa55
	.section .note.GNU-stack, "", @progbits
