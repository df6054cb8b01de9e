/* SPDX-License-Identifier: BSD-2-Clause */
/* A debug exception of the guest's own: where its handler finds what, on each architecture. */
#include "arch/aarch64.h"
#include "arch/exit_common.h"
#include "arch/ppc64.h"
#include "arch/riscv64.h"
#include "arch/x86_64.h"
#include "fake_vcpu.h"
#include "tap.h"

#define PC 0x40200100ull
#define VBAR 0xffff800008010800ull

static struct fake_vcpu f;

static int give_back(const struct arch *arch, const void *debug, size_t size, uint32_t *control)
{
	struct vcpu_exit exit = { .kind = EXIT_KVM, .reason = REASON_DEBUG };

	memcpy(exit.data, debug, size);
	return arch->exit.give_back(&f.view, &exit, control);
}

static bool holds(uint64_t key, uint64_t want)
{
	uint64_t value = 0;

	f.view.get(&f.view, key, &value);
	if (value != want)
		printf("# 0x%016" PRIx64 " is 0x%" PRIx64 ", not 0x%" PRIx64 "\n", key, value, want);
	return value == want;
}

/* From this pstate with this sctlr: to this vector, with this pstate. */
static void arm64(
	uint64_t pstate, uint64_t sctlr, uint32_t hsr, uint32_t esr, unsigned vector, uint64_t handler, const char *name)
{
	struct aarch64_debug_exit e = { .hsr = hsr, .far = 0x1234 };
	uint32_t control = 1;

	fake_init(&f, 0, 0x100000);
	f.view.set(&f.view, A64_PSTATE, pstate);
	f.view.set(&f.view, A64_PC, PC);
	f.view.set(&f.view, A64_VBAR_EL1, VBAR);
	f.view.set(&f.view, A64_SCTLR_EL1, sctlr);
	f.view.set(&f.view, A64_FAR_EL1, 0x77);
	f.view.set(&f.view, A64_ID_AA64MMFR1_EL1, 1 << 20);
	f.view.set(&f.view, A64_ID_AA64PFR1_EL1, 0);
	is_int(give_back(arch_find("aarch64"), &e, sizeof(e), &control), 0, name);
	ok(control == 0 && holds(A64_PC, VBAR + vector) && holds(A64_PSTATE, handler), "at its handler");
	ok(holds(A64_ELR_EL1, PC) && holds(A64_SPSR_EL1, pstate) && holds(A64_ESR_EL1, esr), "which knows where it came from");
	ok(holds(A64_FAR_EL1, hsr >> 26 == 0x34 ? 0x1234 : 0x77), "and FAR_EL1 is a watchpoint's alone");
}

static void arm64_unknown(void)
{
	struct aarch64_debug_exit e = { .hsr = 0xf2000007 };
	uint32_t control;

	fake_init(&f, 0, 0x100000);
	f.view.set(&f.view, A64_PSTATE, 0x13); /* Supervisor mode of AArch32 */
	f.view.set(&f.view, A64_PC, PC);
	f.view.set(&f.view, A64_VBAR_EL1, VBAR);
	f.view.set(&f.view, A64_SCTLR_EL1, 0);
	f.view.set(&f.view, A64_FAR_EL1, 0);
	is_int(give_back(arch_find("aarch64"), &e, sizeof(e), &control), -EOPNOTSUPP, "a kernel in AArch32 is not known");
	ok(holds(A64_PC, PC), "and nothing has changed");
}

static void riscv64(uint64_t mode, uint64_t sstatus, uint64_t handler, const char *name)
{
	uint32_t control = 1;

	fake_init(&f, 0, 0x100000);
	f.view.set(&f.view, RV_PC, PC);
	f.view.set(&f.view, RV_MODE, mode);
	f.view.set(&f.view, RV_SSTATUS, sstatus);
	f.view.set(&f.view, RV_STVEC, 0x80001001); /* interrupts are spread */
	is_int(give_back(arch_find("riscv64"), "", 1, &control), 0, name);
	ok(control == 0 && holds(RV_PC, 0x80001000) && holds(RV_MODE, 1) && holds(RV_SSTATUS, handler), "at its handler");
	ok(holds(RV_SEPC, PC) && holds(RV_STVAL, PC) && holds(RV_SCAUSE, 3), "which knows where it came from, and why");
}

