/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM that runs in another process, whose VMM knows nothing of it: a struct host over that process, by ptrace(2). See attach_vcpu.h for
 * how; a thread of ours is made there (hand.h).
 */
#ifndef ATTACH_H
#define ATTACH_H

#include <sys/types.h>

#include "../host/host.h"
#include "../refuse.h"

struct held;
struct seen_vms;

struct attach_config {
	pid_t pid;
	const char *const *ram; /* GPA:SIZE:HVA, in place of what the kernel says; ends with NULL. Or NULL */
	bool (*gives_up)(
		void); /* asked again and again while a thread of the VMM's is waited for: is whoever attaches told to end? Or NULL */
	const struct held *held;     /* threads that wait for us before their first KVM_RUN; until this returns. Or NULL */
	const struct seen_vms *seen; /* what they were seen to do with the VM's memory, until this returns. Or NULL */
};

/*
 * /dev/kvm: our own, or, where that may not be opened, a copy of the descriptor that this process has; pid 0: that any process has which runs
 * a VM and may be traced. The caller's to close. Or -errno, and the sentence of our own.
 */
int attach_open_kvm(pid_t pid, const struct refusal *why);

/*
 * Its vCPUs, at rest; or NULL, and one sentence in error, and the VMM goes on as if nothing had been. The threads on which run/ is to run
 * them are there (host_ops.start()). host_ops.close() ends these, lets the VMM go on, and leaves nothing in it; before, no opcode is
 * planted, and guest debugging is off.
 */
struct host *attach_open(const struct attach_config *config, char *error, size_t size);

#endif
