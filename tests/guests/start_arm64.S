/* SPDX-License-Identifier: BSD-2-Clause */
/* The first vCPU starts at the entry, the others by PSCI CPU_ON. PL011 at 0x09000000, as on QEMU's virt. */
	.globl _start, console_putc, start_cpu, own_traps, own_trap, interrupts, without_interrupts, exception
	.globl own_steps, stepped_code
	.text
_start:
	mov	x0, #0
	bl	set_stack
	mov	x29, #0
	mov	x2, #(3 << 20)		/* CPACR_EL1.FPEN: the compiler may use the V registers */
	msr	cpacr_el1, x2
	isb
	bl	main
	ldr	x0, =0x84000008		/* PSCI SYSTEM_OFF */
	hvc	#0
1:	wfi
	b	1b

set_stack:
	adrp	x1, stacks
	add	x1, x1, :lo12:stacks
	add	x2, x0, #1
	add	x1, x1, x2, lsl #12
	mov	sp, x1
	ret

console_putc:
	mov	x1, #0x09000000
	str	w0, [x1]
	ret

	/* CPU_ON(affinity, entry, context): the context arrives in x0 */
start_cpu:
	mov	x1, x0
	mov	x3, x0
	ldr	x0, =0xc4000003
	adr	x2, 1f
	hvc	#0
	ret
1:	bl	set_stack
	mov	x29, #0
	bl	secondary

own_traps:
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	isb
	adrp	x0, trap_count
	add	x0, x0, :lo12:trap_count
	ret

own_trap:
	brk	#7
	ret

	/* Of a BRK with this number from EL1; of anything else the guest hangs. */
on_trap:
	stp	x0, x1, [sp, #-16]!
	mrs	x0, esr_el1
	ldr	w1, =0xf2000007		/* EC 0x3c, IL, 7 */
	cmp	w0, w1
	b.ne	.
	adrp	x0, trap_count
	add	x0, x0, :lo12:trap_count
	ldr	x1, [x0]
	add	x1, x1, #1
	str	x1, [x0]
	mrs	x0, elr_el1
	add	x0, x0, #4
	msr	elr_el1, x0
	ldp	x0, x1, [sp], #16
	eret

	/* Software step: MDSCR_EL1.KDE and SS, PSTATE.SS for one instruction and PSTATE.D clear. Counted is what is at stepped_code. */
own_steps:
	adrp	x0, step_vectors
	add	x0, x0, :lo12:step_vectors
	msr	vbar_el1, x0
	adrp	x0, step_count
	add	x0, x0, :lo12:step_count
	str	xzr, [x0]
	msr	oslar_el1, xzr
	mrs	x1, mdscr_el1
	mov	x2, #0x2001
	orr	x1, x1, x2
	msr	mdscr_el1, x1
	isb
	ldr	x1, =0x2001c5		/* SS, A, I, F, EL1h */
	msr	spsr_el1, x1
	adr	x1, stepped_code
	msr	elr_el1, x1
	eret
stepped_code:
	.rept	8
	nop
	.endr
stepped_end:
	msr	daifset, #8
	mrs	x1, mdscr_el1
	bic	x1, x1, x2
	msr	mdscr_el1, x1
	isb
	ldr	x0, [x0]
	ret

on_step:
	stp	x0, x1, [sp, #-32]!
	str	x2, [sp, #16]
	mrs	x0, esr_el1
	lsr	x0, x0, #26
	cmp	x0, #0x33		/* software step, of the own level */
	b.ne	.
	mrs	x0, elr_el1
	adr	x1, stepped_code + 4
	sub	x0, x0, x1
	cmp	x0, #(stepped_end - stepped_code)
	b.hs	1f
	adrp	x0, step_count
	add	x0, x0, :lo12:step_count
	ldr	x1, [x0]
	add	x1, x1, #1
	str	x1, [x0]
1:	mrs	x0, spsr_el1
	orr	x0, x0, #(1 << 21)
	msr	spsr_el1, x0
	ldr	x2, [sp, #16]
	ldp	x0, x1, [sp], #32
	eret

	/* The virtual timer, interrupt 27 of the GICv3 (distributor at 0x08000000, the vCPU's frames at 0x080a0000), every 10 ms. */
interrupts:
	adrp	x0, storm_vectors
	add	x0, x0, :lo12:storm_vectors
	msr	vbar_el1, x0
	mov	w1, #0x12		/* GICD_CTLR: affinity routing, group 1 */
	mov	x0, #0x08000000
	str	w1, [x0]
	ldr	x0, =0x080b0000
	mov	w1, #-1
	str	w1, [x0, #0x80]		/* GICR_IGROUPR0: all in group 1 */
	mov	w1, #(1 << 27)
	str	w1, [x0, #0x100]	/* GICR_ISENABLER0 */
	mov	x1, #0xff
	msr	s3_0_c4_c6_0, x1	/* ICC_PMR_EL1 */
	mov	x1, #1
	msr	s3_0_c12_c12_7, x1	/* ICC_IGRPEN1_EL1 */
	isb
	mrs	x0, cntfrq_el0
	mov	x1, #100
	udiv	x0, x0, x1
	msr	cntv_tval_el0, x0
	mov	x1, #1
	msr	cntv_ctl_el0, x1
	isb
	msr	daifclr, #3
	adrp	x0, timer_count
	add	x0, x0, :lo12:timer_count
	ret

on_timer:
	stp	x0, x1, [sp, #-32]!
	str	x2, [sp, #16]
	mrs	x2, s3_0_c12_c12_0	/* ICC_IAR1_EL1 */
	adrp	x0, timer_count
	add	x0, x0, :lo12:timer_count
	ldr	x1, [x0]
	add	x1, x1, #1
	str	x1, [x0]
	mrs	x0, cntfrq_el0
	mov	x1, #100
	udiv	x0, x0, x1
	msr	cntv_tval_el0, x0
	isb
	msr	s3_0_c12_c12_1, x2	/* ICC_EOIR1_EL1 */
	isb
	ldr	x2, [sp, #16]
	ldp	x0, x1, [sp], #32
	eret

without_interrupts:
	mrs	x0, daif
	msr	daifset, #3
	mrs	x1, daif
	msr	daif, x0
	tst	x0, #(3 << 6)
	cset	x0, eq
	tst	x1, #(3 << 6)
	cset	x1, eq
	orr	x0, x0, x1, lsl #1
	cbz	x0, 1f
	msr	daifset, #3		/* the other way to do it */
	msr	daifclr, #3
1:	ret

exception:
	svc	#0
	ret

on_svc:
	mrs	x0, spsr_el1
	tst	x0, #(3 << 6)
	cset	x0, eq
	eret

	.balign	0x800
storm_vectors:
	.skip	0x200			/* as below */
	b	on_svc
	.balign	0x80
timer_vector:
	b	on_timer

	.balign	0x800
vectors:
	.skip	0x200			/* a synchronous exception at the same level, with its own stack pointer */
	b	on_trap

	.balign	0x800
step_vectors:
	.skip	0x200
	b	on_step
	.balign	0x800

	.bss
trap_count: .skip 8
step_count: .skip 8
timer_count: .skip 8
	.balign	4096
stacks:	.skip	8 * 4096
	.section .note.GNU-stack, "", @progbits
