/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers that are attributes of the interrupt controller in KVM: not to be had while any vCPU runs. */
#include <errno.h>

#include "reg_fixture.h"
#include "tap.h"

#define ICC_PMR_EL1 KEY_DEVICE(6, 0xc230)

static ssize_t read_pmr(struct fixture *x, uint64_t *value)
{
	*value = 0;
	return regfile_read(&x->file, (unsigned)tdesc_by_name(&x->tdesc, "ICC_PMR_EL1"), value, sizeof(*value));
}

static void reads(void)
{
	struct fixture x;
	uint64_t value;

	set_up(&x, "aarch64");
	ok(tdesc_by_name(&x.tdesc, "ICC_PMR_EL1") >= 0, "the CPU interface is described");
	is_int(read_pmr(&x, &value), 8, "a register of it is read");
	ok(value && value == sim_get(x.sim, 0, ICC_PMR_EL1), "as the device has it");
	regfile_drop(&x.file);
	x.sim->running = 1;
	is_int(read_pmr(&x, &value), -EAGAIN, "not while a vCPU runs");
	ok(strstr(x.file.why, "while no vCPU runs") != NULL, "which is said: %s", x.file.why);
	x.sim->running = 0;
	is_int(read_pmr(&x, &value), 8, "and again when none does");
	tear_down(&x);
}

static void writes(void)
{
	struct fixture x;
	uint64_t value = 0x80;
	unsigned reg;

	set_up(&x, "aarch64");
	reg = (unsigned)tdesc_by_name(&x.tdesc, "ICC_PMR_EL1");
	is_int(regfile_write(&x.file, reg, &value, sizeof(value)), 0, "it is written");
	is_int((int64_t)sim_get(x.sim, 0, ICC_PMR_EL1), 0x80, "to the device");
	value = 0x40;
	x.sim->running = 1;
	is_int(regfile_write(&x.file, reg, &value, sizeof(value)), -EAGAIN, "not while a vCPU runs");
	x.sim->running = 0;
	is_int((int64_t)sim_get(x.sim, 0, ICC_PMR_EL1), 0x80, "and then nothing is");
	tear_down(&x);
}

/* A VM may have no such controller, and a controller not all of the attributes. */
static void absent(void)
{
	struct sim_host *sim = sim_open(arch_find("aarch64"), 1, 0x40000000, 0x1000);
	struct fixture x = { .sim = sim };

	sim_remove(sim, 0, ICC_PMR_EL1);
	transport_init(&x.transport, &sim->host, sim->arch, BATCH_AUTO);
	transport_open(&x.transport, 0);
	build(&x, sim->arch);
	is_int(tdesc_by_name(&x.tdesc, "ICC_PMR_EL1"), -1, "what the device has not is not described");
	ok(tdesc_by_name(&x.tdesc, "ICC_CTLR_EL1") >= 0, "the others are");
	tear_down(&x);
}

int main(void)
{
	reads();
	writes();
	absent();
	return done();
}
