/* SPDX-License-Identifier: BSD-2-Clause */
/* An access to a device that KVM leaves to us: the architecture says what it is, the host does it. On the vCPU's own thread. */
#include "access_device.h"

#include <errno.h>

#define CODE_SIZE 4 /* where there is such a thing, instructions are as long */

/* All of it, also behind what is to be reported: the instruction is one. 0, 1 with *exit to be reported, or -errno. */
static int do_access(struct vcpu *v, struct arch_access *a, struct vcpu_exit *exit)
{
	struct host *h = v->guest->host;
	int report = 0;

	for (unsigned i = 0; i < a->n; i++) {
		struct vcpu_exit another;
		int err =
			h->ops->access(h, v->nr, a->pa + i * a->size, a->data[i], a->size, a->write, report ? &another : exit);

		if (err < 0)
			return err;
		report |= err;
	}
	return report;
}

int access_device(struct vcpu *v, const struct vcpu_exit *exit, struct vcpu_exit *report)
{
	const struct arch *arch = v->guest->arch;
	uint8_t code[CODE_SIZE];
	struct arch_access a;
	ssize_t len;
	int err, reports;

	if (!arch->exit.access || !v->guest->host->ops->access)
		return -ENOENT;
	len = memory_peek(&v->space, memory_of_pc(&v->space), code, sizeof(code));
	err = arch->exit.access(&v->regs.view, exit, code, len < 0 ? 0 : (size_t)len, &a, v->text, sizeof(v->text));
	if (err)
		return err;
	reports = do_access(v, &a, report);
	if (reports < 0)
		return reports;
	err = arch->exit.accessed(&v->regs.view, code, &a);
	return err ? err : reports;
}
