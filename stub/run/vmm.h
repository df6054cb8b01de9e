/* SPDX-License-Identifier: BSD-2-Clause */
/* What the VMM of borrowed vCPUs says of its guest, to which it does things that KVM does not tell of. */
#ifndef RUN_VMM_H
#define RUN_VMM_H

#include "vcpu.h"

/*
 * The guest's memory and vCPUs are other ones by now. Opcodes that have gone with the memory are planted again, over what is there. No
 * vCPU is in a run, and nobody serves.
 */
void vmm_has_reset(struct guest *g);

/* The guest is over, with this code: the debugger is to be told. False: nobody attends. */
bool vmm_has_ended(struct guest *g, int code);

/* A stop, with this sentence for the debugger; NULL: with none. */
void vmm_stops(struct guest *g, const char *why);

/*
 * From vmm_cleans() to vmm_has_cleaned(), memory has no opcode and KVM knows of no debugging. No vCPU is in a run, and nobody serves.
 */
void vmm_cleans(struct guest *g);
void vmm_has_cleaned(struct guest *g);

/* The same of one vCPU, for good, and nothing is known of the one that has its number next. */
void vmm_vcpu_goes(struct vcpu *v);

/*
 * Guest-physical memory is about to go, with the opcodes that are planted in it taken out; and it is there. Nobody serves, and
 * no vCPU is in a run (threads_keep_out()).
 */
void vmm_memory_goes(struct guest *g, uint64_t gpa, uint64_t size);
void vmm_memory_comes(struct guest *g, uint64_t gpa, uint64_t size);

#endif
