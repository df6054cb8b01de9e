/* SPDX-License-Identifier: BSD-2-Clause */
/* riscv64 but for its page walk and its steps: computed registers, the debug request, exits, the probe. */
#include "arch/exit_common.h"
#include "arch/riscv64.h"
#include "fake_vcpu.h"
#include "tap.h"

static struct fake_vcpu f;

static const struct arch_computed *computed(const char *name)
{
	for (unsigned i = 0; i < arch_riscv64.regs.ncomputed; i++)
		if (!strcmp(arch_riscv64.regs.computed[i].name, name))
			return &arch_riscv64.regs.computed[i];
	return NULL;
}

static uint64_t get(uint64_t key)
{
	uint64_t value = 0;

	fake_get(&f.view, key, &value);
	return value;
}

static uint64_t get_computed(const char *name)
{
	uint64_t value = UINT64_MAX;
	int err = computed(name)->get(&f.view, &value);

	return err ? (uint64_t)err : value;
}

static int set_computed(const char *name, uint64_t value)
{
	return computed(name)->set(&f.view, value);
}

static void test_zero(void)
{
	fake_init(&f, 0, 0x100000);
	is_int(get_computed("zero"), 0, "zero");
	ok(!computed("zero")->set, "... cannot be set");
}

/* The fields, in whichever of KVM's two fcsr the vCPU has. */
static void test_fcsr(uint64_t key, const char *name)
{
	fake_init(&f, 0, 0x100000);
	is_int(get_computed("fflags"), -ENOENT, "no fcsr");
	is_int(set_computed("frm", 0), -ENOENT, "... to set");
	fake_set(&f.view, key, 0xffffff00 | 5 << 5 | 0x12);
	diag("fcsr of", name);
	is_int(get_computed("fflags"), 0x12, "fflags");
	is_int(get_computed("frm"), 0x5, "frm");
	is_int(set_computed("fflags", 0x0d), 0, "fflags is set");
	is_int(get(key), 0xffffff00 | 5 << 5 | 0x0d, "... and nothing beside it");
	is_int(set_computed("frm", 2), 0, "frm is set");
	is_int(get(key), 0xffffff00 | 2 << 5 | 0x0d, "... and nothing beside it");
	is_int(set_computed("fflags", 0x20), -EINVAL, "fflags has five bits");
	is_int(set_computed("frm", 8), -EINVAL, "frm has three");
	is_int(get(key), 0xffffff00 | 2 << 5 | 0x0d, "... and nothing was changed");
}

static void test_both(void)
{
	fake_init(&f, 0, 0x100000);
	fake_set(&f.view, RV_FCSR_F, 0);
	fake_set(&f.view, RV_FCSR_D, 1);
	is_int(get_computed("fflags"), 1, "with D, fcsr is that of D");
}

static void test_width(void)
{
	static const unsigned vlenb[] = { 16, 32, 8192 };
	unsigned times = 0;

	fake_init(&f, 0, 0x100000);
	is_int(arch_riscv64.regs.scales[0].get(&f.view, &times), -ENOENT, "no vectors, no width");
	for (unsigned i = 0; i < 3; i++) {
		fake_set(&f.view, RV_VLENB, vlenb[i]);
		is_int(arch_riscv64.regs.scales[0].get(&f.view, &times), 0, "vlenb");
		is_int(times * 16, vlenb[i], "... in units of 16 bytes");
	}
}

static void test_debug(void)
{
	static const struct {
		struct debug_request d;
		uint32_t want;
	} cases[] = { { { 0 }, 0 }, { { .planted = true }, 1 }, { { .step = true }, 3 },
		{ { .step = true, .planted = true }, 3 } };
	uint8_t bytes[ARCH_DEBUG_SIZE];
	uint32_t control;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_int(arch_riscv64.debug.encode(&cases[i].d, &control, bytes), 0, "the request has no registers");
		is_int(control, cases[i].want, "... its control word");
	}
	for (int type = POINT_HARDWARE; type < POINT_TYPES; type++)
		is_int(arch_riscv64.debug.point_slots(&(struct arch_point){ .type = type, .addr = 0x1000, .len = 4 }), 0,
			"no such point");
}

static enum hit_kind hit(uint32_t reason)
{
	struct vcpu_exit exit = { .kind = EXIT_KVM, .reason = reason };
	struct arch_hit h = { .kind = HIT_STEP, .have_addr = true, .emulated = true };

	arch_riscv64.exit.classify(&exit, &h);
	return h.have_addr || h.emulated ? HIT_STEP : h.kind;
}

static void test_exits(void)
{
	struct vcpu_exit csr = { .kind = EXIT_KVM, .reason = 36 };
	char text[200];

	is_int(hit(REASON_DEBUG), HIT_PLANTED, "a debug exit is an ebreak, at the pc");
	is_int(hit(REASON_INTERNAL_ERROR), HIT_NONE, "an internal error is none");
	is_int(hit(35), HIT_NONE, "nor is SBI");
	arch_riscv64.exit.describe(&csr, text, sizeof(text));
	is_str(text, "the guest stopped with KVM_EXIT_RISCV_CSR (36)", "a sentence");
	is_str(arch_riscv64.regs.mp_state(0), "running", "runnable");
	is_str(arch_riscv64.regs.mp_state(5), "stopped (SBI HSM)", "stopped");
	ok(!arch_riscv64.regs.mp_state(3) && !arch_riscv64.regs.mp_state(6) && !arch_riscv64.regs.mp_state(UINT32_MAX),
		"unknown");
}

static void test_probe(void)
{
	const struct arch_probe *p = arch_riscv64.probe;

	fake_init(&f, 0, 0x100000);
	is_int(p->start(&f.view, 0x80004000, 0x80005000, 0x80006000), 0, "the probe starts");
	is_int(get(RV_PC), 0x80004000, "... at its code");
	is_int(get(RV_X(10)), 0x80005000, "... with its data");
	is_int(get(RV_STVEC), 0x80006000, "... and its vectors");
	ok(p->size == 20 && p->second == 4 && p->store == 8, "... where they are");
	ok(!memcmp(p->vector, p->code + 12, p->vector_size), "... a vector ends like it");
	ok(arch_riscv64.trap.opcode.size == 2 && !memcmp(arch_riscv64.trap.opcode.bytes, "\x02\x90", 2), "c.ebreak");
	ok(arch_find("riscv64") == &arch_riscv64, "riscv64 is found");
}

int main(void)
{
	test_zero();
	test_fcsr(RV_FCSR_D, "D");
	test_fcsr(RV_FCSR_F, "F");
	test_both();
	test_width();
	test_debug();
	test_exits();
	test_probe();
	return done();
}
