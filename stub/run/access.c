/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory, for the debugger: sees to it that nobody is in the guest where that matters. What is done is memory.c's and region.c's. */
#include "access.h"

#include <errno.h>

#include "machine.h"
#include "region.h"

/* A vCPU that stands can be looked into while others run, unless these take steps that end at planted opcodes. */
ssize_t access_read(void *t, unsigned thread, uint64_t addr, void *buf, size_t len)
{
	struct machine *m = t;
	struct vcpu *v = machine_vcpu(m, thread);
	bool hold = v && m->non_stop && (threads_runs(v) || step_plants(m));
	int err;
	ssize_t n;

	v = hold ? machine_held_vcpu(m, thread, &err) : machine_stopped_vcpu(m, thread, &err);
	if (!v)
		return err;
	n = memory_read(v, addr, buf, len);
	if (hold)
		threads_let_go(m);
	return n;
}

int access_write(void *t, unsigned thread, uint64_t addr, const void *buf, size_t len)
{
	int err;
	struct vcpu *v = machine_held_vcpu(t, thread, &err);

	if (!v)
		return err;
	err = memory_write(v, addr, buf, len);
	threads_let_go(t);
	return err;
}

/* Any of the vCPUs stands for the machine. */
ssize_t access_read_phys(void *t, uint64_t addr, void *buf, size_t len)
{
	int err;
	ssize_t n;

	if (!machine_held_vcpu(t, 1, &err))
		return err;
	n = memory_read_phys(t, addr, buf, len);
	threads_let_go(t);
	return n;
}

int access_write_phys(void *t, uint64_t addr, const void *buf, size_t len)
{
	int err;

	if (!machine_held_vcpu(t, 1, &err))
		return err;
	err = memory_write_phys(t, addr, buf, len);
	threads_let_go(t);
	return err;
}

int access_region(void *t, unsigned thread, uint64_t addr, struct memory_region *region)
{
	int err;
	unsigned looks = REGION_LOOKS;
	struct vcpu *v = machine_held_vcpu(t, thread, &err);

	if (!v)
		return err;
	err = region_find(v, addr, region, &looks);
	threads_let_go(t);
	return err;
}
