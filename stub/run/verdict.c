/* SPDX-License-Identifier: BSD-2-Clause */
/* What an exit means to the debugger. On the vCPU's own thread, without the lock. See verdict.h. */
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "access_device.h"
#include "events.h"
#include "guest.h"
#include "idle.h"
#include "own_debug.h"
#include "step_plan.h"
#include "tell.h"

enum step_result verdict_event(struct vcpu *v, enum stop_kind kind)
{
	v->stop = (struct stop){ .kind = kind, .thread = v->nr + 1, .signal = GDB_SIGNAL_TRAP };
	return STEP_EVENT;
}

enum step_result verdict_signal(struct vcpu *v, int signal)
{
	verdict_event(v, STOP_SIGNAL);
	v->stop.signal = signal;
	v->stop.text = v->text;
	return STEP_EVENT;
}

bool verdict_in_range(struct vcpu *v)
{
	uint64_t size = v->range_end - v->range_start;

	return size && vcpu_pc(v) - v->range_start < size;
}

enum step_result verdict_stepped(struct vcpu *v)
{
	if (v->first == FIRST_AWAITS) {
		idle_brought_up(v);
		return STEP_EVENT;
	}
	if (v->first == FIRST_OVER && v->want == RESUME_CONTINUE)
		return STEP_OVER;
	return verdict_in_range(v) ? STEP_MORE : verdict_event(v, STOP_SIGNAL);
}

bool verdict_is_stepping(const struct vcpu *v)
{
	return v->first == FIRST_OVER || v->first == FIRST_AWAITS || v->want == RESUME_STEP;
}

static enum step_result not_given(struct vcpu *v, int err)
{
	snprintf(v->text, sizeof(v->text), "a debug exception of the guest's own, which it could not be given: %s (pc 0x%llx)",
		strerror(-err), (unsigned long long)memory_of_pc(&v->space));
	return verdict_signal(v, GDB_SIGNAL_TRAP);
}

/*
 * What the debugger has no part in is the guest's own, and goes to the guest's handler. A step is over when it is there; where KVM
 * takes the vCPU there itself, it runs on, stepping, until it is.
 */
static enum step_result guests_own(struct vcpu *v, const struct vcpu_exit *exit, unsigned hits)
{
	uint32_t control;
	int err = own_give(v, exit, true, hits, &control);

	return err ? not_given(v, err) : verdict_is_stepping(v) && !control ? verdict_stepped(v) : STEP_AGAIN;
}

/* KVM's step is complete. Where the guest steps itself, its own is as well; or it has met its own watchpoint. */
static enum step_result step_complete(struct vcpu *v, const struct vcpu_exit *exit, unsigned hits)
{
	uint32_t control;
	int err = own_give(v, exit, v->flag.trap, hits, &control);

	return err ? not_given(v, err) : verdict_stepped(v);
}

static enum step_result at_point(struct vcpu *v, const struct point *p, uint64_t addr)
{
	if (p->type == POINT_SOFTWARE || p->type == POINT_HARDWARE) {
		v->run.met = p;
		return STEP_EVENT;
	}
	verdict_event(v, STOP_WATCH);
	v->stop.point = p->type;
	/* The access may have begun before the watched bytes; gdb knows its watchpoint by an address inside. */
	v->stop.addr = addr - p->addr < p->kind ? addr : p->addr;
	return STEP_EVENT;
}

static const struct point *point_of(struct vcpu *v, const struct arch_hit *hit, uint64_t skip)
{
	struct guest *g = v->guest;

	if (hit->slots)
		return points_of_slots(&g->points, hit->slots, skip);
	return hit->kind == HIT_EXEC ? points_in_register_at(&g->points, memory_of_pc(&v->space))
				     : points_of_access(&g->points, hit->addr);
}

/* KVM's own step would not have ended here. */
static bool is_step_end(struct vcpu *v, const struct arch_hit *hit)
{
	return v->flag.set && v->flag.step.ends_at && hit->slots && memory_of_pc(&v->space) == v->flag.step.end;
}

/*
 * The hardware says the address (arm64), or the slot (x86), and then the data address is the point's own. When a step is complete as
 * well, and it is the guest's own, its handler comes before what is to be executed next: a breakpoint there is met afterwards.
 */
static enum step_result at_debug_register(
	struct vcpu *v, const struct vcpu_exit *exit, const struct arch_hit *hit, uint64_t skip)
{
	const struct point *p = is_step_end(v, hit) ? NULL : point_of(v, hit, skip);
	bool own = hit->stepped && (v->flag.trap || !verdict_is_stepping(v));
	unsigned watch = own_hits(v, hit, true);
	uint32_t control;
	int err;

	v->run.met_stepped = hit->stepped;
	if (is_step_end(v, hit))
		return step_complete(v, exit, watch);
	if (!p || (point_is_exec(p) && (own || watch)))
		return hit->stepped && verdict_is_stepping(v) ? step_complete(v, exit, watch)
							      : guests_own(v, exit, own_hits(v, hit, false));
	err = own_give(v, exit, own, watch, &control);
	return err ? not_given(v, err) : at_point(v, p, hit->have_addr ? hit->addr : p->addr);
}

