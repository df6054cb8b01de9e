/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs that belong to the VMM in whose process we are: a struct host over its descriptors. How they run is told in embed_run.h. */
#ifndef EMBED_H
#define EMBED_H

#include "embed_config.h"
#include "embed_run.h"
#include "host.h"

/*
 * A host without vCPUs and without memory; or NULL and one sentence in error. The kick signal, where there is no kick(), has a handler from
 * here on that does nothing; it stays when the host is closed, since a signal may still be on its way. host_ops.close() frees the host,
 * and the vCPUs that were not removed.
 */
struct host *embed_open(const struct embed_config *config, char *error, size_t size);

/* Of <linux/kvm.h>, KVM_SET_USER_MEMORY_REGION: as ram.h's ram_set(). Any thread. */
int embed_set_memory(struct host *h, uint32_t slot, uint64_t gpa, uint64_t size, void *address, bool read_only);

/* What host_ops.calls() answers HOST_TOLD with; copied. 0 or -ENOMEM. */
int embed_tell(struct host *h, const void *data, size_t size);

/*
 * Maps its kvm_run once more, and asks KVM for nothing else. It is in nobody's hands: the fast way is open. -EEXIST: there is one of this
 * number; -EINVAL: the number is too high; -EBADF: fd is no vCPU's; -ENOMEM. fd remains the VMM's, and open until the vCPU is removed.
 */
int embed_add_vcpu(struct host *h, unsigned nr, int fd, void *opaque, struct embed_vcpu **vcpu);

/* It is in no run, and nobody above knows it any more. Frees it. */
void embed_remove_vcpu(struct embed_vcpu *v);

#endif
