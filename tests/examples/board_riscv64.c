/* SPDX-License-Identifier: BSD-2-Clause */
/* A riscv64 board: vCPU 0 starts at the entry, the others by SBI. The data register of a 16550, and SiFive's test device to end. */
#include <err.h>
#include <string.h>
#include <sys/ioctl.h>

#include "machine.h"

#define UART 0x10000000
#define TEST 0x00100000
#define CORE 0x8030000002000000 /* registers: pc, x1 .. x31, the mode */
#define A0 10
#define A1 11

const uint64_t board_ram = 0x80000000;

unsigned long board_type(int kvm)
{
	(void)kvm;
	return 0;
}

void board_create(struct machine *m)
{
	(void)m;
}

void board_finish(struct machine *m)
{
	(void)m;
}

static void set(struct vcpu *v, unsigned reg, uint64_t value)
{
	struct kvm_one_reg r = { .id = CORE + reg, .addr = (uintptr_t)&value };

	if (ioctl(v->fd, KVM_SET_ONE_REG, &r) < 0)
		err(1, "vCPU %u: registers", v->nr);
}

void board_start(struct vcpu *v, uint64_t entry)
{
	struct kvm_mp_state state = { .mp_state = v->nr ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE };

	if (ioctl(v->fd, KVM_SET_MP_STATE, &state) < 0)
		err(1, "vCPU %u", v->nr);
	if (v->nr)
		return;
	set(v, 0, entry);
	set(v, A0, 0);
	set(v, A1, 0);
}

static enum served serve_mmio(struct kvm_run *run, int *code)
{
	uint32_t value = 0;

	if (run->mmio.is_write)
		memcpy(&value, run->mmio.data, run->mmio.len < 4 ? run->mmio.len : 4);
	if (run->mmio.is_write && run->mmio.phys_addr == UART)
		board_print(run->mmio.data, 1);
	if (!run->mmio.is_write || run->mmio.phys_addr != TEST)
		return SERVED;
	*code = value >> 16 & 0xff;
	return (value & 0xffff) == 0x7777 ? RESETS : ENDS;
}

/* Of SBI, what KVM leaves to the VMM: the console, and the end (SBI 0.1). */
enum served board_serve(struct vcpu *v, int *code)
{
	struct kvm_run *run = v->run;
	char c = (char)run->riscv_sbi.args[0];

	if (run->exit_reason == KVM_EXIT_MMIO)
		return serve_mmio(run, code);
	if (run->exit_reason != KVM_EXIT_RISCV_SBI)
		return SERVED;
	if (run->riscv_sbi.extension_id == 8)
		return ENDS;
	run->riscv_sbi.ret[0] = run->riscv_sbi.extension_id == 1 ? 0 : (unsigned long)-1;
	if (run->riscv_sbi.extension_id == 1)
		board_print(&c, 1);
	return SERVED;
}