/* Where the opcode is that was hit; the pc as well, after this. */
static uint64_t trap_address(struct vcpu *v, const struct arch_hit *hit)
{
	if (hit->past)
		v->regs.view.set(&v->regs.view, v->guest->arch->regs.pc, vcpu_pc(v) - hit->past);
	return hit->have_addr ? hit->addr : memory_of_pc(&v->space);
}

/* The guest has written over our opcode. If that was a moment ago, ours was met, and is to be executed no more. */
static enum step_result written_over(struct vcpu *v, const struct vcpu_exit *exit, uint64_t addr)
{
	bool again = v->doubted != addr;

	v->doubted = again ? addr : UINT64_MAX;
	return again ? STEP_AGAIN : guests_own(v, exit, 0);
}

/* When ours is lifted, or was never there, the opcode is the guest's own. */
static enum step_result at_trap(struct vcpu *v, const struct vcpu_exit *exit, uint64_t addr)
{
	struct guest *g = v->guest;
	struct spot spot = points_spot(&v->guest->points, &v->space, addr);
	const struct point *p = points_planted_at(&g->points, &spot);

	if (plan_is_end(v, &spot))
		return verdict_stepped(v);
	if (!p || planted_is_lifted(p->place))
		return guests_own(v, exit, 0);
	return planted_is_in(&g->memory.planted, p->place) ? at_point(v, p, addr) : written_over(v, exit, addr);
}

/* KVM cannot go on. At a planted opcode that its instruction emulator does not know, this is how the hit comes back. */
static enum step_result at_error(struct vcpu *v, const struct vcpu_exit *exit, const struct arch_hit *hit)
{
	struct guest *g = v->guest;
	uint64_t pc = memory_of_pc(&v->space);
	struct spot spot = points_spot(&v->guest->points, &v->space, pc);
	const struct point *p = hit->emulated ? points_planted_at(&g->points, &spot) : NULL;

	if (p)
		return at_point(v, p, pc);
	v->run.error = true;
	g->arch->exit.describe(exit, v->text, sizeof(v->text));
	tell_code(v, pc);
	return verdict_signal(v, GDB_SIGNAL_ILL);
}

enum step_result verdict_failed(struct vcpu *v, const char *what, int err)
{
	snprintf(v->text, sizeof(v->text), "%s: %s (pc 0x%llx)", what, strerror(-err),
		(unsigned long long)memory_of_pc(&v->space));
	return verdict_signal(v, GDB_SIGNAL_ABRT);
}

/* None of the debugger's: an access that is left to us, or the guest cannot go on. */
static enum step_result at_other(struct vcpu *v, const struct vcpu_exit *exit, const struct arch_hit *hit)
{
	struct vcpu_exit report;
	int err = access_device(v, exit, &report);

	if (err == -ENOENT)
		return at_error(v, exit, hit);
	if (err == -EOPNOTSUPP) {
		tell_code(v, memory_of_pc(&v->space));
		return verdict_signal(v, GDB_SIGNAL_BUS);
	}
	if (err < 0)
		return verdict_failed(v, "an access to a device", err);
	return err ? verdict_judge(v, &report, UINT64_MAX) : verdict_is_stepping(v) ? verdict_stepped(v) : STEP_AGAIN;
}

static enum step_result judge_kvm(struct vcpu *v, const struct vcpu_exit *exit, uint64_t skip)
{
	struct arch_hit hit = { 0 };

	v->guest->arch->exit.classify(exit, &hit);
	switch (hit.kind) {
	case HIT_STEP:
		return verdict_is_stepping(v) ? step_complete(v, exit, 0) : guests_own(v, exit, 0);
	case HIT_OWN:
		return guests_own(v, exit, 0);
	case HIT_PLANTED:
		return at_trap(v, exit, trap_address(v, &hit));
	case HIT_EXEC:
	case HIT_WATCH:
		return at_debug_register(v, exit, &hit, skip);
	case HIT_NONE:
		break;
	}
	return at_other(v, exit, &hit);
}

enum step_result verdict_judge(struct vcpu *v, const struct vcpu_exit *exit, uint64_t skip)
{
	switch (exit->kind) {
	case EXIT_KVM:
		return judge_kvm(v, exit, skip);
	case EXIT_KICKED:
	case EXIT_WAITED:
		return STEP_NOTHING;
	case EXIT_VMM:
		return STEP_AWAY;
	case EXIT_IO_DONE:
		return verdict_stepped(v);
	case EXIT_ENDED:
	case EXIT_CRASHED:
	case EXIT_RESET:
	case EXIT_SHUT_DOWN:
		return events_stop(v, exit);
	case EXIT_GONE:
		guest_log(v->guest, "vCPU %u: %s", v->nr, exit->text);
		return STEP_GONE;
	case EXIT_LOST:
		events_lost(v, exit);
		break;
	case EXIT_STUCK:
		verdict_signal(v, GDB_SIGNAL_BUS);
		break;
	}
	snprintf(v->text, sizeof(v->text), "%s", exit->text);
	v->stop.text = v->text[0] ? v->text : NULL;
	return STEP_EVENT;
}
