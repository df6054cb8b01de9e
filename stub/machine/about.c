/* SPDX-License-Identifier: BSD-2-Clause */
/* What a debugger that knows nothing of the machine is told of it. */
#include "about.h"

#include <errno.h>
#include <stdio.h>

#include "machine.h"

void about_kind(void *t, struct target_kind *kind)
{
	struct guest *g = machine_guest(t);
	const struct arch *arch = g->tdesc.arch;

	*kind = (struct target_kind){
		.llvm = arch->llvm,
		.pointer_size = arch->pointer_size,
		.big_endian = arch->big_endian,
		.watch_after = arch->debug.watch_after,
		.watchpoints = g->caps.watch[POINT_WRITE] ? g->caps.watch_slots : 0,
	};
}

bool about_address_bits(void *t, unsigned thread, unsigned *lower, unsigned *upper)
{
	struct guest *g = machine_guest(t);
	int err;
	struct vcpu *v = g->arch->walk.address_bits ? machine_stopped_vcpu(g, thread, &err) : NULL;

	return v && !g->arch->walk.address_bits(&v->regs.view, lower, upper);
}

void about_thread(void *t, unsigned thread, char *text, size_t size)
{
	(void)t;
	snprintf(text, size, "vCPU %u", thread - 1);
}

bool about_image(void *t, struct target_image *image)
{
	struct host *host = machine_guest(t)->host;
	struct host_image its;

	if (!host->ops->image || !host->ops->image(host, &its))
		return false;
	*image = (struct target_image){ .path = its.path, .size = its.size, .inode = its.inode, .mtime = its.mtime };
	return true;
}

ssize_t about_read_image(void *t, uint64_t offset, void *buf, size_t len)
{
	struct host *host = machine_guest(t)->host;

	return host->ops->read_image ? host->ops->read_image(host, offset, buf, len) : -ENOENT;
}