static void ppc64(uint64_t msr, uint64_t lpcr, uint64_t pc, uint64_t handler, const char *name)
{
	uint32_t control = 1;

	fake_init(&f, 0, 0x100000);
	f.view.set(&f.view, PPC_PC, PC);
	f.view.set(&f.view, PPC_MSR, msr);
	f.view.set(&f.view, PPC_LPCR, lpcr);
	is_int(give_back(arch_find("ppc64le"), "", 1, &control), 0, name);
	ok(control == 0 && holds(PPC_PC, pc) && holds(PPC_MSR, handler), "at its handler");
	ok(holds(PPC_SRR0, PC) && holds(PPC_SRR1, msr | 0x80000), "which knows where it came from, and why");
}

/* In real mode, where the pc is. */
static void x86_code(const char *code)
{
	static const uint64_t zero[] = { X86_CR0, X86_CR3, X86_CR4, X86_EFER, X86_CS_BASE, X86_CS_L };

	for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		f.view.set(&f.view, zero[i], 0);
	f.view.set(&f.view, X86_RIP, 0x1000);
	memcpy(f.ram[0].bytes + 0x1000, code, 2);
}

/* struct kvm_debug_exit_arch */
static void x86(uint32_t exception, uint64_t dr6, uint32_t want, uint64_t guests_dr6, const char *name)
{
	struct {
		uint32_t exception, pad;
		uint64_t pc, dr6, dr7;
	} e = { exception, 0, PC, dr6, 0 };
	const uint64_t key = KEY_BLOCK(3, 8, 0x20);
	uint32_t control = 0;

	fake_init(&f, 0, 0x100000);
	f.view.set(&f.view, key, 0xffff0ff0);
	x86_code("\x90\xf1");
	is_int(give_back(arch_find("x86_64"), &e, sizeof(e), &control), 0, name);
	ok(control == want && holds(key, guests_dr6), "KVM is to inject it");
}

int main(void)
{
	arm64(0x600003c5, 0x0, 0xf2000007, 0xf2000007, 0x200, 0x604003c5, "arm64: BRK at EL1h; PAN is set");
	arm64(0x60000005, 1 << 23, 0xf2000007, 0xf2000007, 0x200, 0x600003c5, "arm64: SCTLR_EL1.SPAN leaves PAN as it is");
	arm64(0x00000004, 1 << 23, 0xf2000007, 0xf2000007, 0x000, 0x3c5, "arm64: BRK at EL1t");
	arm64(0x80000000, 1 << 23, 0xf2000007, 0xf2000007, 0x400, 0x800003c5, "arm64: BRK at EL0");
	arm64(0x40000010, 1 << 23, 0xe0000000, 0xe0000000, 0x600, 0x400003c5, "arm64: BKPT of AArch32 at EL0");
	arm64(0x00200005, 1 << 23, 0xca000022, 0xce000022, 0x200, 0x3c5,
		"arm64: its own step at EL1 is of another class than at EL0");
	arm64(0x00000000, 1 << 23, 0xd2000022, 0xd2000022, 0x400, 0x3c5, "arm64: its own watchpoint at EL0");
	arm64_unknown();
	riscv64(1, 0x2, 0x120, "riscv64: ebreak in S-mode, interrupts on");
	riscv64(0, 0x120, 0x0, "riscv64: ebreak in U-mode, interrupts off");
	ppc64(1ull << 63 | 0x1001, 1 << 25, 0x700, 1ull << 63 | 0x1001, "ppc64le: in real mode");
	ppc64(1ull << 63 | 0x1001, 0, 0x700, 1ull << 63 | 0x1000, "ppc64le: to a handler that is big-endian");
	ppc64(1ull << 63 | 0x9031, 1 << 25 | 3 << 23, 0xc000000000004700, 1ull << 63 | 0x1031, "ppc64le: translation stays on");
	ppc64(1ull << 63 | 0x5031, 1 << 25, 0x700, 1ull << 63 | 0x1001, "ppc64le: or not");
	x86(3, 0, 0x80000, 0xffff0ff0, "x86_64: INT3");
	x86(1, 0x4001, 0x40000, 0xffff4ff0, "x86_64: a step, in DR6; a register's hit is told otherwise");
	x86(1, 0xa000, 0x40000, 0xffffaff0, "x86_64: an access to debug registers, and a task switch");
	x86(1, 0, 0x40000, 0xffff0ff0, "x86_64: INT1");
	ok(holds(X86_RIP, 0x1000), "... KVM is behind it");
	x86_code("\x66\xf1");
	is_int(arch_find("x86_64")->exit.give_back(&f.view, &(struct vcpu_exit){ .data = { 1 } }, &(uint32_t){ 0 }), 0,
		"x86_64: INT1");
	ok(holds(X86_RIP, 0x1002), "... where KVM stays on it");
	return done();
}
