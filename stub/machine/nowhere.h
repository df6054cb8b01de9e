/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that is where there is no memory. */
#ifndef NOWHERE_H
#define NOWHERE_H

#include "../run/vcpu.h"

/*
 * A stop of this stopped vCPU that is about to be reported: when its pc is not in RAM the stop's text says so, and where the vectors are.
 * Not of one that is off, which is nowhere; and not of steps, for it takes registers that nobody has asked for.
 */
void nowhere_tell(struct vcpu *v, struct stop *stop);

#endif
