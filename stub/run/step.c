/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of one vCPU: tell KVM what to watch for, run, and say what came of it. Runs on the vCPU's own thread, without the lock;
 * it reads the points, which do not change while a vCPU runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../points/judge.h"
#include "access_device.h"
#include "events.h"
#include "idle.h"
#include "mask.h"
#include "own_debug.h"
#include "step.h"
#include "step_flag.h"
#include "step_plan.h"
#include "tell.h"

/* As the debugger sees it. */
static uint64_t pc_register(struct vcpu *v)
{
	uint64_t pc = 0;

	v->regs.view.get(&v->regs.view, v->guest->arch->regs.pc, &pc);
	return pc;
}

/* Was KVM told of a step from here, where that matters? */
static bool is_told(struct vcpu *v)
{
	return !v->guest->arch->step.flag || v->told_at == pc_register(v);
}

/* Only when it differs from what KVM was told last: a system call saved on every step but the first, where that may be. */
static int set_debug(struct vcpu *v, bool step, uint64_t skip, bool ahead)
{
	struct guest *g = v->guest;
	struct debug_request want = {
		.step = step && !v->nends,
		.block_irq = g->caps.block_irq && !g->open_steps,
		.planted = g->points.planted || v->nends,
		.ends_at = step && v->began.ends_at && g->caps.exec,
		.end = v->began.end,
	};
	uint8_t bytes[ARCH_DEBUG_SIZE] = { 0 };
	uint32_t control;
	size_t size;
	int err;

	points_debug(&g->points, &want, skip);
	own_place(v, &want, ahead);
	size = g->arch->debug.encode(&want, &control, bytes);
	own_tell(v, &want);
	if (control == v->debug_control && !memcmp(bytes, v->debug_bytes, sizeof(bytes)) && (!want.step || is_told(v)))
		return 0;
	err = g->host->ops->set_debug(g->host, v->nr, control, bytes, size);
	if (err)
		return err;
	v->told_at = g->arch->step.flag ? pc_register(v) : 0;
	v->debug_control = control;
	v->debug_size = size;
	memcpy(v->debug_bytes, bytes, sizeof(bytes));
	return 0;
}

static enum step_result event(struct vcpu *v, enum stop_kind kind)
{
	v->stop = (struct stop){ .kind = kind, .thread = v->nr + 1, .signal = GDB_SIGNAL_TRAP };
	return STEP_EVENT;
}

static enum step_result signalled(struct vcpu *v, int signal)
{
	event(v, STOP_SIGNAL);
	v->stop.signal = signal;
	v->stop.text = v->text;
	return STEP_EVENT;
}

static bool is_in_range(struct vcpu *v)
{
	uint64_t size = v->range_end - v->range_start;

	return size && pc_register(v) - v->range_start < size;
}

static enum step_result stepped(struct vcpu *v)
{
	if (v->awaited) {
		idle_brought_up(v);
		return STEP_EVENT;
	}
	if (v->over && v->want == RESUME_CONTINUE)
		return STEP_OVER;
	return is_in_range(v) ? STEP_MORE : event(v, STOP_SIGNAL);
}

static bool is_stepping(const struct vcpu *v)
{
	return v->over || v->want == RESUME_STEP || v->awaited;
}

static enum step_result not_given(struct vcpu *v, int err)
{
	snprintf(v->text, sizeof(v->text), "a debug exception of the guest's own, which it could not be given: %s (pc 0x%llx)",
		strerror(-err), (unsigned long long)memory_of_pc(&v->space));
	return signalled(v, GDB_SIGNAL_TRAP);
}

/*
 * What the debugger has no part in is the guest's own, and goes to the guest's handler. A step is over when it is there; where KVM
 * takes the vCPU there itself, it runs on, stepping, until it is.
 */
static enum step_result guests_own(struct vcpu *v, const struct vcpu_exit *exit, unsigned hits)
{
	uint32_t control;
	int err = own_give(v, exit, true, hits, &control);

	return err ? not_given(v, err) : is_stepping(v) && !control ? stepped(v) : STEP_AGAIN;
}

/* KVM's step is complete. Where the guest steps itself, its own is as well; or it has met its own watchpoint. */
static enum step_result step_complete(struct vcpu *v, const struct vcpu_exit *exit, unsigned hits)
{
	uint32_t control;
	int err = own_give(v, exit, v->own_trap, hits, &control);

	return err ? not_given(v, err) : stepped(v);
}

static enum step_result at_point(struct vcpu *v, const struct point *p, uint64_t addr)
{
	if (p->type == POINT_SOFTWARE || p->type == POINT_HARDWARE) {
		v->met = p;
		return STEP_EVENT;
	}
	event(v, STOP_WATCH);
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
	return hit->kind == HIT_EXEC ? points_in_register_at(&g->points, memory_of_pc(&v->space)) : points_of_access(&g->points, hit->addr);
}

/* KVM's own step would not have ended here. */
static bool is_step_end(struct vcpu *v, const struct arch_hit *hit)
{
	return v->flag_set && v->began.ends_at && hit->slots && memory_of_pc(&v->space) == v->began.end;
}

