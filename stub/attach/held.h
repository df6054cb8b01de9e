/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads of a VMM's that were about to call KVM_RUN for the first time, and are held before it: launch.h has why, and who has done that.
 * Such a thread is nobody's tracee. It sleeps in a ppoll() for nothing, with all signals blocked, in place of KVM_RUN.
 */
#ifndef ATTACH_HELD_H
#define ATTACH_HELD_H

#include <stdint.h>
#include <sys/types.h>

#include "tracee_arch.h"

struct held_vcpu {
	pid_t tid;
	unsigned nr;		 /* of the vCPU */
	int fd;			 /* ... by which the thread calls KVM_RUN */
	struct tracee_regs regs; /* at the entry of that call, behind its instruction */
	uint64_t mask;		 /* the signals that the thread blocks itself */
};

struct held {
	unsigned n;
	struct held_vcpu *vcpu;
};

#endif
