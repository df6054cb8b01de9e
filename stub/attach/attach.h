/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM that runs in another process, whose VMM knows nothing of it: a struct host over that process, by ptrace(2). See attach_vcpu.h for
 * how; a thread of ours is made there (hand.h).
 */
#ifndef ATTACH_H
#define ATTACH_H

#include <sys/types.h>

#include "../host/host.h"

struct attach_config {
	pid_t pid;
	const char *const *ram; /* GPA:SIZE:HVA, in place of what the kernel says; ends with NULL. Or NULL */
};

/*
 * Its vCPUs, at rest; or NULL, and one sentence in error, and the VMM goes on as if nothing had been. The threads on which run/ is to run
 * them are there (host_ops.start()). host_ops.close() ends these, lets the VMM go on, and leaves nothing in it; before, no opcode is
 * planted, and guest debugging is off.
 */
struct host *attach_open(const struct attach_config *config, char *error, size_t size);

#endif
