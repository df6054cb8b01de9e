/* SPDX-License-Identifier: BSD-2-Clause */
/* What each vCPU has to do first when threads are resumed, and whether they can be. Who then runs is threads.c's and non_stop.c's. */
#include <errno.h>

#include "../points/programs.h"
#include "due.h"
#include "emulate.h"
#include "guest.h"
#include "idle.h"
#include "mask.h"
#include "resume.h"
#include "step_plan.h"
#include "threads.h"
#include "vmm.h"
#include "turn.h"

/*
 * Is this vCPU to be taken past the breakpoint that it stands on? When the debugger has seen it there, or when it has been met and is
 * not to be reported. Commands take no part in a report: where there are some they are due, unless they have been run.
 */
static bool is_done_with_point(struct vcpu *v)
{
	struct guest *g = v->guest;
	struct spot spot;
	bool done = false;

	if (!g->points.n || !step_possible(g) || v->at_point == AT_UNSEEN)
		return false;
	spot = points_spot(&v->guest->points, &v->space, memory_of_pc(&v->space));
	for (unsigned i = 0; !done && i < g->points.n; i++) {
		const struct point *p = &g->points.point[i];

		done = points_is_at(p, &spot) && (v->at_point == AT_PASSED || !programs_has_commands(p->programs));
	}
	return done;
}

/* An event that was not reported yet, and that the debugger no longer wants or the hardware will bring again. */
static void drop_stale_event(struct vcpu *v)
{
	struct guest *g = v->guest;

	if (v->pending && v->stop.kind == STOP_WATCH &&
		!(g->arch->debug.watch_after && points_watched(&g->points, v->stop.point, v->stop.addr)))
		v->pending = false;
}

/* The VMM has it, and KVM awaits the answer to an access. */
static bool is_busy(struct vcpu *v)
{
	struct guest *g = v->guest;
	bool away;

	if (!g->host->borrowed)
		return false;
	pthread_mutex_lock(&g->lock);
	away = !v->home && v->known;
	pthread_mutex_unlock(&g->lock);
	return away && vcpu_is_pending(v);
}

static int refuse_busy(const struct vcpu *v)
{
	return refuse(&v->guest->refusal, -EBUSY,
		"vCPU %u is in the VMM, which serves an access of its: it cannot be stepped now", v->nr);
}

static int check_resume(struct guest *g, const struct resume_action *actions)
{
	bool any = false;

	if (guest_ended(g))
		return refuse(&g->refusal, -ESRCH, "the guest has ended");
	if (!guest_non_stop(g) && guest_running(g))
		return refuse(&g->refusal, -EBUSY, "the machine is running");
	for (unsigned i = 0; i < g->n; i++) {
		any |= actions[i].kind != RESUME_STAY;
		if (actions[i].kind == RESUME_STEP && !step_possible(g))
			return refuse(&g->refusal, -EOPNOTSUPP, "this host's KVM cannot single-step");
		if (actions[i].kind == RESUME_STEP && is_busy(g->vcpus[i]))
			return refuse_busy(g->vcpus[i]);
	}
	return any ? 0 : refuse(&g->refusal, -EINVAL, "no thread is to run");
}

static enum vcpu_first first_of(struct vcpu *v, enum resume_kind kind)
{
	if (kind != RESUME_STAY && is_done_with_point(v) && !idle_is_off(v))
		return FIRST_OVER;
	if (kind == RESUME_STEP && idle_is_off(v))
		return FIRST_OFF;
	return kind == RESUME_CONTINUE && idle_is_awaited(v) ? FIRST_AWAITS : FIRST_NOTHING;
}

/* What a vCPU has to do before it may run with the others. */
static int plan(struct vcpu *v, enum resume_kind kind)
{
	struct guest *g = v->guest;
	int err = kind == RESUME_STAY ? 0 : turn_catch_up(v);

	if (err && kind == RESUME_STEP)
		return refuse_busy(v);
	err = 0;
	v->first = first_of(v, kind);
	v->way.known = false;
	v->nends = 0;
	if (v->first == FIRST_OVER || (kind == RESUME_STEP && v->first != FIRST_OFF))
		err = step_plan(v, v->first == FIRST_OVER, &g->refusal);
	v->alone = v->first == FIRST_OVER || v->nends;
	return err;
}

