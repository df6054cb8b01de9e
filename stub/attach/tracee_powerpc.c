/* SPDX-License-Identifier: BSD-2-Clause */
/* struct pt_regs (<asm/ptrace.h>), and the system calls of Power, by `sc` and by `scv 0`. See tracee_arch.h. */
#include <string.h>

#include "tracee_arch.h"

/* r0 to r31 by their numbers, then these. */
enum {
	NIP = 32,
	ORIG_R3 = 34,
	CCR = 38,
	TRAP = 40
};

#define CR0_SO 0x10000000ull

const struct tracee_arch tracee_arch = {
	.pc = NIP,
	.nr = 0,
	.arg = { 3, 4, 5, 6, 7, 8 },
	.insn_align = 4,
	.insn_size = 4,
	.hand = { 20, 21, 22 },
	.keeps_first = true,
	.first = ORIG_R3,
	.veiled =
		-1, /* sync_code: flush_icache_user_page() does it, wherever the memory is mapped (arch/powerpc/mm/cacheflush.c) */
};

bool tracee_is_syscall(const uint8_t *insn)
{
	uint32_t word;

	memcpy(&word, insn, sizeof(word));
	return word == 0x44000002 || word == 0x44000001;
}

/* Behind scv an error is negative in r3; behind sc it is positive, and CR0's SO says so. */
static bool is_scv(const struct tracee_regs *r)
{
	return (r->r[TRAP] & ~(uint64_t)0xf) == 0x3000;
}

int64_t tracee_result(const struct tracee_regs *r)
{
	return !is_scv(r) && r->r[CCR] & CR0_SO ? -(int64_t)r->r[3] : (int64_t)r->r[3];
}

void tracee_set_result(struct tracee_regs *r, int64_t result)
{
	bool fails = result < 0 && !is_scv(r);

	r->r[3] = (uint64_t)(fails ? -result : result);
	if (!is_scv(r))
		r->r[CCR] = fails ? r->r[CCR] | CR0_SO : r->r[CCR] & ~CR0_SO;
}

void tracee_no_restart(struct tracee_regs *r)
{
	(void)r;
}

void tracee_set_call(struct tracee_regs *r, const struct tracee_call *call)
{
	for (unsigned i = 0; i < 6; i++)
		r->r[3 + i] = call->arg[i];
	r->r[0] = call->nr;
}

/* r20 the descriptor, r21 the area, r22 its size; r23 calls left, r24 the next one. */
__asm__(".pushsection .rodata\n"
	".globl tracee_hand, tracee_rest, tracee_run, tracee_hand_end\n"
	".hidden tracee_hand, tracee_rest, tracee_run, tracee_hand_end\n"
	".balign 4\n"
	"tracee_hand:\n"
	"	sc\n"
	"1:	cmpdi 3, 0\n"
	"	bne 1b\n"
	"2:	mr 3, 20\n"
	"	mr 4, 21\n"
	"	mr 5, 22\n"
	"	li 0, 3\n" /* read */
	"	sc\n"
	"	bso 5f\n"
	"	cmpdi 3, 0\n"
	"	ble 5f\n"
	"	ld 23, 0(21)\n"
	"	addi 24, 21, 32\n"
	"3:	cmpdi 23, 0\n"
	"	beq 4f\n"
	"	ld 0, 0(24)\n"
	"	ld 3, 8(24)\n"
	"	ld 4, 16(24)\n"
	"	ld 5, 24(24)\n"
	"	ld 6, 32(24)\n"
	"	ld 7, 40(24)\n"
	"	ld 8, 48(24)\n"
	"	sc\n"
	"	bns 6f\n"
	"	neg 3, 3\n"
	"6:	std 3, 56(24)\n"
	"	addi 24, 24, 64\n"
	"	addi 23, 23, -1\n"
	"	b 3b\n"
	"4:	mr 3, 20\n"
	"	mr 4, 21\n"
	"	ld 5, 8(21)\n"
	"	li 0, 4\n" /* write */
	"	sc\n"
	"	b 2b\n"
	"5:	ld 3, 24(21)\n"
	"	addi 3, 3, -1\n"
	"	li 0, 6\n" /* close */
	"	sc\n"
	"	mr 3, 20\n"
	"	li 0, 6\n" /* close */
	"	sc\n"
	"	li 3, 0\n"
	"	li 0, 1\n" /* exit */
	"	sc\n"
	"	nop\n" /* a thread there is behind no system call */
	"tracee_rest:\n"
	"	b tracee_rest\n"
	"tracee_run:\n"
	"	sc\n"
	"	b tracee_rest\n"
	"tracee_hand_end:\n"
	".popsection\n");
