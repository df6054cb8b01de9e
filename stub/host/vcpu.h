/* SPDX-License-Identifier: BSD-2-Clause */
/* How a vCPU of a VM of our own runs: the two of host_ops that may meet in two threads. */
#ifndef VCPU_H
#define VCPU_H

#include "host.h"

/* As host_ops says. */
int vm_run(struct host *h, unsigned vcpu, enum host_run how, struct vcpu_exit *exit);
void vm_kick(struct host *h, unsigned vcpu);

/* Once in the process before vm_kick(): the signal that ends KVM_RUN gets an empty handler. */
void vm_install_kick(void);

int vm_access(struct host *h, unsigned vcpu, uint64_t gpa, void *data, unsigned size, bool write, struct vcpu_exit *exit);

#endif
