/* SPDX-License-Identifier: BSD-2-Clause */
/* What each vCPU has to do first when threads are resumed, and whether they can be. Who then runs is threads.c's and non_stop.c's. */
#include <errno.h>

#include "events.h"
#include "idle.h"
#include "../machine/machine.h"
#include "../points/programs.h"

/*
 * Is this vCPU to be taken past the breakpoint that it stands on? When the debugger has seen it there, or when it has been met and is
 * not to be reported. Commands take no part in a report: where there are some they are due, unless they have been run.
 */
static bool is_done_with_point(struct vcpu *v)
{
	struct machine *m = v->machine;
	struct spot spot;
	bool done = false;

	if (!m->points.n || !step_possible(m) || !(v->reported || v->passed))
		return false;
	spot = points_spot(v, memory_of_pc(v));
	for (unsigned i = 0; !done && i < m->points.n; i++) {
		const struct point *p = &m->points.point[i];

		done = points_is_at(p, &spot) && (v->passed || !programs_has_commands(p->programs));
	}
	return done;
}

/* An event that was not reported yet, and that the debugger no longer wants or the hardware will bring again. */
static void drop_stale_event(struct vcpu *v)
{
	struct machine *m = v->machine;

	if (v->pending && v->stop.kind == STOP_WATCH &&
		!(m->arch->debug.watch_after && points_watched(m, v->stop.point, v->stop.addr)))
		v->pending = false;
}

static int check_resume(struct machine *m, const struct resume_action *actions)
{
	bool any = false;

	if (threads_ended(m))
		return machine_refuse(m, -ESRCH, "the guest has ended");
	if (!machine_is_non_stop(m) && threads_running(m))
		return machine_refuse(m, -EBUSY, "the machine is running");
	for (unsigned i = 0; i < m->n; i++) {
		any |= actions[i].kind != RESUME_STAY;
		if (actions[i].kind == RESUME_STEP && !step_possible(m))
			return machine_refuse(m, -EOPNOTSUPP, "this host's KVM cannot single-step");
	}
	return any ? 0 : machine_refuse(m, -EINVAL, "no thread is to run");
}

/* What a vCPU has to do before it may run with the others. */
static int plan(struct vcpu *v, enum resume_kind kind)
{
	struct machine *m = v->machine;
	int err = 0;

	v->over = kind != RESUME_STAY && is_done_with_point(v) && !idle_is_off(v);
	v->way_known = false;
	v->nends = 0;
	v->off = kind == RESUME_STEP && idle_is_off(v);
	v->awaited = kind == RESUME_CONTINUE && idle_is_awaited(v);
	if (v->over || (kind == RESUME_STEP && !v->off))
		err = step_plan(v, v->over, m->why, sizeof(m->why));
	v->alone = v->over || v->nends;
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
	if (v->off)
		idle_answer_step(v);
	else if (v->machine->step_is_none && action->kind == RESUME_STEP)
		answer_step(v);
	regfile_resumed(&v->regs);
	/* Of those that stay, too: clocks go on, and other vCPUs may reach them. */
	regfile_drop(&v->regs);
}

static int resume_all(struct machine *m, const struct resume_action *actions)
{
	int err = 0;

	points_plant_waiting(m->current);
	for (unsigned i = 0; !err && i < m->n; i++)
		err = plan(&m->vcpus[i], actions[i].kind);
	for (unsigned i = 0; !err && i < m->n; i++)
		commit(&m->vcpus[i], &actions[i]);
	if (!err)
		err = events_resume(m);
	if (!err)
		threads_resume(m);
	return err;
}

/* One that has stopped already is told of, and not told to go on. */
static bool is_to_go(struct vcpu *v, const struct resume_action *action)
{
	return (action->kind == RESUME_CONTINUE || action->kind == RESUME_STEP) && !threads_runs(v) && !v->pending;
}

static void go(struct vcpu *v, const struct resume_action *action)
{
	struct machine *m = v->machine;

	commit(v, action);
	if (events_end(v))
		return;
	if (v->pending)
		m->notify(m->serve_arg, false);
	else
		threads_go(v);
}

/* What is planned holds until it is done: a vCPU that goes changes nothing for those that do not go yet. */
static int resume_some(struct machine *m, const struct resume_action *actions)
{
	int err = events_check(m);

	threads_hold_to_read(m, NULL);
	for (unsigned i = 0; !err && i < m->n; i++) {
		if (!is_to_go(&m->vcpus[i], &actions[i]))
			continue;
		memory_forget(&m->vcpus[i]);
		err = plan(&m->vcpus[i], actions[i].kind);
	}
	threads_let_go(m);
	for (unsigned i = 0; !err && i < m->n; i++) {
		if (actions[i].kind == RESUME_HALT)
			threads_halt(&m->vcpus[i], 0);
		else if (is_to_go(&m->vcpus[i], &actions[i]))
			go(&m->vcpus[i], &actions[i]);
	}
	return err;
}

void resume_set_off(struct machine *m)
{
	if (m->started || !m->host->ops->set_off)
		return;
	m->host->ops->set_off(m->host);
	for (unsigned i = 0; i < m->n; i++)
		regfile_drop(&m->vcpus[i].regs);
}

int resume_threads(struct machine *m, const struct resume_action *actions)
{
	int err = check_resume(m, actions);

	if (err)
		return err;
	resume_set_off(m);
	m->counted = transport_counted(&m->transport);
	err = machine_is_non_stop(m) ? resume_some(m, actions) : resume_all(m, actions);
	m->step_is_none = false;
	return err;
}
