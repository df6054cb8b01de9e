/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel in the higher half, linked at 3 GiB, which gets there by a page table of one level with pages of 4 MiB. */
	.set	BASE, 0xc0000000
	.set	PAGE, 0x83		/* present, writable, 4 MiB */

	.globl	_start, high, count, counter
	.section .low, "ax"
_start:
	mov	$(directory - BASE), %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$0x10, %eax		/* PSE */
	mov	%eax, %cr4
	mov	%cr0, %eax
	or	$0x80000000, %eax	/* PG */
	mov	%eax, %cr0
	mov	$high, %eax
	jmp	*%eax

	.text
high:	movl	$0, directory		/* nothing is below any more */
	mov	%cr3, %eax
	mov	%eax, %cr3
	mov	$stack, %esp
	xor	%ebp, %ebp
	call	count
	call	count
	mov	counter, %eax
	out	%al, $0xf4
	hlt
count:	push	%ebp
	mov	%esp, %ebp
	incl	counter
	pop	%ebp
	ret

	.data
counter: .long	40
	.balign	4096
directory:
	.long	PAGE
	.fill	767, 4, 0
	.long	PAGE
	.fill	255, 4, 0
	.bss
	.skip	4096
stack:
	.section .note.GNU-stack, "", @progbits
