/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/kvm itself, and what every kind of host on it asks in the same way. */
#ifndef KVM_H
#define KVM_H

#include "host.h"
#include "refuse.h"

struct kvm_run;

/* /dev/kvm; given, if that is none of -1, once more. Or -errno, and a sentence that says what can be done. */
int kvm_open(int given, const struct refusal *why);

/* Our module's device, or -1. */
int kvm_open_many_regs(void);

/* As host_ops. fd is /dev/kvm, or a VM's for kvm_extension(); -1: there is none. */
int kvm_system_call(int fd, struct host_call *call);
int kvm_extension(int fd, int cap);

/* KVM_RUN has returned 0: the exit as arch/ takes it, but for its kind. */
void kvm_copy_exit(const struct kvm_run *run, struct vcpu_exit *exit);

#endif
