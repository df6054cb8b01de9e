/* SPDX-License-Identifier: BSD-2-Clause */
/* host_ops.calls of a VM of our own. */
#ifndef VCPU_CALLS_H
#define VCPU_CALLS_H

#include "host.h"

int vm_calls(struct host *h, unsigned vcpu, struct host_call *calls, unsigned n);

#endif
