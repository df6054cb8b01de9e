/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts wait while a vCPU steps. */
#ifndef MASK_H
#define MASK_H

#include "vcpu.h"

/*
 * Before a step, when the registers are at hand; behind it; and before the vCPU runs on
 * freely or is left to itself, 0 or -errno. By step.c; the last one by whoever else leaves a stopped vCPU to itself.
 */
void mask_plan(struct vcpu *v);
void mask_stepped(struct vcpu *v);
int mask_give_back(struct vcpu *v);

#endif
