/* SPDX-License-Identifier: BSD-2-Clause */
/* Entered by PVH's note, as QEMU's -kernel does: 32-bit protected mode without paging. It goes to long mode, in which start_x86_64.S begins. */
	.globl	start_pvh
	.section .note.Xen, "a", @note
	.balign	4
	.long	4, 8, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.quad	start_pvh

	.text
	.code32
start_pvh:
	cli
	mov	$pdpt + 3, %eax
	mov	%eax, pml4
	mov	$directory + 3, %eax
	mov	%eax, pdpt
	xor	%ecx, %ecx
1:	mov	%ecx, %eax
	shl	$21, %eax
	or	$0x83, %eax
	mov	%eax, directory(, %ecx, 8)
	inc	%ecx
	cmp	$512, %ecx
	jb	1b
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx	/* EFER: LME */
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	%cr0, %eax
	or	$0x80000022, %eax
	mov	%eax, %cr0
	lgdt	gdt_register
	ljmp	$8, $2f
	.code64
2:	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%edi, %edi		/* the first vCPU's number */
	jmp	_start

	.section .rodata
	.balign	8
gdt:	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_register:
	.word	3 * 8 - 1
	.quad	gdt
	.bss
	.balign	4096
pml4:	.skip	4096
pdpt:	.skip	4096
directory: .skip 4096
	.section .note.GNU-stack, "", @progbits
