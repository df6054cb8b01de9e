/* SPDX-License-Identifier: BSD-2-Clause */
/* The first vCPU starts at the entry, the others by PSCI CPU_ON. PL011 at 0x09000000, as on QEMU's virt. */
	.globl _start, console_putc, start_cpu, own_traps, own_trap
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

	.balign	0x800
vectors:
	.skip	0x200			/* a synchronous exception at the same level, with its own stack pointer */
	b	on_trap
	.balign	0x800

	.bss
trap_count: .skip 8
	.balign	4096
stacks:	.skip	4 * 4096
	.section .note.GNU-stack, "", @progbits
