/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest of `make bench`: two instructions without end, which need no memory, device or stack; a line of a hundred more; and memory
 * to look at, 8 MiB that hold no runs of equal bytes and 56 MiB of zeroes.
 */
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
	.data
	.globl memory
memory:
	.set	i, 1
	.rept	0x100000
	.quad	i * 0x9e3779b97f4a7c15
	.set	i, i + 1
	.endr
	.bss
	.skip	56 << 20
	.section .note.GNU-stack, "", %progbits