/*
 * The hardware says the address (arm64), or the slot (x86), and then the data address is the point's own. When a step is complete as
 * well, and it is the guest's own, its handler comes before what is to be executed next: a breakpoint there is met afterwards.
 */
static enum step_result at_debug_register(
	struct vcpu *v, const struct vcpu_exit *exit, const struct arch_hit *hit, uint64_t skip)
{
	const struct point *p = is_step_end(v, hit) ? NULL : point_of(v, hit, skip);
	bool own = hit->stepped && (v->own_trap || !is_stepping(v));
	unsigned watch = own_hits(v, hit, true);
	uint32_t control;
	int err;

	v->met_stepped = hit->stepped;
	if (is_step_end(v, hit))
		return step_complete(v, exit, watch);
	if (!p || (point_is_exec(p) && (own || watch)))
		return hit->stepped && is_stepping(v) ? step_complete(v, exit, watch)
						      : guests_own(v, exit, own_hits(v, hit, false));
	err = own_give(v, exit, own, watch, &control);
	return err ? not_given(v, err) : at_point(v, p, hit->have_addr ? hit->addr : p->addr);
}

/* Where the opcode is that was hit; the pc as well, after this. */
static uint64_t trap_address(struct vcpu *v, const struct arch_hit *hit)
{
	if (hit->past)
		v->regs.view.set(&v->regs.view, v->guest->arch->regs.pc, pc_register(v) - hit->past);
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
		return stepped(v);
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
	g->arch->exit.describe(exit, v->text, sizeof(v->text));
	tell_code(v, pc);
	return signalled(v, GDB_SIGNAL_ILL);
}

static enum step_result failed(struct vcpu *v, const char *what, int err)
{
	snprintf(v->text, sizeof(v->text), "%s: %s (pc 0x%llx)", what, strerror(-err), (unsigned long long)memory_of_pc(&v->space));
	return signalled(v, GDB_SIGNAL_ABRT);
}

static enum step_result judge(struct vcpu *v, const struct vcpu_exit *exit, uint64_t skip);

/* None of the debugger's: an access that is left to us, or the guest cannot go on. */
static enum step_result at_other(struct vcpu *v, const struct vcpu_exit *exit, const struct arch_hit *hit)
{
	struct vcpu_exit report;
	int err = access_device(v, exit, &report);

	if (err == -ENOENT)
		return at_error(v, exit, hit);
	if (err == -EOPNOTSUPP) {
		tell_code(v, memory_of_pc(&v->space));
		return signalled(v, GDB_SIGNAL_BUS);
	}
	if (err < 0)
		return failed(v, "an access to a device", err);
	return err ? judge(v, &report, UINT64_MAX) : is_stepping(v) ? stepped(v) : STEP_AGAIN;
}

static enum step_result judge_kvm(struct vcpu *v, const struct vcpu_exit *exit, uint64_t skip)
{
	struct arch_hit hit = { 0 };

