/* SPDX-License-Identifier: BSD-2-Clause */
/* CR4.LA57 changes while paging is off only: from 64-bit code to 32-bit code, and back. Intel SDM volume 3, 9.8.5. */
	.globl turn_on_la57
	.set	CODE64, 0x08
	.set	CODE32, 0x10
	.set	DATA, 0x18
	.text
	/* rdi: the root, below 4 GiB */
turn_on_la57:
	push	%rbx
	lgdt	gdt_register
	push	$CODE32
	push	$1f
	lretq
	.code32
1:	mov	$DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%cr0, %ebx
	btr	$31, %ebx		/* PG */
	mov	%ebx, %cr0
	mov	%cr4, %eax
	bts	$12, %eax		/* LA57 */
	mov	%eax, %cr4
	mov	%edi, %cr3
	bts	$31, %ebx
	mov	%ebx, %cr0
	ljmp	$CODE64, $2f
	.code64
2:	pop	%rbx
	ret

	.section .rodata
	.balign	8
gdt:	.quad	0
	.quad	0x00af9b000000ffff	/* 64-bit code */
	.quad	0x00cf9b000000ffff	/* 32-bit code */
	.quad	0x00cf93000000ffff
gdt_register:
	.word	4 * 8 - 1
	.quad	gdt
	.section .note.GNU-stack, "", @progbits
