/* SPDX-License-Identifier: BSD-2-Clause */
/* A boot sector that calls the BIOS, which is not there; and then does what is an exception. */
	.globl	_start, called, faulting
	.text
	.code16
_start:
	mov	$0x0e41, %ax		/* print an A */
called:
	int	$0x10
faulting:
	ud2
	.org	510
	.word	0xaa55
	.section .note.GNU-stack, "", @progbits
