/* SPDX-License-Identifier: BSD-2-Clause */
/* What a debugger writes: what is there is not written, and what is not the guest's program's is not put back on x86. */
#include <errno.h>

#include "reg_fixture.h"
#include "tap.h"

#define SCTLR_EL1 0x603000000013c080
#define TSC 0x2030000200000010
#define MTRRCAP 0x20300002000000fe
#define LSTAR 0x20300002c0000082
#define UNKNOWN 0x20300002c0ffee00

static unsigned number(const struct fixture *x, const char *name)
{
	return (unsigned)tdesc_by_name(&x->tdesc, name);
}

static int put(struct fixture *x, const char *name, uint64_t value, size_t size)
{
	return regfile_put(&x->file, number(x, name), &value, size);
}

/* Every register of the description, whatever is written to it by this KVM, has its own value put without a write. */
static void put_all_back(const char *name)
{
	static uint8_t value[4096];
	struct fixture x;
	unsigned wrong = 0;

	set_up(&x, name);
	x.sim->refuse_set = 1;
	x.sim->refuse_err = EPERM;
	for (unsigned i = 0; i < x.tdesc.nregs; i++) {
		ssize_t n = regfile_read(&x.file, i, value, sizeof(value));

		wrong += n < 0 || regfile_put(&x.file, i, value, (size_t)n);
	}
	is_int(wrong, 0, "each register takes its own value");
	regfile_drop(&x.file);
	for (unsigned i = 0; i < x.tdesc.nregs; i++) {
		ssize_t n = regfile_read(&x.file, i, value, sizeof(value));

		regfile_drop(&x.file);
		wrong += n < 0 || regfile_put(&x.file, i, value, (size_t)n);
	}
	is_int(wrong, 0, "also when it has to be fetched first");
	is_int(x.sim->sets, 0, name);
	tear_down(&x);
}

static void sizes_first(void)
{
	struct fixture x;
	uint64_t value;

	set_up(&x, "aarch64");
	value = read_reg(&x, "x3");
	is_int(put(&x, "x3", value, 4), -EINVAL, "a value of another size");
	is_int(put(&x, "x3", value, 0), -EINVAL, "or of none");
	is_int(regfile_put(&x.file, x.tdesc.nregs, &value, 8), -ENOENT, "a number that is none");
	tear_down(&x);
}

static void writes(void)
{
	struct fixture x;
	uint64_t value;

	set_up(&x, "aarch64");
	value = read_reg(&x, "SCTLR_EL1");
	sim_set(x.sim, 0, SCTLR_EL1, value + 4);
	regfile_drop(&x.file);
	is_int(put(&x, "SCTLR_EL1", value, 8), 0, "what is not there is written");
	ok(sim_get(x.sim, 0, SCTLR_EL1) == value, "and is there then");
	x.sim->sets = 0;
	is_int(put(&x, "CNTVCT_EL0", 5, 8), 0, "a clock, where gdb leaves it alone after a call");
	is_int(x.sim->sets, 1, "is written as well");
	x.sim->sets = 0;
	is_int(regfile_write(&x.file, number(&x, "CNTVCT_EL0"), (uint64_t[]){ 5 }, 8), 0, "a write that the user asks for");
	is_int(x.sim->sets, 1, "is done, whatever is there");
	tear_down(&x);
}

static void stays(struct fixture *x, const char *name, uint64_t id, const char *why)
{
	uint64_t was = sim_get(x->sim, 0, id);

	is_int(put(x, name, was + 1, 8), 1, name);
	is_str(x->file.why, why, "says why");
	is_int(put(x, name, was + 2, 8), 0, "once");
	ok(sim_get(x->sim, 0, id) == was, "and stays");
}

static void not_put_back(void)
{
	struct fixture x;

	set_up(&x, "x86_64");
	regfile_free(&x.file);
	tdesc_free(&x.tdesc);
	sim_add(x.sim, 0, UNKNOWN);
	build(&x, x.sim->arch);
	stays(&x, "TSC", TSC, "TSC is a clock and stays: gdb puts back all registers after a call; `monitor register` sets it");
	stays(&x, "MTRRCAP", MTRRCAP,
		"MTRRCAP is the host's and stays: gdb puts back all registers after a call; `monitor register` sets it");
	stays(&x, "msr_c0ffee00", UNKNOWN,
		"msr_c0ffee00 is not known here and stays: gdb puts back all registers after a call; `monitor register` sets it");
	is_int(put(&x, "LSTAR", 0x1234, 8), 0, "what the guest sets for itself");
	ok(sim_get(x.sim, 0, LSTAR) == 0x1234, "is written");
	is_int(put(&x, "TSC", 1, 4), -EINVAL, "a size that is wrong is said to be");
	regfile_forget(&x.file);
	is_int(put(&x, "TSC", 1, 8), 1, "the next client is told again");
	is_int(regfile_write(&x.file, number(&x, "TSC"), (uint64_t[]){ 7 }, 8), 0, "the user sets it");
	ok(sim_get(x.sim, 0, TSC) == 7, "and it is set");
	tear_down(&x);
}

/* gdb saves and restores all but these around a call; a function has them for its own. */
static void saved(const char *arch, const char *yes, const char *no)
{
	struct fixture x;
	char text[64];
	const char *at, *end;

	set_up(&x, arch);
	snprintf(text, sizeof(text), "<reg name=\"%s\"", yes);
	at = strstr(x.tdesc.xml, text);
	end = at ? strstr(at, "/>") : NULL;
	ok(end && !memmem(at, (size_t)(end - at), "save-restore", 12), "%s", yes);
	snprintf(text, sizeof(text), "<reg name=\"%s\"", no);
	at = strstr(x.tdesc.xml, text);
	end = at ? strstr(at, "/>") : NULL;
	ok(end && memmem(at, (size_t)(end - at), " save-restore=\"no\"", 18), "%s", no);
	tear_down(&x);
}

int main(void)
{
	static const char *const arches[] = { "aarch64", "i386", "loongarch64", "mips64", "ppc64le", "riscv64", "s390x",
		"x86_64" };

	for (unsigned i = 0; i < sizeof(arches) / sizeof(*arches); i++)
		put_all_back(arches[i]);
	sizes_first();
	writes();
	not_put_back();
	saved("aarch64", "x19", "SCTLR_EL1");
	saved("aarch64", "fpcr", "PMCCNTR_EL0");
	saved("riscv64", "fa0", "timer_state");
	saved("riscv64", "pc", "scause");
	saved("ppc64le", "vrsave", "SRR0");
	saved("ppc64le", "xer", "TM_CR");
	saved("s390x", "f2", "ckc");
	saved("loongarch64", "r4", "ERA");
	saved("mips64", "r4", "Count");
	return done();
}
