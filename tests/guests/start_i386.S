/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every vCPU starts at the entry, in protected mode, with its number in edi; all but the first wait to be released. Arguments are in
 * registers, -mregparm=3: `break count` is in its loop, as on the others.
 */
	.globl _start, console_putc, start_cpu
	.text
_start:
	mov	%edi, %eax
	shl	$12, %eax
	lea	stacks + 4096(%eax), %esp
	xor	%ebp, %ebp
	test	%edi, %edi
	jnz	1f
	call	main
	out	%al, $0xf4
	hlt
1:	pause
	cmpb	$0, released(%edi)
	je	1b
	mov	%edi, %eax
	call	secondary
	hlt

console_putc:
	mov	$0x3f8, %edx
	out	%al, %dx
	ret

start_cpu:
	movb	$1, released(%eax)
	ret

	.bss
	.balign	16
stacks:	.skip	4 * 4096
released: .skip	4
	.section .note.GNU-stack, "", @progbits
