/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest of `make bench`: two instructions without end, and no memory, device or stack. */
	.globl _start
_start:
	nop
#ifdef __x86_64__
	jmp	_start
#else
	b	_start
#endif
	.section .note.GNU-stack, "", %progbits
