/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of one vCPU: tell KVM what to watch for, run, and say what came of it. Runs on the vCPU's own thread, without the lock;
 * it reads the points, which do not change while a vCPU runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../points/judge.h"
#include "emulate.h"
#include "idle.h"
#include "mask.h"
#include "own_debug.h"
#include "step.h"
#include "step_flag.h"
#include "step_plan.h"
#include "verdict.h"

/* Was KVM told of a step from here, where that matters? */
static bool is_told(struct vcpu *v)
{
	return !v->guest->arch->step.flag || v->told.pc == vcpu_pc(v);
}

/* Only when it differs from what KVM was told last: a system call saved on every step but the first, where that may be. */
static int set_debug(struct vcpu *v, bool step, uint64_t skip, bool ahead)
{
	struct guest *g = v->guest;
	struct debug_request want = {
		.step = step && !v->nends,
		.block_irq = g->caps.block_irq && !g->open_steps,
		.planted = g->points.planted || v->nends,
		.ends_at = step && v->flag.step.ends_at && g->caps.exec,
		.end = v->flag.step.end,
	};
	uint8_t bytes[ARCH_DEBUG_SIZE] = { 0 };
	uint32_t control;
	size_t size;
	int err;

	points_debug(&g->points, &want, skip);
	own_place(v, &want, ahead);
	size = g->arch->debug.encode(&want, &control, bytes);
	own_tell(v, &want);
	if (control == v->told.control && !memcmp(bytes, v->told.bytes, sizeof(bytes)) && (!want.step || is_told(v)))
		return 0;
	err = g->host->ops->set_debug(g->host, v->nr, control, bytes, size);
	if (err)
		return err;
	v->told.pc = g->arch->step.flag ? vcpu_pc(v) : 0;
	v->told.control = control;
	v->told.size = size;
	memcpy(v->told.bytes, bytes, sizeof(bytes));
	return 0;
}

/* ---- a breakpoint was met: is it to be reported? ---- */

/*
 * gdb knows a breakpoint of its own by the pc. Told of one at another pc, it takes the stop for one that comes late and resumes the
 * guest without a word (infrun.c, "delayed software breakpoint trap"). It is a stop all the same, and the user is told which.
 */
static enum step_result report(struct vcpu *v, const struct point *p)
{
	uint64_t pc = vcpu_pc(v);

	if (pc == p->addr) {
		verdict_event(v, p->type == POINT_SOFTWARE ? STOP_SWBREAK : STOP_HWBREAK);
		v->stop.text = v->text[0] ? v->text : NULL;
		return STEP_EVENT;
	}
	snprintf(v->text, sizeof(v->text), "at the breakpoint of 0x%llx, where the pc is 0x%llx", (unsigned long long)p->addr,
		(unsigned long long)pc);
	return verdict_signal(v, GDB_SIGNAL_TRAP);
}

/* It is not: nothing has happened as far as the debugger knows. */
static enum step_result pass(struct vcpu *v)
{
	/* x86: the step that came here is done all the same. */
	if (v->run.met_stepped && v->want == RESUME_STEP && !verdict_in_range(v))
		return verdict_event(v, STOP_SIGNAL);
	if (v->want == RESUME_CONTINUE && v->run.met->place && emulate_over(v))
		return STEP_OVER;
	if (step_plan(v, true, &(struct refusal){ v->text, sizeof(v->text) }))
		return report(v, v->run.met);
	v->way.place = v->run.met->place ? v->run.met->place
					 : points_spot(&v->guest->points, &v->space, memory_of_pc(&v->space)).place;
	v->way.known = true;
	v->way.alone = v->nends || v->way.place;
	v->at_point = AT_PASSED;
	return STEP_PASS;
}

/* Memory and registers are as the guest has them: nothing is lifted, and no end of a step is planted. */
static enum step_result at_met(struct vcpu *v)
{
	const struct judgement j = { .said = &v->said, .text = v->text, .size = sizeof(v->text) };
	const struct point *p = judge_met(&v->guest->points, &v->space, v->run.met, &j);

	return p ? report(v, p) : pass(v);
}

/* The next step of a range. What cannot be planned ends it: the debugger's own next step is told why. */
static enum step_result more(struct vcpu *v)
{
	if (step_plan(v, false, &(struct refusal){ v->text, sizeof(v->text) }))
		return verdict_event(v, STOP_SIGNAL);
	v->way.alone = v->nends;
	return STEP_MORE;
}

/* A vCPU that has just met the breakpoint knows what is planted there; else the page tables are asked. */
static struct place *lift(struct vcpu *v, uint64_t pc)
{
	struct place *place = v->way.known ? v->way.place : points_spot(&v->guest->points, &v->space, pc).place;

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
		return verdict_failed(v, "waiting to be brought up", err);
	if (exit.kind == EXIT_KICKED)
		return STEP_NOTHING;
	v->unheard = false;
	v->at_point = AT_UNSEEN;
	idle_brought_up(v);
	return STEP_EVENT;
}

