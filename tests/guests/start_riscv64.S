/* SPDX-License-Identifier: BSD-2-Clause */
/* In supervisor mode, the first hart at the entry, the others by SBI. 16550 and test device as on QEMU's virt. */
	.globl _start, console_putc, start_cpu, own_traps, own_trap
	.text
_start:
	li	a0, 0
	call	set_stack
	call	main
	beqz	a0, 1f
	slli	a0, a0, 16
	li	a1, 0x3333		/* fail, with main's result */
	or	a1, a0, a1
	j	2f
1:	li	a1, 0x5555		/* pass */
2:	li	a0, 0x00100000
	sw	a1, (a0)
3:	wfi
	j	3b

set_stack:
	la	a1, stacks
	addi	a2, a0, 1
	slli	a2, a2, 12
	add	sp, a1, a2
	li	fp, 0
	ret

console_putc:
	li	a1, 0x10000000
	sb	a0, (a1)
	ret

	/* hart_start(hart, entry, opaque) of the extension HSM: the new hart has its number in a0 */
start_cpu:
	lla	a1, 1f
	mv	a2, a0
	li	a6, 0
	li	a7, 0x48534d
	ecall
	ret
1:	call	set_stack
	call	secondary

own_traps:
	lla	a0, on_trap
	csrw	stvec, a0
	lla	a0, trap_count
	ret

own_trap:
	.option	push
	.option	norvc			/* the one of 4 bytes */
	ebreak
	.option	pop
	ret

	/* Of a breakpoint in supervisor mode; of anything else the guest hangs. */
	.balign	4
on_trap:
	addi	sp, sp, -16
	sd	a0, 0(sp)
	sd	a1, 8(sp)
	csrr	a0, scause
	li	a1, 3
1:	bne	a0, a1, 1b
	csrr	a0, sepc
	lla	a1, own_trap
2:	bne	a0, a1, 2b
	addi	a0, a0, 4
	csrw	sepc, a0
	lla	a0, trap_count
	ld	a1, (a0)
	addi	a1, a1, 1
	sd	a1, (a0)
	ld	a0, 0(sp)
	ld	a1, 8(sp)
	addi	sp, sp, 16
	sret

	.bss
	.balign	8
trap_count: .skip 8
	.balign	4096
stacks:	.skip	4 * 4096
	.section .note.GNU-stack, "", @progbits