	v->guest->arch->exit.classify(exit, &hit);
	switch (hit.kind) {
	case HIT_STEP:
		return is_stepping(v) ? step_complete(v, exit, 0) : guests_own(v, exit, 0);
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

static enum step_result judge(struct vcpu *v, const struct vcpu_exit *exit, uint64_t skip)
{
	switch (exit->kind) {
	case EXIT_KVM:
		return judge_kvm(v, exit, skip);
	case EXIT_KICKED:
	case EXIT_WAITED:
	case EXIT_VMM:
		return STEP_NOTHING;
	case EXIT_IO_DONE:
		return stepped(v);
	case EXIT_ENDED:
	case EXIT_CRASHED:
	case EXIT_RESET:
	case EXIT_SHUT_DOWN:
		events_stop(v, exit);
		return STEP_EVENT;
	case EXIT_STUCK:
		signalled(v, GDB_SIGNAL_BUS);
		break;
	}
	snprintf(v->text, sizeof(v->text), "%s", exit->text);
	v->stop.text = v->text[0] ? v->text : NULL;
	return STEP_EVENT;
}

static enum step_result run(struct vcpu *v, bool step, uint64_t skip)
{
	struct guest *g = v->guest;
	struct vcpu_exit exit = { 0 };
	int err = g->host->ops->run(g->host, v->nr, step ? HOST_STEP : HOST_RUN, &exit);

	if (err)
		return failed(v, "KVM_RUN", err);
	flag_ended(v);
	return judge(v, &exit, skip);
}

/* Until something is for the debugger, or for threads.c. */
static enum step_result run_on(struct vcpu *v, bool step, uint64_t skip)
{
	enum step_result result;

	do {
		int err;

		flag_begins(v, step && !v->nends);
		err = set_debug(v, step, skip, false);
		if (!err && v->began.queued)
			own_give_again(v);
		regfile_drop(&v->regs);
		result = err ? failed(v, "KVM_SET_GUEST_DEBUG", err) : run(v, step && !v->nends, skip);
	} while (result == STEP_AGAIN);
	return result;
}

/* Steps with interrupts held back, as they were planned; everything else without. */
static enum step_result run_held(struct vcpu *v, bool step, uint64_t skip)
{
	int err = step ? 0 : mask_give_back(v);
	enum step_result result;

	if (err)
		return failed(v, "the guest's interrupt mask cannot be set back", err);
	result = run_on(v, step, skip);
	if (step)
		mask_stepped(v);
	return result;
}

/* ---- a breakpoint was met: is it to be reported? ---- */

/*
 * gdb knows a breakpoint of its own by the pc. Told of one at another pc, it takes the stop for one that comes late and resumes the
 * guest without a word (infrun.c, "delayed software breakpoint trap"). It is a stop all the same, and the user is told which.
 */
static enum step_result report(struct vcpu *v, const struct point *p)
{
	uint64_t pc = pc_register(v);

	if (pc == p->addr) {
		event(v, p->type == POINT_SOFTWARE ? STOP_SWBREAK : STOP_HWBREAK);
		v->stop.text = v->text[0] ? v->text : NULL;
		return STEP_EVENT;
	}
	snprintf(v->text, sizeof(v->text), "at the breakpoint of 0x%llx, where the pc is 0x%llx", (unsigned long long)p->addr,
		(unsigned long long)pc);
	return signalled(v, GDB_SIGNAL_TRAP);
}

/* It is not: nothing has happened as far as the debugger knows. */
static enum step_result pass(struct vcpu *v)
{
	/* x86: the step that came here is done all the same. */
	if (v->met_stepped && v->want == RESUME_STEP && !is_in_range(v))
		return event(v, STOP_SIGNAL);
	if (step_plan(v, true, v->text, sizeof(v->text)))
		return report(v, v->met);
	v->in_the_way = v->met->place ? v->met->place : points_spot(&v->guest->points, &v->space, memory_of_pc(&v->space)).place;
	v->way_known = true;
	v->next_alone = v->nends || v->in_the_way;
	v->passed = true;
	return STEP_PASS;
}

/* Memory and registers are as the guest has them: nothing is lifted, and no end of a step is planted. */
static enum step_result at_met(struct vcpu *v)
{
	const struct judgement j = { .said = &v->said, .text = v->text, .size = sizeof(v->text) };
	const struct point *p = judge_met(&v->guest->points, &v->space, v->met, &j);

	return p ? report(v, p) : pass(v);
}

/* The next step of a range. What cannot be planned ends it: the debugger's own next step is told why. */
static enum step_result more(struct vcpu *v)
{
	if (step_plan(v, false, v->text, sizeof(v->text)))
		return event(v, STOP_SIGNAL);
	v->next_alone = v->nends;
	return STEP_MORE;
}

/* A vCPU that has just met the breakpoint knows what is planted there; else the page tables are asked. */
static struct place *lift(struct vcpu *v, uint64_t pc)
{
	struct place *place = v->way_known ? v->in_the_way : points_spot(&v->guest->points, &v->space, pc).place;

	if (place)
		planted_lift(&v->guest->memory.planted, place);
	return place;
}

/* KVM cannot step it: it does not enter, and KVM is asked from time to time whether it still is off. */
static enum step_result await(struct vcpu *v)
{
	struct host *h = v->guest->host;
	struct vcpu_exit exit = { .kind = EXIT_WAITED };
	int err = 0;

	while (!err && exit.kind == EXIT_WAITED && idle_is_off(v))
		err = h->ops->run(h, v->nr, HOST_WAIT, &exit);
	if (err)
		return failed(v, "waiting to be brought up", err);
	if (exit.kind == EXIT_KICKED)
		return STEP_NOTHING;
	v->unheard = v->awaited = v->reported = v->passed = false;
	idle_brought_up(v);
	return STEP_EVENT;
}

static enum step_result enter(struct vcpu *v)
{
	bool step = is_stepping(v);
	uint64_t skip = v->over ? memory_of_pc(&v->space) : UINT64_MAX;
	struct place *lifted = v->over ? lift(v, skip) : NULL;
	enum step_result result;
	int err;

	v->met = NULL;
	v->met_stepped = false;
	err = plan_plant(v);
	result = err ? failed(v, "the end of the step cannot be planted", err) : run_held(v, step, skip);
	plan_unplant(v);
	if (result == STEP_NOTHING && step)
		result = idle_called_out(v, skip);
	v->unheard = result == STEP_NOTHING;
	v->awaited &= v->unheard;
	if (result == STEP_OVER) { /* it goes on with the others, freely */
		v->nends = 0;
		v->way_known = false;
	}
	if (lifted)
		planted_again(&v->guest->memory.planted, lifted);
	/* Kicked before it could step over: it still is where it was reported. */
	if (!(v->over && result == STEP_NOTHING))
		v->reported = v->passed = false;
	if (v->met)
		return at_met(v);
	return result == STEP_MORE ? more(v) : result;
}

enum step_result step_run(struct vcpu *v)
{
	return v->awaited && !v->guest->caps.step ? await(v) : enter(v);
}

void step_expect(struct guest *g)
{
	struct vcpu *v = g->current;

	v->began.ends_at = false;
	if (v->want == RESUME_STEP && v->flag_set && !v->own_flag)
		set_debug(v, true, UINT64_MAX, true);
}
