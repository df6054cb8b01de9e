/* SPDX-License-Identifier: BSD-2-Clause */
/* struct user_regs_struct (<asm/ptrace.h>), and the system calls of riscv64. See tracee_arch.h. */
#include <string.h>
#include <sys/syscall.h>

#include "tracee_arch.h"

/* <asm/unistd.h>, where the headers are riscv64's. */
#ifndef SYS_riscv_flush_icache
#define SYS_riscv_flush_icache 259
#endif

/* pc, then x1 to x31 by their numbers. */
enum {
	PC = 0,
	A0 = 10,
	A7 = 17,
	S2 = 18
};

const struct tracee_arch tracee_arch = {
	.pc = PC,
	.nr = A7,
	.arg = { A0, A0 + 1, A0 + 2, A0 + 3, A0 + 4, A0 + 5 },
	.insn_align = 2,
	.insn_size = 4,
	.hand = { S2, S2 + 1, S2 + 2 },
	.veiled = -1,
	/* The newer kernels do so by themselves only where the memory is mapped as executable (asm/cacheflush.h). */
	.sync_code = SYS_riscv_flush_icache,
};

/* ecall */
bool tracee_is_syscall(const uint8_t *insn)
{
	static const uint8_t ecall[] = { 0x73, 0x00, 0x00, 0x00 };

	return !memcmp(insn, ecall, sizeof(ecall));
}

int64_t tracee_result(const struct tracee_regs *r)
{
	return (int64_t)r->r[A0];
}

void tracee_set_result(struct tracee_regs *r, int64_t result)
{
	r->r[A0] = (uint64_t)result;
}

void tracee_no_restart(struct tracee_regs *r)
{
	(void)r;
}

void tracee_set_call(struct tracee_regs *r, const struct tracee_call *call)
{
	for (unsigned i = 0; i < 6; i++)
		r->r[A0 + i] = call->arg[i];
	r->r[A7] = call->nr;
}

/* s2 the descriptor, s3 the area, s4 its size; s5 calls left, s6 the next one. */
__asm__(".pushsection .rodata\n"
	".globl tracee_hand, tracee_rest, tracee_run, tracee_hand_end\n"
	".hidden tracee_hand, tracee_rest, tracee_run, tracee_hand_end\n"
	".balign 4\n"
	".option push\n"
	".option norvc\n"
	".option norelax\n"
	"tracee_hand:\n"
	"	ecall\n"
	"1:	bnez a0, 1b\n"
	"2:	mv a0, s2\n"
	"	mv a1, s3\n"
	"	mv a2, s4\n"
	"	li a7, 63\n" /* read */
	"	ecall\n"
	"	blez a0, 5f\n"
	"	ld s5, 0(s3)\n"
	"	addi s6, s3, 32\n"
	"3:	beqz s5, 4f\n"
	"	ld a7, 0(s6)\n"
	"	ld a0, 8(s6)\n"
	"	ld a1, 16(s6)\n"
	"	ld a2, 24(s6)\n"
	"	ld a3, 32(s6)\n"
	"	ld a4, 40(s6)\n"
	"	ld a5, 48(s6)\n"
	"	ecall\n"
	"	sd a0, 56(s6)\n"
	"	addi s6, s6, 64\n"
	"	addi s5, s5, -1\n"
	"	j 3b\n"
	"4:	mv a0, s2\n"
	"	mv a1, s3\n"
	"	ld a2, 8(s3)\n"
	"	li a7, 64\n" /* write */
	"	ecall\n"
	"	j 2b\n"
	"5:	ld a0, 24(s3)\n"
	"	addi a0, a0, -1\n"
	"	li a7, 57\n" /* close */
	"	ecall\n"
	"	mv a0, s2\n"
	"	li a7, 57\n" /* close */
	"	ecall\n"
	"	li a0, 0\n"
	"	li a7, 93\n" /* exit */
	"	ecall\n"
	"	nop\n" /* a thread there is behind no system call */
	"tracee_rest:\n"
	"	j tracee_rest\n"
	"tracee_run:\n"
	"	ecall\n"
	"	j tracee_rest\n"
	"tracee_hand_end:\n"
	".option pop\n"
	".popsection\n");
