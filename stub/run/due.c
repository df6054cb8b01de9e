/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest has asked for at a stop is due when the machine is resumed, so that the stop still has the guest as it was. See due.h. */
#include "due.h"

#include <errno.h>

#include "events.h"
#include "guest.h"
#include "idle.h"
#include "threads.h"

/* A step of the instruction that resets ends at the entry. */
static void begin_anew(struct vcpu *v)
{
	v->first = v->want == RESUME_CONTINUE && idle_is_awaited(v) ? FIRST_AWAITS : FIRST_NOTHING;
	v->alone = v->way.known = false;
	v->nends = 0;
	v->pending = v->want == RESUME_STEP;
	if (v->pending)
		v->stop = (struct stop){ .kind = STOP_SIGNAL, .thread = v->nr + 1, .signal = GDB_SIGNAL_TRAP };
}

static int start_over(struct guest *g)
{
	int err;

	points_remember(&g->points);
	err = guest_start_over(g);
	if (err)
		return err;
	points_after_reset(&g->points);
	for (unsigned i = 0; i < g->n; i++)
		begin_anew(g->vcpus[i]);
	return 0;
}

int due_reset(struct guest *g)
{
	if (guest_ended(g))
		points_clear_all(&g->points, true);
	for (unsigned i = 0; i < g->n; i++)
		g->vcpus[i]->want = RESUME_STAY;
	return start_over(g);
}

/* One that runs, in non-stop, is on its way to another stop. */
static bool was_told(struct vcpu *v, enum stop_kind kind)
{
	return !vcpu_runs(v) && v->stop.kind == kind && !v->pending;
}

/* A vCPU that has stopped for this. Whatever was reported since: nothing that has run has gone on from there. */
static struct vcpu *find_told(struct guest *g, enum stop_kind kind)
{
	for (unsigned i = 0; i < g->n; i++)
		if (was_told(g->vcpus[i], kind))
			return g->vcpus[i];
	return NULL;
}

int due_check(struct guest *g)
{
	if (!find_told(g, STOP_RESET))
		return 0;
	return refuse(&g->refusal, -EBUSY, "the machine is to start over: `run`, or leave non-stop, does it");
}

int due_resume(struct guest *g)
{
	struct vcpu *v = find_told(g, STOP_END);

	if (find_told(g, STOP_RESET))
		return start_over(g);
	if (v) {
		v->want = RESUME_CONTINUE;
		v->pending = true;
		events_end_now(v);
	}
	return 0;
}

bool due_end(struct vcpu *v)
{
	if (!was_told(v, STOP_END))
		return false;
	events_end_now(v);
	threads_end(v);
	return true;
}

int due_leave(struct guest *g)
{
	for (unsigned i = 0; i < g->n; i++) {
		struct vcpu *v = g->vcpus[i];

		if (v->pending && v->stop.kind == STOP_END)
			events_end_now(v);
		v->pending &= v->stop.kind == STOP_RESET || v->stop.kind == STOP_EXITED;
	}
	return due_resume(g);
}

bool due_goes_on(struct guest *g, bool attended)
{
	bool asked = g->last.kind == STOP_RESET && g->last.signal == GDB_SIGNAL_TRAP;

	if (!asked || g->interrupted || (attended && g->stops_at[EVENT_RESET]) || start_over(g))
		return false;
	threads_resume(g);
	return true;
}
