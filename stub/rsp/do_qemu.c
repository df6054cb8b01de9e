/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packets that QEMU added to the protocol (docs/system/gdb.rst there), which scripts send by `maint packet`: memory by its
 * guest-physical address, and what is kept from a step. QEMU takes a capital Q for the questions as well, and so pwndbg and gef ask.
 */
#include <errno.h>

#include "handlers.h"
#include "refusal.h"

/* QEMU's SSTEP_* (include/hw/core/cpu.h). Its third bit, 4, keeps clocks from going on, which KVM has nothing for. */
#define STEP_ENABLE 1u
#define STEP_NOIRQ 2u

static unsigned step_bits(struct session *s)
{
	return STEP_ENABLE | (s->target.ops->can_mask_steps(s->target.t) ? STEP_NOIRQ : 0);
}

int do_qemu_supported(struct session *s, const struct args *args)
{
	(void)args;
	reply_text(&s->out, "sstepbits;sstep;PhyMemMode");
	return ANSWERED;
}

int do_physical(struct session *s, const struct args *args)
{
	(void)args;
	reply_char(&s->out, s->physical ? '1' : '0');
	return ANSWERED;
}

int do_set_physical(struct session *s, const struct args *args)
{
	s->physical = args->n[0] != 0;
	return session_ok(s);
}

int do_step_bits(struct session *s, const struct args *args)
{
	(void)args;
	reply_text(&s->out, step_bits(s) & STEP_NOIRQ ? "ENABLE=1,NOIRQ=2" : "ENABLE=1");
	return ANSWERED;
}

static int set_step_mask(struct session *s, uint64_t mask)
{
	if (mask & ~(uint64_t)step_bits(s) || !(mask & STEP_ENABLE))
		return session_refuse(s, EINVAL, "a step can be 0x1%s here, not 0x%llx",
			step_bits(s) & STEP_NOIRQ ? " or 0x3" : "", (unsigned long long)mask);
	s->steps_open = !(mask & STEP_NOIRQ);
	if (step_bits(s) & STEP_NOIRQ)
		s->target.ops->mask_steps(s->target.t, !s->steps_open);
	return session_ok(s);
}

/* "=0x3", or "=3": QEMU's documentation writes it with the prefix. */
int do_step_mask(struct session *s, const struct args *args)
{
	struct cursor text = args->rest;
	uint64_t mask;

	if (!cursor_left(&text)) {
		reply_text(&s->out, "0x");
		reply_number(&s->out, s->steps_open ? STEP_ENABLE : step_bits(s));
		return ANSWERED;
	}
	if (cursor_left(&text) > 2 && text.at[0] == '0' && text.at[1] == 'x')
		text.at += 2;
	mask = cursor_number(&text);
	cursor_end(&text);
	return text.bad ? session_refuse_malformed(s, text.bad) : set_step_mask(s, mask);
}
