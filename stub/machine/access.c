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
 * For what all vCPUs share: in non-stop it can be got at while nobody is in the guest, until threads_let_go(). Those that run may have
 * changed the page tables since.
 */
static struct vcpu *shared_vcpu(struct machine *m, unsigned thread, int *err)
{
	return guest_non_stop(&m->guest) ? machine_living_vcpu(m, thread, err) : machine_stopped_vcpu(m, thread, err);
}

static struct vcpu *held_vcpu(struct machine *m, unsigned thread, int *err)
{
	struct vcpu *v = shared_vcpu(m, thread, err);

	if (!v)
		return NULL;
	threads_hold(&m->guest);
	for (unsigned i = 0; i < m->guest.n; i++)
		m->guest.vcpus[i]->way_known = false;
	if (guest_non_stop(&m->guest))
		memory_forget(&v->space);
	return v;
}

/* To read, it is enough that nobody is in the way. */
static struct vcpu *readable_vcpu(struct machine *m, unsigned thread, int *err)
{
	struct vcpu *v = shared_vcpu(m, thread, err);

	if (!v)
		return NULL;
	threads_hold_to_read(&m->guest, v);
	if (guest_non_stop(&m->guest))
		memory_forget(&v->space);
	return v;
}

ssize_t access_read(void *t, unsigned thread, uint64_t addr, void *buf, size_t len)
{
	int err;
	struct vcpu *v = readable_vcpu(t, thread, &err);
	ssize_t n;

	if (!v)
		return err;
	n = memory_read(&v->space, addr, buf, len);
	threads_let_go(&((struct machine *)t)->guest);
	return n;
}

int access_write(void *t, unsigned thread, uint64_t addr, const void *buf, size_t len)
{
	int err;
	struct vcpu *v = held_vcpu(t, thread, &err);

	if (!v)
		return err;
	err = memory_write(&v->space, addr, buf, len);
	threads_let_go(&((struct machine *)t)->guest);
	return err;
}

/* Any of the vCPUs stands for the machine, and none has to stand for it. */
ssize_t access_read_phys(void *t, uint64_t addr, void *buf, size_t len)
{
	int err;
	ssize_t n;

	if (!shared_vcpu(t, 1, &err))
		return err;
	threads_hold_to_read(&((struct machine *)t)->guest, NULL);
	n = memory_read_phys(&((struct machine *)t)->guest.memory, addr, buf, len);
	threads_let_go(&((struct machine *)t)->guest);
	return n;
}

int access_write_phys(void *t, uint64_t addr, const void *buf, size_t len)
{
	int err;

	if (!held_vcpu(t, 1, &err))
		return err;
	err = memory_write_phys(&((struct machine *)t)->guest.memory, addr, buf, len);
	threads_let_go(&((struct machine *)t)->guest);
	return err;
}

int access_region(void *t, unsigned thread, uint64_t addr, struct memory_region *region)
{
	int err;
	unsigned looks = REGION_LOOKS;
	struct vcpu *v = readable_vcpu(t, thread, &err);

	if (!v)
		return err;
	err = region_find(&v->space, addr, region, &looks);
	threads_let_go(&((struct machine *)t)->guest);
	return err;
}

int access_set_point(
	void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind, const struct point_programs *programs)
{
	int err;
	struct vcpu *v = held_vcpu(t, thread, &err);

	if (!v)
		return err;
	err = points_set(&v->guest->points, &v->space, type, addr, kind, programs);
	threads_let_go(&((struct machine *)t)->guest);
	return err;
}

int access_clear_point(void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind)
{
	int err;

	if (!held_vcpu(t, thread, &err))
		return err;
	err = points_clear(&((struct machine *)t)->guest.points, type, addr, kind);
	threads_let_go(&((struct machine *)t)->guest);
	return err;
}
