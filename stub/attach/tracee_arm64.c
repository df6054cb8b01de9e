/* SPDX-License-Identifier: BSD-2-Clause */
/* struct user_pt_regs (<asm/ptrace.h>), and the system calls of arm64. See tracee_arch.h. */
#include <elf.h>
#include <string.h>

#include "tracee_arch.h"

/* x0 to x30, sp, pc, pstate */
#define PC 32

const struct tracee_arch tracee_arch = {
	.pc = PC,
	.nr = 8,
	.nr_set = NT_ARM_SYSTEM_CALL,
	.arg = { 0, 1, 2, 3, 4, 5 },
	.insn_align = 4,
	.insn_size = 4,
	.hand = { 19, 20, 21 },
	.veiled = 7,
	.sync_code = TRACEE_SYNC_CODE,
};

/* svc #0 */
bool tracee_is_syscall(const uint8_t *insn)
{
	static const uint8_t svc[] = { 0x01, 0x00, 0x00, 0xd4 };

	return !memcmp(insn, svc, sizeof(svc));
}

int64_t tracee_result(const struct tracee_regs *r)
{
	return (int64_t)r->r[0];
}

void tracee_set_result(struct tracee_regs *r, int64_t result)
{
	r->r[0] = (uint64_t)result;
}

void tracee_no_restart(struct tracee_regs *r)
{
	(void)r;
}

void tracee_set_call(struct tracee_regs *r, const struct tracee_call *call)
{
	for (unsigned i = 0; i < 6; i++)
		r->r[i] = call->arg[i];
	r->r[8] = call->nr;
}

/*
 * x19 the descriptor, x20 the area, x21 its size; x22 calls left, x23 the next one.
 *
 * The kernel makes what is written by /proc/PID/mem visible to fetches where it is mapped as executable (flush_ptrace_access(),
 * arch/arm64/mm/flush.c), which a guest's memory is not. At 6: what host/vm_arm64.c does of its own memory; before that, by a call that reads
 * there and changes nothing (all signals are blocked), is seen whether the memory is there.
 */
__asm__(".pushsection .rodata\n"
	".globl tracee_hand, tracee_rest, tracee_run, tracee_hand_end\n"
	".hidden tracee_hand, tracee_rest, tracee_run, tracee_hand_end\n"
	".balign 4\n"
	"tracee_hand:\n"
	"	svc #0\n"
	"1:	cbnz x0, 1b\n"
	"2:	mov x0, x19\n"
	"	mov x1, x20\n"
	"	mov x2, x21\n"
	"	mov x8, #63\n" /* read */
	"	svc #0\n"
	"	cmp x0, #0\n"
	"	b.le 5f\n"
	"	ldr x22, [x20]\n"
	"	add x23, x20, #32\n"
	"3:	cbz x22, 4f\n"
	"	ldp x8, x0, [x23]\n"
	"	ldp x1, x2, [x23, #16]\n"
	"	ldp x3, x4, [x23, #32]\n"
	"	ldr x5, [x23, #48]\n"
	"	tbnz x8, #63, 6f\n"
	"	svc #0\n"
	"7:	str x0, [x23, #56]\n"
	"	add x23, x23, #64\n"
	"	sub x22, x22, #1\n"
	"	b 3b\n"
	"4:	mov x0, x19\n"
	"	mov x1, x20\n"
	"	ldr x2, [x20, #8]\n"
	"	mov x8, #64\n" /* write */
	"	svc #0\n"
	"	b 2b\n"
	"5:	ldr x0, [x20, #24]\n"
	"	sub x0, x0, #1\n"
	"	mov x8, #57\n" /* close */
	"	svc #0\n"
	"	mov x0, x19\n"
	"	mov x8, #57\n" /* close */
	"	svc #0\n"
	"	mov x0, #0\n"
	"	mov x8, #93\n" /* exit */
	"	svc #0\n"
	"6:	mov x24, x0\n"
	"	mov x25, x1\n"
	"	mov x0, #0\n" /* SIG_BLOCK */
	"	and x1, x24, #-8\n"
	"	mov x2, #0\n"
	"	mov x3, #8\n"
	"	mov x8, #135\n" /* rt_sigprocmask */
	"	svc #0\n"
	"	cbnz x0, 7b\n"
	"	mrs x3, ctr_el0\n"
	"	mov x4, #4\n"
	"	ubfx x1, x3, #16, #4\n"
	"	lsl x1, x4, x1\n" /* a line of data */
	"	and x2, x3, #15\n"
	"	lsl x2, x4, x2\n" /* ... and of code */
	"	neg x3, x1\n"
	"	and x3, x24, x3\n"
	"8:	dc civac, x3\n"
	"	add x3, x3, x1\n"
	"	cmp x3, x25\n"
	"	b.lo 8b\n"
	"	dsb ish\n"
	"	neg x3, x2\n"
	"	and x3, x24, x3\n"
	"9:	ic ivau, x3\n"
	"	add x3, x3, x2\n"
	"	cmp x3, x25\n"
	"	b.lo 9b\n"
	"	dsb ish\n"
	"	isb\n"
	"	b 7b\n"
	"	nop\n" /* a thread there is behind no system call */
	"tracee_rest:\n"
	"	b tracee_rest\n"
	"tracee_run:\n"
	"	svc #0\n"
	"	b tracee_rest\n"
	"tracee_hand_end:\n"
	".popsection\n");
