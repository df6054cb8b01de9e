/* SPDX-License-Identifier: BSD-2-Clause */
/* In supervisor mode, the first hart at the entry, the others by SBI. 16550 and test device as on QEMU's virt. */
	.globl _start, console_putc, start_cpu, begin_cpu, own_traps, own_trap, interrupts, without_interrupts, exception
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

	/* And gp, by which the linker shortens addresses of data where it knows this symbol (psABI, Linker Relaxation). */
set_stack:
	.option	push
	.option	norelax
	lla	gp, __global_pointer$
	.option	pop
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
	lla	a1, begin_cpu
	mv	a2, a0
	li	a6, 0
	li	a7, 0x48534d
	ecall
	ret
begin_cpu:
	call	set_stack
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

	/* SBI's timer, every 10 ms of QEMU's 10 MHz. */
	.set	PERIOD, 100000
interrupts:
	mv	t0, ra
	lla	a0, on_timer
	csrw	stvec, a0
	call	next_timer
	li	a0, 1 << 5		/* sie.STIE */
	csrs	sie, a0
	csrsi	sstatus, 2		/* sstatus.SIE */
	lla	a0, timer_count
	jr	t0

	/* set_timer(time) of the extension TIME */
next_timer:
	rdtime	a0
	li	a1, PERIOD
	add	a0, a0, a1
	li	a6, 0
	li	a7, 0x54494d45
	ecall
	ret

	/* Of an interrupt, which has the highest bit of scause; of `unimp` it goes on behind it. */
	.balign	4
on_timer:
	addi	sp, sp, -48
	sd	a0, 0(sp)
	csrr	a0, scause
	bgez	a0, on_unimp
	sd	a1, 8(sp)
	sd	a6, 16(sp)
	sd	a7, 24(sp)
	sd	ra, 32(sp)
	lla	a0, timer_count
	ld	a1, (a0)
	addi	a1, a1, 1
	sd	a1, (a0)
	call	next_timer
	ld	a0, 0(sp)
	ld	a1, 8(sp)
	ld	a6, 16(sp)
	ld	a7, 24(sp)
	ld	ra, 32(sp)
	addi	sp, sp, 48
	sret
on_unimp:
	csrr	a0, sepc
	addi	a0, a0, 4
	csrw	sepc, a0
	csrr	a0, sstatus
	srli	a0, a0, 5		/* SPIE */
	andi	a0, a0, 1
	addi	sp, sp, 48
	sret

without_interrupts:
	csrrw	a0, sie, zero
	csrr	a1, sie
	csrw	sie, a0
	csrr	a2, sie
	snez	a0, a0
	snez	a2, a2
	and	a0, a0, a2
	snez	a1, a1
	slli	a1, a1, 1
	or	a0, a0, a1
	ret

exception:
	.option	push
	.option	norvc			/* the one of 4 bytes */
	unimp
	.option	pop
	ret

	.bss
	.balign	8
trap_count: .skip 8
timer_count: .skip 8
	.balign	4096
stacks:	.skip	8 * 4096
	.section .note.GNU-stack, "", @progbits
