/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where KVM steps by a flag among those of the guest (struct arch_step_flag): after each step the guest has its own flags, in its
 * processor and wherever it, or its processor, has saved them meanwhile.
 */
#include <string.h>

#include "step_flag.h"

void flag_begins(struct vcpu *v, bool step)
{
	const struct arch_step_flag *flag = v->guest->arch->step.flag;

	v->flag.own = v->flag.trap = false;
	v->flag.step = (struct flag_step){ .queued = v->queued, .code = v->flag.step.code };
	v->queued = 0;
	if (v->flag.age != v->guest->memory.age)
		memset(&v->flag.step.code, 0, sizeof(v->flag.step.code));
	v->flag.age = v->guest->memory.age;
	v->flag.set = step && flag && !flag->begins(&v->regs.view, &v->flag.step);
}

static void put_byte(struct vcpu *v, uint64_t va, uint8_t byte)
{
	struct guest *g = v->guest;
	struct arch_page page;

	if (!g->arch->walk.translate(&v->regs.view, va, &page))
		planted_write(&g->memory.planted, page.pa, &byte, 1);
}

/* As long as KVM is to step, it hides the flag and takes it away in the end: it is told first that it is not. */
static void set_own(struct vcpu *v)
{
	struct guest *g = v->guest;
	const struct arch_step_flag *flag = g->arch->step.flag;
	struct view *view = &v->regs.view;
	uint64_t flags;

	if (g->host->ops->set_debug(g->host, v->nr, 0, v->told.bytes, v->told.size))
		return;
	v->told.control = 0;
	if (!view->get(view, flag->key, &flags))
		view->set(view, flag->key, flags | flag->bit);
}

void flag_ended(struct vcpu *v)
{
	struct view *view = &v->regs.view;
	struct flag_step_end end;

	if (!v->flag.set)
		return;
	v->guest->arch->step.flag->ended(view, &v->flag.step, &end);
	if (end.copied && end.key)
		view->set(view, end.key, end.value);
	else if (end.copied)
		put_byte(v, end.va, (uint8_t)end.value);
	v->flag.own = end.own;
	v->flag.trap = end.trap;
	if (end.own)
		set_own(v);
}