/* ---- a run in two halves ---- */

/* What KVM is told before each KVM_RUN of it. STEP_AGAIN: KVM_RUN may come. */
static enum step_result prepare(struct vcpu *v)
{
	bool kvm_steps = v->run.step && !v->nends;
	int err;

	flag_begins(v, kvm_steps);
	err = set_debug(v, v->run.step, v->run.skip, false);
	if (!err && v->flag.step.queued)
		own_give_again(v);
	regfile_drop(&v->regs);
	v->run.how = v->run.settles ? HOST_SETTLE : kvm_steps ? HOST_STEP : HOST_RUN;
	return err ? verdict_failed(v, "KVM_SET_GUEST_DEBUG", err) : STEP_AGAIN;
}

/* Steps with interrupts held back, as they were planned; everything else without. */
static enum step_result begin(struct vcpu *v)
{
	int err = plan_plant(v);

	if (err)
		return verdict_failed(v, "the end of the step cannot be planted", err);
	err = v->run.step ? 0 : mask_give_back(v);
	if (err)
		return verdict_failed(v, "the guest's interrupt mask cannot be set back", err);
	return prepare(v);
}

/* Kicked before it could step over a breakpoint, the vCPU still is where that was reported. */
static bool is_past(const struct vcpu *v, enum step_result result)
{
	return !(v->first == FIRST_OVER && (result == STEP_NOTHING || result == STEP_AWAY));
}

/* Nothing of the run is left in memory, whoever reads it next. */
static enum step_result finish(struct vcpu *v, enum step_result result)
{
	if (v->run.step)
		mask_stepped(v);
	plan_unplant(v);
	if (result == STEP_NOTHING && v->run.step)
		result = idle_called_out(v, v->run.skip);
	v->unheard = result == STEP_NOTHING;
	if (result == STEP_OVER) { /* it goes on with the others, freely */
		v->nends = 0;
		v->way.known = false;
	}
	if (v->run.lifted)
		planted_again(&v->guest->memory.planted, v->run.lifted);
	if (is_past(v, result))
		v->at_point = AT_UNSEEN;
	if (v->run.met)
		return at_met(v);
	return result == STEP_MORE ? more(v) : result;
}

/* The VMM has had the access completed that the step began with: it is over, and no end of it is planted. */
static enum step_result was_done(struct vcpu *v)
{
	v->done = false;
	v->nends = 0;
	regfile_drop(&v->regs);
	return finish(v, verdict_stepped(v));
}

enum step_result step_begin(struct vcpu *v)
{
	enum step_result result;

	if (idle_is_told_of(v))
		return STEP_EVENT;
	v->run = (struct run){ .step = verdict_is_stepping(v), .skip = UINT64_MAX };
	if (v->done && v->run.step)
		return was_done(v);
	v->done = false;
	v->run.settles = v->run.step && vcpu_is_pending(v);
	if (v->first == FIRST_OVER) {
		v->run.skip = memory_of_pc(&v->space);
		v->run.lifted = lift(v, v->run.skip);
	}
	result = begin(v);
	return result == STEP_AGAIN ? result : finish(v, result);
}

/* The access that was pending is done: an instruction has been executed. */
static enum step_result settled(struct vcpu *v)
{
	return v->run.step ? verdict_stepped(v) : STEP_NOTHING;
}

static enum step_result judge_run(struct vcpu *v, int err, const struct vcpu_exit *exit)
{
	bool settles = v->run.settles;

	if (err)
		return verdict_failed(v, "KVM_RUN", err);
	v->run.settles = false;
	flag_ended(v);
	return settles && exit->kind == EXIT_KICKED ? settled(v) : verdict_judge(v, exit, v->run.skip);
}

enum step_result step_end(struct vcpu *v, int err, const struct vcpu_exit *exit)
{
	enum step_result result = judge_run(v, err, exit);

	if (result == STEP_AGAIN)
		result = prepare(v);
	return result == STEP_AGAIN ? result : finish(v, result);
}

static enum step_result enter(struct vcpu *v)
{
	struct host *h = v->guest->host;
	enum step_result result = step_begin(v);

	while (result == STEP_AGAIN) {
		struct vcpu_exit exit = { 0 };
		int err = h->ops->run(h, v->nr, v->run.how, &exit);

		result = step_end(v, err, &exit);
	}
	return result;
}

enum step_result step_run(struct vcpu *v)
{
	return v->first == FIRST_AWAITS && !v->guest->caps.step ? await(v) : enter(v);
}

void step_expect(struct guest *g)
{
	struct vcpu *v = g->current;

	v->flag.step.ends_at = false;
	if (v->want == RESUME_STEP && v->flag.set && !v->flag.own)
		set_debug(v, true, UINT64_MAX, true);
}
