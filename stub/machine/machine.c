/* SPDX-License-Identifier: BSD-2-Clause */
/* Which vCPU a request may look into. See machine.h. */
#include "machine.h"

#include <errno.h>

struct vcpu *machine_living_vcpu(struct guest *g, unsigned thread, int *err)
{
	struct vcpu *v = guest_vcpu(g, thread);

	if (!v)
		*err = guest_refuse(g, -ESRCH, "there is no thread %u", thread);
	else if (guest_ended(g))
		*err = guest_refuse(g, -ESRCH, "the guest has ended");
	else
		return v;
	return NULL;
}

struct vcpu *machine_stopped_vcpu(struct guest *g, unsigned thread, int *err)
{
	struct vcpu *v = machine_living_vcpu(g, thread, err);

	if (!v || !vcpu_runs(v))
		return v;
	*err = guest_refuse(g, -EBUSY, "thread %u is running", thread);
	return NULL;
}
