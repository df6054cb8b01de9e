/* SPDX-License-Identifier: BSD-2-Clause */
/* A ppc64le board: each vCPU starts at the entry. Hypercalls of PAPR print a character, end the machine or reset it. */
#include <endian.h>
#include <err.h>
#include <string.h>
#include <sys/ioctl.h>

#include "machine.h"

#define LPCR_ILE 0x02000000
#define H_PUT_TERM_CHAR 0x58
#define H_GET_TERM_CHAR 0x54
#define H_RTAS 0xf000

const uint64_t board_ram;

unsigned long board_type(int kvm)
{
	(void)kvm;
	return 0;
}

void board_create(struct machine *m)
{
	(void)m;
}

static void finish_vcpu(struct vcpu *v)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	uint64_t lpcr = 0;
	struct kvm_one_reg reg = { .id = KVM_REG_PPC_LPCR_64, .addr = (uintptr_t)&lpcr };

	if (ioctl(v->fd, KVM_ENABLE_CAP, &papr) < 0 || ioctl(v->fd, KVM_GET_ONE_REG, &reg) < 0)
		err(1, "vCPU %u: hypercalls", v->nr);
	lpcr |= LPCR_ILE;
	if (ioctl(v->fd, KVM_SET_ONE_REG, &reg) < 0)
		err(1, "vCPU %u: LPCR", v->nr);
}

void board_finish(struct machine *m)
{
	for (unsigned i = 0; i < m->n; i++)
		finish_vcpu(&m->vcpus[i]);
}

void board_start(struct vcpu *v, uint64_t entry)
{
	struct kvm_regs r = { .pc = entry, .msr = 0x8000000000001001, .gpr = { [3] = v->nr, [4] = v->machine->n, [12] = entry } };

	if (ioctl(v->fd, KVM_SET_REGS, &r) < 0)
		err(1, "vCPU %u: registers", v->nr);
}

/* The call is in memory: big-endian words, QEMU's tokens. */
static enum served serve_rtas(struct vcpu *v, uint64_t at)
{
	uint32_t token = 0;

	if (at < MACHINE_RAM - sizeof(token))
		memcpy(&token, v->machine->ram + at, sizeof(token));
	return be32toh(token) == 0x2003 ? ENDS : be32toh(token) == 0x2004 ? RESETS : SERVED;
}

enum served board_serve(struct vcpu *v, int *code)
{
	struct kvm_run *run = v->run;

	(void)code;
	if (run->exit_reason != KVM_EXIT_PAPR_HCALL)
		return SERVED;
	run->papr_hcall.ret = 0;
	switch (run->papr_hcall.nr) {
	case H_PUT_TERM_CHAR:
		for (unsigned i = 0; i < run->papr_hcall.args[1] && i < 16; i++) {
			char c = (char)(run->papr_hcall.args[2 + i / 8] >> (56 - 8 * (i % 8)));

			board_print(&c, 1);
		}
		return SERVED;
	case H_GET_TERM_CHAR:
		run->papr_hcall.args[0] = 0;
		return SERVED;
	case H_RTAS:
		return serve_rtas(v, run->papr_hcall.args[0]);
	default:
		run->papr_hcall.ret = (uint64_t)-2;
		return SERVED;
	}
}
