/* SPDX-License-Identifier: BSD-2-Clause */
/* Past a breakpoint while the others run on: what is under its opcode is carried out here. Within run/. */
#ifndef RUN_EMULATE_H
#define RUN_EMULATE_H

#include "vcpu.h"

/*
 * Of a vCPU that is at a planted breakpoint: by its own thread, or by the baton's holder while nobody runs. Is the instruction done? Else
 * nothing has changed, and the vCPU has to step over it.
 */
bool emulate_over(struct vcpu *v);

#endif
