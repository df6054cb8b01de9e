/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where KVM steps by a flag that goes wherever the guest's flags are saved (x86), it is taken out of what was saved during a step: the
 * guest would find it there, or trap, when nobody steps any more.
 */
#include "machine.h"

void flag_begins(struct vcpu *v, bool step)
{
	const struct arch *arch = v->machine->arch;

	v->flag_set = step && arch->step_begins && !arch->step_begins(&v->regs.view, &v->began);
}

static void put_byte(struct vcpu *v, uint64_t va, uint8_t byte)
{
	struct machine *m = v->machine;
	struct arch_page page;

	if (!m->arch->translate(&v->regs.view, va, &page))
		m->host->ops->write_mem(m->host, page.pa, &byte, 1);
}

void flag_ends(struct vcpu *v)
{
	struct view *view = &v->regs.view;
	struct arch_saved copy;

	if (!v->flag_set || !v->machine->arch->step_saved(view, &v->began, &copy))
		return;
	if (copy.key)
		view->set(view, copy.key, copy.value);
	else
		put_byte(v, copy.va, (uint8_t)copy.value);
}