/* It is over before it began. */
static void answer_step(struct vcpu *v)
{
	v->stop = (struct stop){ .kind = STOP_SIGNAL, .thread = v->nr + 1, .signal = GDB_SIGNAL_TRAP };
	v->pending = true;
}

static void commit(struct vcpu *v, const struct resume_action *action)
{
	v->want = action->kind;
	v->range_start = action->start;
	v->range_end = action->end;
	drop_stale_event(v);
	if (v->first == FIRST_OFF)
		idle_answer_step(v);
	else if (v->guest->step_is_none && action->kind == RESUME_STEP)
		answer_step(v);
	regfile_resumed(&v->regs);
	/* Of those that stay, too: clocks go on, and other vCPUs may reach them. */
	regfile_drop(&v->regs);
}

/* It goes at last, from a breakpoint that was reported: past that, if the others need not be kept out for it. */
static void pass_point(struct vcpu *v)
{
	if (v->first != FIRST_OVER || v->want != RESUME_CONTINUE || v->pending || !emulate_over(v))
		return;
	v->first = FIRST_NOTHING;
	v->alone = false;
	v->nends = 0;
	v->at_point = AT_UNSEEN;
}

/* Memory that is elsewhere now has none of the opcodes. */
static void plant_again(struct guest *g)
{
	if (g->memory_age == g->host->memory_age)
		return;
	g->memory_age = g->host->memory_age;
	vmm_memory_comes(g, 0, UINT64_MAX);
}

static int resume_all(struct guest *g, const struct resume_action *actions)
{
	int err = 0;

	plant_again(g);
	points_plant_waiting(&g->points, &g->current->space);
	for (unsigned i = 0; !err && i < g->n; i++)
		err = plan(g->vcpus[i], actions[i].kind);
	for (unsigned i = 0; !err && i < g->n; i++)
		commit(g->vcpus[i], &actions[i]);
	if (!err)
		err = due_resume(g);
	for (unsigned i = 0; !err && i < g->n; i++)
		pass_point(g->vcpus[i]);
	if (!err)
		threads_resume(g);
	return err;
}

/* One that has stopped already is told of, and not told to go on. */
static bool is_to_go(struct vcpu *v, const struct resume_action *action)
{
	return (action->kind == RESUME_CONTINUE || action->kind == RESUME_STEP) && !vcpu_runs(v) && !v->pending;
}

static void go(struct vcpu *v, const struct resume_action *action)
{
	struct guest *g = v->guest;

	commit(v, action);
	if (due_end(v))
		return;
	if (v->pending)
		g->notify(g->serve_arg, false);
	else
		threads_go(v);
}

/* What is planned holds until it is done: a vCPU that goes changes nothing for those that do not go yet. */
static int resume_some(struct guest *g, const struct resume_action *actions)
{
	int err = due_check(g);

	threads_hold_to_read(g, NULL);
	for (unsigned i = 0; !err && i < g->n; i++) {
		if (!is_to_go(g->vcpus[i], &actions[i]))
			continue;
		memory_forget(&g->vcpus[i]->space);
		err = plan(g->vcpus[i], actions[i].kind);
	}
	threads_let_go(g);
	for (unsigned i = 0; !err && i < g->n; i++) {
		if (actions[i].kind == RESUME_HALT)
			threads_halt(g->vcpus[i], 0);
		else if (is_to_go(g->vcpus[i], &actions[i]))
			go(g->vcpus[i], &actions[i]);
	}
	return err;
}

void resume_set_off(struct guest *g)
{
	if (g->started || !g->host->ops->set_off)
		return;
	g->host->ops->set_off(g->host);
	for (unsigned i = 0; i < g->n; i++)
		regfile_drop(&g->vcpus[i]->regs);
}

int resume_threads(struct guest *g, const struct resume_action *actions)
{
	int err = check_resume(g, actions);

	if (err)
		return err;
	resume_set_off(g);
	err = guest_non_stop(g) ? resume_some(g, actions) : resume_all(g, actions);
	g->step_is_none = false;
	return err;
}
