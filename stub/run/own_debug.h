/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's own debug registers, which go on working while the debugger has some. */
#ifndef OWN_DEBUG_H
#define OWN_DEBUG_H

#include <stdbool.h>

struct arch_debug;
struct arch_hit;
struct vcpu;

/*
 * For step.c: into what KVM is to be told, and when that is encoded; and which were hit, bit n the guest's register n. ahead: it
 * is looked again before the run, and what was seen last will do.
 */
void own_place(struct vcpu *v, struct arch_debug *want, bool ahead);
void own_tell(struct vcpu *v, const struct arch_debug *want);
unsigned own_hits(struct vcpu *v, const struct arch_hit *hit, bool watch);

#endif
