/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and points, for the debugger: sees to it that nobody is in the guest where that matters. What is done is memory.c's, region.c's
 * and points.c's.
 */
#include "access.h"

#include <errno.h>

#include "../memory/region.h"
#include "../run/threads.h"
#include "machine.h"

/*
 * By which vCPU to get at what all of them share. In non-stop that may be one that runs: nobody is in the guest until threads_let_go(). The
 * vCPUs that run may have changed the page tables since the last time.
 */
static struct vcpu *shared_vcpu(struct guest *g, unsigned thread, int *err)
{
	return guest_non_stop(g) ? machine_living_vcpu(g, thread, err) : machine_stopped_vcpu(g, thread, err);
}

static struct vcpu *held_vcpu(struct guest *g, unsigned thread, int *err)
{
	struct vcpu *v = shared_vcpu(g, thread, err);

	if (!v)
		return NULL;
	threads_hold(g);
	for (unsigned i = 0; i < g->n; i++)
		g->vcpus[i]->way.known = false;
	if (guest_non_stop(g))
		memory_forget(&v->space);
	return v;
}

/* To read, it is enough that this vCPU is not in the guest, nor one that has lifted or planted an opcode. */
static struct vcpu *readable_vcpu(struct guest *g, unsigned thread, int *err)
{
	struct vcpu *v = shared_vcpu(g, thread, err);

	if (!v)
		return NULL;
	threads_hold_to_read(g, v);
	if (guest_non_stop(g))
		memory_forget(&v->space);
	return v;
}

ssize_t access_read(void *t, unsigned thread, uint64_t addr, void *buf, size_t len)
{
	struct guest *g = machine_guest(t);
	int err;
	struct vcpu *v = readable_vcpu(g, thread, &err);
	ssize_t n;

	if (!v)
		return err;
	n = memory_read(&v->space, addr, buf, len);
	threads_let_go(g);
	return n;
}

int access_write(void *t, unsigned thread, uint64_t addr, const void *buf, size_t len)
{
	struct guest *g = machine_guest(t);
	int err;
	struct vcpu *v = held_vcpu(g, thread, &err);

	if (!v)
		return err;
	err = memory_write(&v->space, addr, buf, len);
	threads_let_go(g);
	return err;
}

/* Any thread does: physical memory belongs to no vCPU. */
ssize_t access_read_phys(void *t, uint64_t addr, void *buf, size_t len)
{
	struct guest *g = machine_guest(t);
	int err;
	ssize_t n;

	if (!shared_vcpu(g, 1, &err))
		return err;
	threads_hold_to_read(g, NULL);
	n = memory_read_phys(&g->memory, addr, buf, len);
	threads_let_go(g);
	return n;
}

int access_write_phys(void *t, uint64_t addr, const void *buf, size_t len)
{
	struct guest *g = machine_guest(t);
	int err;

	if (!held_vcpu(g, 1, &err))
		return err;
	err = memory_write_phys(&g->memory, addr, buf, len);
	threads_let_go(g);
	return err;
}

int access_region(void *t, unsigned thread, uint64_t addr, struct memory_region *region)
{
	struct guest *g = machine_guest(t);
	int err;
	unsigned looks = REGION_LOOKS;
	struct vcpu *v = readable_vcpu(g, thread, &err);

	if (!v)
		return err;
	err = region_find(&v->space, addr, region, &looks);
	threads_let_go(g);
	return err;
}

int access_set_point(
	void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind, const struct point_programs *programs)
{
	struct guest *g = machine_guest(t);
	int err;
	struct vcpu *v = held_vcpu(g, thread, &err);

	if (!v)
		return err;
	err = points_set(&g->points, &v->space, type, addr, kind, programs);
	threads_let_go(g);
	return err;
}

int access_clear_point(void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind)
{
	struct guest *g = machine_guest(t);
	int err;

	if (!held_vcpu(g, thread, &err))
		return err;
	err = points_clear(&g->points, type, addr, kind);
	threads_let_go(g);
	return err;
}
