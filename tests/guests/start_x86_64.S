/* SPDX-License-Identifier: BSD-2-Clause */
/* Every vCPU starts at the entry, in long mode, with its number in rdi; all but the first wait to be released. */
	.globl _start, console_putc, start_cpu, own_traps, own_trap, interrupts, without_interrupts, exception
	.globl own_steps, stepped_code
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

	/* The vector leads to the handler, by a 64-bit interrupt gate of this code segment. */
	.macro	set_gate vector, handler
	lea	idt + \vector * 16, %rdx
	lea	\handler, %rax
	mov	%ax, (%rdx)
	movw	%cs, 2(%rdx)
	movw	$0x8e00, 4(%rdx)
	shr	$16, %rax
	mov	%rax, 6(%rdx)
	.endm

own_traps:
	set_gate 3, on_trap
	lidt	idt_register
	lea	trap_count, %rax
	ret

own_trap:
	int3
	ret

on_trap:
	incq	trap_count
	iretq

	/* Counted are the traps behind the instructions of stepped_code. */
own_steps:
	set_gate 1, on_step
	lidt	idt_register
	movq	$0, step_count
	pushfq
	orq	$0x100, (%rsp)		/* TF */
	popfq
stepped_code:
	.rept	8
	nop
	.endr
stepped_end:
	pushfq
	andq	$~0x100, (%rsp)
	popfq
	mov	step_count, %rax
	ret

on_step:
	push	%rax
	mov	8(%rsp), %rax
	sub	$stepped_code + 1, %rax
	cmp	$stepped_end - stepped_code, %rax
	jae	1f
	incq	step_count
1:	pop	%rax
	iretq

	/* The local APIC's timer, periodic, on vector 0x20; its bus clock is KVM's, 1 GHz. Intel SDM volume 3, 11.5.4. */
interrupts:
	set_gate 0x20, on_timer
	set_gate 6, on_undefined
	lidt	idt_register
	mov	$0xfee00000, %eax
	movl	$0x1ff, 0xf0(%rax)	/* on, spurious vector 0xff */
	movl	$0xb, 0x3e0(%rax)	/* divide by 1 */
	movl	$0x20020, 0x320(%rax)	/* periodic, vector 0x20 */
	movl	$10000000, 0x380(%rax)	/* 10 ms */
	sti
	lea	timer_count, %rax
	ret

on_timer:
	push	%rax
	incq	timer_count
	mov	$0xfee00000, %eax
	movl	$0, 0xb0(%rax)		/* end of interrupt */
	pop	%rax
	iretq

without_interrupts:
	pushfq
	cli
	pushfq
	pop	%rdx
	pop	%rax
	push	%rax
	popfq
	shr	$9, %rax		/* IF */
	and	$1, %eax
	shr	$8, %rdx
	and	$2, %edx
	or	%rdx, %rax
	ret

exception:
	mov	$0, %eax
	ud2
	ret

	/* Of ud2 */
on_undefined:
	addq	$2, (%rsp)
	mov	16(%rsp), %rax
	shr	$9, %rax
	and	$1, %eax
	iretq

	.section .rodata
idt_register:
	.word	0x21 * 16 - 1
	.quad	idt
	.bss
	.balign	16
idt:	.skip	0x21 * 16
trap_count: .skip 8
step_count: .skip 8
timer_count: .skip 8
	.balign	16
stacks:	.skip	8 * 4096
released: .skip	8
	.section .note.GNU-stack, "", @progbits
