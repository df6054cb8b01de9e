/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a struct host_call, for every kind of host whose vCPUs are descriptors of this process. */
#ifndef VCPU_CALLS_H
#define VCPU_CALLS_H

#include <pthread.h>
#include <stdatomic.h>

#include "host.h"

struct kvm_run;

/* Where a vCPU can be called. */
struct vcpu_place {
	int fd;
	struct kvm_run *run;
	size_t run_size;
	atomic_bool *synced;	 /* what KVM copied into kvm_run is still true */
	int many;		 /* our module's device, or -1 */
	int irqchip;		 /* the KVM device that is the interrupt controller and has attributes for each vCPU, or -1 */
	uint64_t irqchip_attr;	 /* what makes an attribute of it this vCPU's */
	pthread_mutex_t *lock;	 /* for what HOST_TOLD is answered with: */
	const void *const *told; /* it may be NULL */
	const size_t *told_size;
};

/* Makes one that is no ioctl on the vCPU's descriptor or on our module's device. False: it is one. */
bool vcpu_call_here(const struct vcpu_place *at, struct host_call *c);

/* Makes one call; what came of it is in c. */
void vcpu_call(const struct vcpu_place *at, struct host_call *c);

/* host_ops.set_debug, by host_ops.calls. */
int vcpu_set_debug(struct host *h, unsigned vcpu, uint32_t control, const void *arch, size_t size);

#endif
