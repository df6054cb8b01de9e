/* SPDX-License-Identifier: BSD-2-Clause */
/* What KVM does not carry out. */
#ifndef ACCESS_DEVICE_H
#define ACCESS_DEVICE_H

#include "vcpu.h"

/*
 * 0: exit was such an access, it is done and the vCPU is behind it; 1: the same, and *report is to be reported. -ENOENT: it was none.
 * -EOPNOTSUPP: v->text says why not. Another -errno: it could not be done.
 */
int access_device(struct vcpu *v, const struct vcpu_exit *exit, struct vcpu_exit *report);

#endif
