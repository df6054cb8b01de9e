/* SPDX-License-Identifier: BSD-2-Clause */
/* Entered by a boot loader of a PC, in 32-bit code: LOADER is 1 or 2 for a multiboot header, 3 for a PVH note. The rest is loader.c. */
	.code32
#if LOADER == 1
	.section .header, "a"
	.balign 4
	.long 0x1badb002, 3, -(0x1badb002 + 3)
#elif LOADER == 2
	.section .header, "a"
	.balign 8
header:	.long 0xe85250d6, 0, header_end - header, -(0xe85250d6 + (header_end - header))
	.short 1, 0		/* information request: memory map, module */
	.long 16, 6, 3
	.short 0, 0
	.long 8
header_end:
#else
	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long enter
#endif
	.text
	.globl _start, enter
enter:
	movl	$stack_end, %esp
	pushl	%ebx
	pushl	%eax
	call	loader_main
1:	hlt
	jmp	1b
	/* Where a PVH image would be entered without its note. */
_start:
#if LOADER == 3
	movb	$99, %al
	outb	%al, $0xf4
#else
	jmp	enter
#endif
	.bss
	.balign 16
	.skip 4096
stack_end:
	.section .note.GNU-stack, "", @progbits
