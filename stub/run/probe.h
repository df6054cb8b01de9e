/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this host's KVM really does. Several hosts accept a debug request and do nothing, so each kind is tried once at start-up,
 * in a scratch VM, and only what was seen to work is offered.
 */
#ifndef PROBE_H
#define PROBE_H

#include "../arch/arch.h"
#include "../capabilities.h"
#include "../host/host.h"

/*
 * Tries the scratch machine (vm_open_scratch), whose RAM begins at base, on the calling thread. 0, or -errno when it did not even
 * run; what could not be tried is false.
 */
int capabilities_probe(struct capabilities *caps, const struct arch *arch, struct host *scratch, uint64_t base);

#endif
