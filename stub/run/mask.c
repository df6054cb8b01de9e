/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts wait while a vCPU steps, lest each step ends in the handler of one that has been pending since the stop. Where KVM sees to
 * that (x86-64, step.c's block_irq) there is nothing to do here. Elsewhere the guest's mask is set before the first step and stays so
 * over those that follow, hidden from everybody (reg/held.c), until the vCPU runs freely or its debugger has gone: interrupts are late
 * then, none is lost. What the instruction itself does with the mask is put right after it, or the guest's own is there for it.
 */
#include "mask.h"

/* Bytes of the instruction that tell what it is. */
#define INSN_SIZE 4

/* Where the instruction's exceptions go, of which what is saved has to be put right. */
static void plan_handlers(struct vcpu *v, const struct arch_mask *mask, const uint8_t *code, size_t len)
{
	if (mask->handlers)
		v->mask.nhandlers = mask->handlers(&v->regs.view, code, len, v->mask.handlers);
}

void mask_plan(struct vcpu *v)
{
	const struct arch_mask *mask = v->guest->arch->step.mask;
	uint8_t code[INSN_SIZE];
	ssize_t len;

	v->mask.on = false;
	v->mask.nhandlers = 0;
	v->mask.use = (struct arch_mask_use){ 0 };
	if (mask && v->guest->open_steps)
		regfile_give_back(&v->regs);
	if (!mask || v->guest->open_steps || regfile_may_be_interrupted(&v->regs, mask) != 1)
		return;
	v->mask.pc = memory_of_pc(&v->space);
	len = memory_peek(&v->space, v->mask.pc, code, sizeof(code));
	if (len > 0)
		mask->use(&v->regs.view, code, len, &v->mask.use);
	if (v->mask.use.needs_own) {
		regfile_give_back(&v->regs);
		return;
	}
	v->mask.on = !regfile_hold(&v->regs, mask, &v->mask.own);
	if (v->mask.on && len > 0)
		plan_handlers(v, mask, code, len);
}

/* The guest's own bits into a register that has got those that were held. */
static void correct(struct vcpu *v, uint64_t key)
{
	uint64_t bits = v->guest->arch->step.mask->bits, value;
	struct view *view = &v->regs.view;

	if (!view->get(view, key, &value))
		view->set(view, key, (value & ~bits) | (v->mask.own & bits));
}

static void executed(struct vcpu *v)
{
	const struct arch_mask_use *use = &v->mask.use;

	if (use->read_to)
		correct(v, use->read_to);
	if (use->replaces)
		regfile_let_go(&v->regs);
	else if (use->sets | use->clears)
		regfile_own_bits(&v->regs, (v->mask.own | use->sets) & ~use->clears);
}

/* It is at the handler, or has executed the instruction, or, kicked, it has not come to that. */
void mask_stepped(struct vcpu *v)
{
	const struct arch_mask *mask = v->guest->arch->step.mask;
	uint64_t saved;

	if (!v->mask.on || memory_of_pc(&v->space) == v->mask.pc)
		return;
	v->mask.on = false;
	saved = mask->saved ? mask->saved(&v->regs.view, v->mask.pc) : 0;
	if (!saved) {
		executed(v);
		return;
	}
	correct(v, saved);
	regfile_let_go(&v->regs);
}

int mask_give_back(struct vcpu *v)
{
	v->mask.on = false;
	return regfile_give_back(&v->regs);
}
