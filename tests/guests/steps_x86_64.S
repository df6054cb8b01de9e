/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that take TF away, and a watchpoint of the guest's own. Its exit code: 16 for each of its 5 interrupts that came to its
 * handler, and 1 for each of 4 hits of its watchpoint.
 */
	.globl _start, do_int, do_int3, do_int1, after_int1, on_int, on_trap, on_debug, on_fault, on_nmi, nmis
	.globl watching, watch_1, watch_2, place, watch_3, watch_4, watched_all, hits, ints, saw_dr6
	.globl first_sysret, user, user_syscall, after_syscall, user_int, user_forbidden, after_forbidden, user_end, entry, next_sysret
	.text

	/* The vector leads to the handler, for this privilege level too, by a gate of the code segment 8. */
	.macro	set_gate vector, handler, level
	lea	\handler, %rax
	mov	%ax, idt + \vector * 16
	movw	$8, idt + \vector * 16 + 2
	movw	$(0x8e00 + (\level << 13)), idt + \vector * 16 + 4
	shr	$16, %rax
	mov	%rax, idt + \vector * 16 + 6
	.endm

	.macro	set_msr index, high, low
	mov	$\index, %ecx
	mov	$\high, %edx
	mov	$\low, %eax
	wrmsr
	.endm

_start:
	lea	stack, %rsp
	mov	$tss, %eax			/* the TSS's descriptor is split up */
	mov	%ax, gdt_tss + 2
	shr	$16, %eax
	mov	%al, gdt_tss + 4
	movq	$stack, tss + 4			/* RSP0 */
	lgdt	gdt_register
	mov	$0x28, %eax
	ltr	%ax
	set_gate 1, on_debug, 0
	set_gate 2, on_nmi, 0
	set_gate 3, on_trap, 3
	set_gate 13, on_fault, 0
	set_gate 0x40, on_int, 0
	set_gate 0x41, on_int, 3
	lidt	idt_register

do_int:	int	$0x40
do_int3:
	int3
do_int1:
	.byte	0xf1
after_int1:
	nop

	lea	watched, %rax
	mov	%rax, %dr0
	mov	$0xd0402, %eax			/* G0, writes, 4 bytes */
	mov	%rax, %dr7
watching:
	nop
watch_1:
	movl	$1, watched
watch_2:
	movl	$2, watched
place:	nop
	nop
watch_3:
	movl	$3, watched
	nop
watch_4:
	movl	$4, watched
watched_all:
	nop
	mov	$0x400, %eax
	mov	%rax, %dr7

	orq	$4, 0x1000			/* the tables that the machine has made: the user may come by */
	orq	$4, 0x2000
	orq	$4, 0x3000
	orq	$4, 0x3008
	mov	%cr3, %rax
	mov	%rax, %cr3
	mov	$0xc0000080, %ecx		/* EFER.SCE */
	rdmsr
	or	$1, %eax
	wrmsr
	set_msr	0xc0000081, 0x00100008, 0	/* STAR: the kernel's selectors from 8, the user's from 0x10 */
	set_msr	0xc0000082, 0, entry		/* LSTAR */
	set_msr	0xc0000084, 0, 0x300		/* FMASK: TF and IF */
	mov	$user, %ecx
	mov	$2, %r11d
first_sysret:
	sysretq

entry:	test	%eax, %eax
	jnz	leave
next_sysret:
	sysretq
leave:	mov	ints, %eax
	shl	$4, %eax
	add	hits, %eax
	out	%al, $0xf4
1:	jmp	1b

	.balign	64
user:	xor	%eax, %eax
user_syscall:
	syscall
after_syscall:
	nop
user_int:
	int	$0x41
user_forbidden:
	int	$0x40
after_forbidden:
	nop					/* IRET has set RF: no breakpoint is met here */
user_end:
	mov	$1, %eax
	syscall

on_nmi:	incl	nmis
	iretq
on_int:	incl	ints
	iretq
on_trap:
	incl	ints
	iretq
on_fault:
	incl	ints
	add	$8, %rsp			/* the error code */
	addq	$2, (%rsp)
	iretq

on_debug:
	push	%rax
	mov	%dr6, %rax
	mov	%eax, saw_dr6
	test	$1, %al
	jz	1f
	incl	hits
	jmp	2f
1:	incl	ints
2:	xor	%eax, %eax
	mov	%rax, %dr6
	pop	%rax
	iretq

	.section .rodata
gdt_register:
	.word	gdt_end - gdt - 1
	.quad	gdt
idt_register:
	.word	0x42 * 16 - 1
	.quad	idt
	.data
	.balign	16
gdt:	.quad	0
	.quad	0x00af9b000000ffff		/* the kernel's code */
	.quad	0x00cf93000000ffff
	.quad	0x00cff3000000ffff		/* the user's data */
	.quad	0x00affb000000ffff		/* and code */
gdt_tss:
	.quad	0x0000890000000067, 0
gdt_end:
	.bss
	.balign	16
tss:	.skip	0x68
	.balign	16
idt:	.skip	0x42 * 16
watched:
	.skip	8
hits:	.skip	4
ints:	.skip	4
nmis:	.skip	4
saw_dr6:
	.skip	4
	.balign	16
	.skip	4096
stack:
	.section .note.GNU-stack, "", @progbits
