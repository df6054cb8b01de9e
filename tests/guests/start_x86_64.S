/* SPDX-License-Identifier: BSD-2-Clause */
/* Every vCPU starts at the entry, in long mode, with its number in rdi; all but the first wait to be released. */
	.globl _start, console_putc, start_cpu
	.text
_start:
	mov	%rdi, %rax
	shl	$12, %rax
	lea	stacks + 4096(%rax), %rsp
	xor	%ebp, %ebp
	test	%rdi, %rdi
	jnz	1f
	call	main
	out	%al, $0xf4
	hlt
1:	pause
	cmpb	$0, released(%rdi)
	je	1b
	call	secondary
	hlt

console_putc:
	mov	%edi, %eax
	mov	$0x3f8, %edx
	out	%al, %dx
	ret

start_cpu:
	movb	$1, released(%rdi)
	ret

	.bss
	.balign	16
stacks:	.skip	4 * 4096
released: .skip	4
	.section .note.GNU-stack, "", @progbits
