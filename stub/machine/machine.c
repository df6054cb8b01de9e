/* SPDX-License-Identifier: BSD-2-Clause */
/* Which vCPU a request may look into. See machine.h. */
#include "machine.h"

#include <errno.h>

struct vcpu *machine_living_vcpu(struct machine *m, unsigned thread, int *err)
{
	struct vcpu *v = guest_vcpu(&m->guest, thread);

	if (!v)
		*err = guest_refuse(&m->guest, -ESRCH, "there is no thread %u", thread);
	else if (guest_ended(&m->guest))
		*err = guest_refuse(&m->guest, -ESRCH, "the guest has ended");
	else
		return v;
	return NULL;
}

struct vcpu *machine_stopped_vcpu(struct machine *m, unsigned thread, int *err)
{
	struct vcpu *v = machine_living_vcpu(m, thread, err);

	if (!v || !vcpu_runs(v))
		return v;
	*err = guest_refuse(&m->guest, -EBUSY, "thread %u is running", thread);
	return NULL;
}
