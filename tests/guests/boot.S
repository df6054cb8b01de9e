/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A boot sector that goes the way of every PC: real mode, in a segment with a base from `based` on; protected mode at `protected`;
 * 64-bit mode at `long_mode`; and ends with exit code 42 when every mode has done its part. Addresses are linear ones.
 */
	.set	ORIGIN, 0x7c00
	.set	SEGMENT, ORIGIN >> 4
	.set	TABLES, 0x1000		/* PML4, PDPT, page directory */
	.globl	_start, real, based, based_loop, protected, protected_call, long_mode, long_loop, counter
	.text
	.code16
_start:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$ORIGIN, %sp
real:
	incw	counter
	call	in_real
	ljmp	$SEGMENT, $(based - ORIGIN)	/* the same code, in a segment that begins at it */
in_real:
	incw	counter
	ret

based:
	mov	$3, %cx
based_loop:
	incw	counter
	loop	based_loop
	lgdtl	gdt_pointer
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$8, $protected

	.code32
protected:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	call	in_protected

	mov	$TABLES, %edi			/* the first 2 MiB, one to one */
	xor	%eax, %eax
	mov	$0xc00, %ecx
	rep stosl
	movl	$TABLES + 0x1003, TABLES
	movl	$TABLES + 0x2003, TABLES + 0x1000
	movl	$0x83, TABLES + 0x2000
	mov	$TABLES, %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$0x20, %eax			/* PAE */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx		/* EFER */
	rdmsr
	or	$0x100, %eax			/* LME */
	wrmsr
	mov	%cr0, %eax
	or	$0x80000000, %eax		/* PG */
	mov	%eax, %cr0
	ljmp	$24, $long_mode
in_protected:
protected_call:
	incw	counter
	ret

	.code64
long_mode:
	mov	$3, %ecx
long_loop:
	incw	counter(%rip)
	loop	long_loop
	mov	counter(%rip), %eax
	sub	$9, %eax			/* 2 and 3 times in real mode, 1 in protected, 3 here */
	add	$42, %eax
	out	%al, $0xf4
1:	jmp	1b

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff		/* code, 32-bit */
	.quad	0x00cf93000000ffff		/* data */
	.quad	0x00af9b000000ffff		/* code, 64-bit */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	gdt
counter:
	.long	0
	.org	510
	.word	0xaa55
	.section .note.GNU-stack, "", @progbits
