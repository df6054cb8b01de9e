/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What debugs itself in the guest is the guest's. Its debug registers (struct arch_own) go on working while the debugger has some, as far as there are
 * enough. They are looked at when the vCPU enters the guest. What it changes in them while it runs, counts from its next stop on.
 */
#include <errno.h>
#include <stdio.h>

#include "own_debug.h"

void own_place(struct vcpu *v, struct debug_request *want, bool ahead)
{
	const struct arch_own_debug *ops = v->guest->arch->debug.own;
	bool known = ahead && v->own.placed;

	v->own.placed = ops && (want->n || want->ends_at);
	if (!v->own.placed || (!known && ops->find(&v->regs.view, &v->own.regs)))
		v->own.regs.n = 0;
	else
		want->own = &v->own.regs;
}

/* Once, and again when it is others; not of those that give way for one instruction alone. */
void own_tell(struct vcpu *v, const struct debug_request *want)
{
	unsigned displaced = 0;
	size_t n = 0;
	char text[160];

	if (want->ends_at)
		return;
	for (unsigned i = 0; i < v->own.regs.n; i++)
		displaced |= (unsigned)!v->own.regs.reg[i].placed << v->own.regs.reg[i].nr;
	if (displaced && displaced != v->own.displaced) {
		for (unsigned nr = 0; nr < ARCH_OWN_MAX; nr++)
			if (displaced >> nr & 1)
				n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u", n ? ", " : "", nr);
		agent_say(&v->said,
			"The debugger's breakpoints and watchpoints take the place of debug registers of the guest's own: ");
		agent_say(&v->said, text);
		snprintf(text, sizeof(text), " (vCPU %u). They do nothing meanwhile.\n", v->nr);
		agent_say(&v->said, text);
	}
	v->own.displaced = displaced;
}

unsigned own_hits(struct vcpu *v, const struct arch_hit *hit, bool watch)
{
	const struct arch_own_debug *ops = v->guest->arch->debug.own;

	if (!ops || !hit->slots)
		return 0;
	/* In a step alone the guest has its own. */
	if (!v->own.placed && ops->find(&v->regs.view, &v->own.regs))
		return 0;
	return ops->hits(&v->own.regs, hit->slots, watch);
}

/* KVM is to queue an exception: of this request nothing else is new, and nothing remains. */
static int queue_exception(struct vcpu *v, uint32_t control)
{
	struct guest *g = v->guest;

	return g->host->ops->set_debug(g->host, v->nr, v->told.control | control, v->told.bytes, v->told.size);
}

int own_give(struct vcpu *v, const struct vcpu_exit *exit, bool trap, unsigned hits, uint32_t *control)
{
	const struct arch *arch = v->guest->arch;
	int err = 0;

	*control = 0;
	if (trap)
		err = arch->exit.give_back ? arch->exit.give_back(&v->regs.view, exit, control) : -EOPNOTSUPP;
	if (!err && hits)
		err = arch->debug.own->give(&v->regs.view, hits, control);
	if (!err && *control)
		err = queue_exception(v, *control);
	v->queued = err ? 0 : *control;
	return err;
}

void own_give_again(struct vcpu *v)
{
	queue_exception(v, v->flag.step.queued);
}
