/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a Linux kernel runs in the guest, by the text that /proc/version shows: linux_banner. */
#ifndef MONITOR_LINUX_H
#define MONITOR_LINUX_H

#include "../machine/machine.h"

#define LINUX_PREFIX "Linux version "
#define LINUX_BANNER_MAX 512

/* How far around a place that is known to be in it a kernel is looked for. */
#define LINUX_REACH (64ull << 20)

struct linux_banner {
	struct vcpu *vcpu; /* by whose registers it was found */
	uint64_t va, pa;
	bool mapped;		     /* va is mapped to pa at present */
	char text[LINUX_BANNER_MAX]; /* without its newline, and printable */
};

/* By a vCPU that stands, the one whose stop was reported last before the others. False: no vCPU's registers lead to a kernel. */
bool linux_find(struct guest *g, struct linux_banner *b);

/* The next vCPU that stands, from *nr on; NULL: there is none. */
struct vcpu *linux_next_vcpu(struct guest *g, unsigned *nr);

#endif
