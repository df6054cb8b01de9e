/* SPDX-License-Identifier: BSD-2-Clause */
/* Where KVM steps by a flag among those of the guest. */
#ifndef STEP_FLAG_H
#define STEP_FLAG_H

#include "vcpu.h"

/* Around each KVM_RUN, by step.c. */
void flag_begins(struct vcpu *v, bool step);
void flag_ended(struct vcpu *v);

#endif
