/* SPDX-License-Identifier: BSD-2-Clause */
/* Which vCPU a request may look into. See machine.h. */
#include "machine.h"

#include <errno.h>
#include <stdatomic.h>

struct vcpu *machine_living_vcpu(struct guest *g, unsigned thread, int *err)
{
	struct vcpu *v = guest_vcpu(g, thread);

	if (!v)
		*err = refuse(&g->refusal, -ESRCH, "there is no thread %u", thread);
	else if (guest_ended(g))
		*err = refuse(&g->refusal, -ESRCH, "the guest has ended");
	else
		return v;
	return NULL;
}

/* What was read before the vCPU has completed an access is void. */
static struct vcpu *look_again(struct vcpu *v)
{
	if (atomic_exchange(&v->moved, false))
		regfile_drop(&v->regs);
	return v;
}

struct vcpu *machine_changeable_vcpu(struct guest *g, unsigned thread, int *err)
{
	struct vcpu *v = machine_stopped_vcpu(g, thread, err);

	if (!v || !vcpu_is_pending(v))
		return v;
	*err = refuse(&g->refusal, -EBUSY,
		"vCPU %u is in the VMM, which serves an access of its: it can be looked at, and not changed", v->nr);
	return NULL;
}

struct vcpu *machine_stopped_vcpu(struct guest *g, unsigned thread, int *err)
{
	struct vcpu *v = machine_living_vcpu(g, thread, err);

	if (!v)
		return NULL;
	if (vcpu_runs(v))
		*err = refuse(&g->refusal, -EBUSY, "thread %u is running", thread);
	else if (!v->known)
		*err = refuse(&g->refusal, -ENXIO, "vCPU %u has not run yet: the VMM may not have set it up", v->nr);
	else
		return look_again(v);
	return NULL;
}
