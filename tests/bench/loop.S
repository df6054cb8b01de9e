/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest of `make bench`: two instructions without end, and no memory, device or stack; and a line of a hundred more. */
	.globl _start
_start:
	nop
#ifdef __x86_64__
	jmp	_start
#else
	b	_start
#endif
	.globl line
line:
	.rept	100
	nop
	.endr
#ifdef __x86_64__
	jmp	line
#else
	b	line
#endif
	.section .note.GNU-stack, "", %progbits
