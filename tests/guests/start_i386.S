/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every vCPU starts at the entry, in protected mode, with its number in edi; all but the first wait to be released. Arguments are in
 * registers, -mregparm=3: `break count` is in its loop, as on the others.
 */
	.globl _start, console_putc, start_cpu, own_traps, own_trap
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

	/* Vector 3 of the table leads to on_trap, by a 32-bit interrupt gate of this code segment. */
own_traps:
	lea	idt + 3 * 8, %edx
	lea	on_trap, %eax
	mov	%ax, (%edx)
	movw	%cs, 2(%edx)
	movw	$0x8e00, 4(%edx)
	shr	$16, %eax
	mov	%ax, 6(%edx)
	lidt	idt_register
	lea	trap_count, %eax
	ret

own_trap:
	int3
	ret

on_trap:
	incl	trap_count
	iret

	.section .rodata
idt_register:
	.word	4 * 8 - 1
	.long	idt
	.bss
	.balign	16
idt:	.skip	4 * 8
trap_count: .skip 4
	.balign	16
stacks:	.skip	8 * 4096
released: .skip	8
	.section .note.GNU-stack, "", @progbits
