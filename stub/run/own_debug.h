/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's own debug registers, which go on working while the debugger has some. */
#ifndef OWN_DEBUG_H
#define OWN_DEBUG_H

#include "vcpu.h"

/*
 * For step.c: into what KVM is to be told, and when that is encoded; and which were hit, bit n the guest's register n. ahead: it
 * is looked again before the run, and what was seen last will do.
 */
void own_place(struct vcpu *v, struct debug_request *want, bool ahead);
void own_tell(struct vcpu *v, const struct debug_request *want);
unsigned own_hits(struct vcpu *v, const struct arch_hit *hit, bool watch);

/*
 * What is the guest's own: `trap`, the exception as such, and hits of its own debug registers, which are one exception with it. *control: of
 * what KVM has queued; 0 when the vCPU is at its handler. 0 or -errno.
 */
int own_give(struct vcpu *v, const struct vcpu_exit *exit, bool trap, unsigned hits, uint32_t *control);

/* Before the run: KVM forgets the exception when a register is written (KVM_SET_REGS), as the debugger may have done. Otherwise it is EBUSY. */
void own_give_again(struct vcpu *v);

#endif
