/* SPDX-License-Identifier: BSD-2-Clause */
/* As many vCPUs as there are, each brought up by PSCI; each counts for itself, without end. x19 is the vCPU's number. */
	.set	CPU_ON, 0xc4000003
	.set	MAX, 640

	.globl	_start, all_up, count, counters, running
	.text
_start:	mov	x19, #0
	mov	x20, #1
1:	and	x1, x20, #0xf		/* KVM: 16 to an Aff0, the rest in Aff1 (sys_regs.c, reset_mpidr()) */
	lsr	x2, x20, #4
	orr	x1, x1, x2, lsl #8
	ldr	x0, =CPU_ON
	adr	x2, secondary
	mov	x3, x20
	hvc	#0
	cbnz	x0, all_up
	add	x20, x20, #1
	b	1b

all_up:	adr	x1, running
	str	x20, [x1]
	b	counting

secondary:
	mov	x19, x0
counting:
	adrp	x21, counters
	add	x21, x21, :lo12:counters
	add	x21, x21, x19, lsl #3
1:	bl	count
	b	1b

count:	ldr	x22, [x21]
	add	x22, x22, #1
	str	x22, [x21]
	ret

	.data
	.balign	8
running: .quad	0
	.bss
	.balign	8
counters: .skip	MAX * 8
