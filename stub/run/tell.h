/* SPDX-License-Identifier: BSD-2-Clause */
/* Sentences of a vCPU. */
#ifndef TELL_H
#define TELL_H

#include "vcpu.h"

/* Behind the sentence in v->text: where the vCPU is, and what is there as the guest has it. On its own thread. */
void tell_code(struct vcpu *v, uint64_t pc);

#endif
