/* SPDX-License-Identifier: BSD-2-Clause */
/* struct user_regs_struct (<sys/user.h>), and the system calls of x86-64. See tracee_arch.h. */
#include <string.h>
#include <sys/user.h>

#include "tracee_arch.h"

#define AT(reg) (offsetof(struct user_regs_struct, reg) / sizeof(uint64_t))

const struct tracee_arch tracee_arch = {
	.pc = AT(rip),
	.nr = AT(orig_rax),
	.arg = { AT(rdi), AT(rsi), AT(rdx), AT(r10), AT(r8), AT(r9) },
	.insn_align = 1,
	.insn_size = 2,
	.hand = { AT(r12), AT(r13), AT(r14) },
	.keeps_first = true,
	.first = AT(rdi),
	.veiled = -1,
};

bool tracee_is_syscall(const uint8_t *insn)
{
	return insn[0] == 0x0f && insn[1] == 0x05;
}

int64_t tracee_result(const struct tracee_regs *r)
{
	return (int64_t)r->r[AT(rax)];
}

void tracee_set_result(struct tracee_regs *r, int64_t result)
{
	r->r[AT(rax)] = (uint64_t)result;
}

void tracee_no_restart(struct tracee_regs *r)
{
	r->r[AT(orig_rax)] = (uint64_t)-1;
}

void tracee_set_call(struct tracee_regs *r, const struct tracee_call *call)
{
	for (unsigned i = 0; i < 6; i++)
		r->r[tracee_arch.arg[i]] = call->arg[i];
	r->r[AT(rax)] = call->nr;
	tracee_no_restart(r);
}

/* r12 the descriptor, r13 the area, r14 its size; rbx calls left, rbp the next one. */
__asm__(".pushsection .rodata\n"
	".globl tracee_hand, tracee_rest, tracee_run, tracee_hand_end\n"
	".hidden tracee_hand, tracee_rest, tracee_run, tracee_hand_end\n"
	"tracee_hand:\n"
	"	syscall\n"
	"1:	test %rax, %rax\n"
	"	jnz 1b\n"
	"2:	xor %eax, %eax\n" /* read */
	"	mov %r12, %rdi\n"
	"	mov %r13, %rsi\n"
	"	mov %r14, %rdx\n"
	"	syscall\n"
	"	test %rax, %rax\n"
	"	jle 5f\n"
	"	mov (%r13), %rbx\n"
	"	lea 32(%r13), %rbp\n"
	"3:	test %rbx, %rbx\n"
	"	jz 4f\n"
	"	mov (%rbp), %rax\n"
	"	mov 8(%rbp), %rdi\n"
	"	mov 16(%rbp), %rsi\n"
	"	mov 24(%rbp), %rdx\n"
	"	mov 32(%rbp), %r10\n"
	"	mov 40(%rbp), %r8\n"
	"	mov 48(%rbp), %r9\n"
	"	syscall\n"
	"	mov %rax, 56(%rbp)\n"
	"	add $64, %rbp\n"
	"	dec %rbx\n"
	"	jmp 3b\n"
	"4:	mov $1, %eax\n" /* write */
	"	mov %r12, %rdi\n"
	"	mov %r13, %rsi\n"
	"	mov 8(%r13), %rdx\n"
	"	syscall\n"
	"	jmp 2b\n"
	"5:	mov $3, %eax\n" /* close */
	"	mov 24(%r13), %rdi\n"
	"	dec %rdi\n"
	"	syscall\n"
	"	mov $3, %eax\n"
	"	mov %r12, %rdi\n"
	"	syscall\n"
	"	mov $60, %eax\n" /* exit */
	"	xor %edi, %edi\n"
	"	syscall\n"
	"	nop\n" /* a thread there is behind no system call */
	"tracee_rest:\n"
	"	pause\n"
	"	jmp tracee_rest\n"
	"tracee_run:\n"
	"	syscall\n"
	"	jmp tracee_rest\n"
	"tracee_hand_end:\n"
	".popsection\n");
