/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guest does to its machine as a whole: it resets it, or ends itself. At some of that the machine stops, and at some not, as
 * the client chooses; what was asked for is carried out when the machine is resumed, so that a stop still has the guest as it was.
 */
#include "events.h"

#include <errno.h>
#include <stdio.h>

#include "idle.h"

static const struct {
	const char *name, *text;
	bool stops; /* unless the client chooses otherwise */
} events[MACHINE_EVENTS] = {
	[EVENT_RESET] = { "reset", "the guest asks for a reset: resumed, it starts over", true },
	[EVENT_VCPU] = { "vcpu", "a vCPU that was off is brought up: stopped behind its first instruction", false },
	[EVENT_NOTHING] = { "nothing", "the guest reads or writes where this machine has nothing; let go, what it reads is all ones", true },
	[EVENT_END] = { "end", "the guest powers its machine off, or crashes: resumed, it has ended", false },
};

const char *events_name(enum machine_event event, const char **text)
{
	*text = events[event].text;
	return events[event].name;
}

void events_choose(struct machine *m, enum machine_event event, bool stop)
{
	m->stops_at[event] = stop;
	m->host->open_bus = !m->stops_at[EVENT_NOTHING];
}

void events_default(struct machine *m)
{
	for (unsigned i = 0; i < MACHINE_EVENTS; i++)
		events_choose(m, i, events[i].stops);
	m->thread_events = false;
}

/* What was about to be, is. A stop that is not a crash has no signal then. */
static void end_now(struct vcpu *v)
{
	v->stop.kind = STOP_EXITED;
	v->stop.signal = v->stop.signal == GDB_SIGNAL_TRAP ? 0 : v->stop.signal;
	v->stop.text = NULL;
}

static const char *what_happens(const struct vcpu_exit *exit)
{
	switch (exit->kind) {
	case EXIT_RESET:
		return "the guest asks for a reset";
	case EXIT_ENDED:
		return "the guest powers its machine off";
	default:
		return exit->text;
	}
}

static int signal_of(enum exit_kind kind)
{
	switch (kind) {
	case EXIT_CRASHED:
		return GDB_SIGNAL_ABRT;
	case EXIT_SHUT_DOWN:
		return GDB_SIGNAL_BUS;
	default:
		return GDB_SIGNAL_TRAP;
	}
}

void events_stop(struct vcpu *v, const struct vcpu_exit *exit)
{
	bool resets = exit->kind == EXIT_RESET || exit->kind == EXIT_SHUT_DOWN;

	v->stop = (struct stop){
		.kind = resets ? STOP_RESET : STOP_END,
		.thread = v->nr + 1,
		.signal = signal_of(exit->kind),
		.code = exit->code,
		.text = v->text,
	};
	if (resets || v->machine->stops_at[EVENT_END]) {
		snprintf(v->text, sizeof(v->text), "%s: resumed, it %s", what_happens(exit),
			resets ? "starts over" : "has ended");
		return;
	}
	end_now(v);
	snprintf(v->text, sizeof(v->text), "%s", exit->text);
	v->stop.text = v->text[0] ? v->text : NULL;
}

/* A step of the instruction that resets ends at the entry. */
static void begin_anew(struct vcpu *v)
{
	v->over = v->alone = false;
	v->off = v->way_known = false;
	v->nends = 0;
	v->awaited = v->want == RESUME_CONTINUE && idle_is_awaited(v);
	v->pending = v->want == RESUME_STEP;
	if (v->pending)
		v->stop = (struct stop){ .kind = STOP_SIGNAL, .thread = v->nr + 1, .signal = GDB_SIGNAL_TRAP };
}

static int start_over(struct machine *m)
{
	int err;

	points_remember(m);
	err = machine_start_over(m);
	if (err)
		return err;
	points_after_reset(m);
	for (unsigned i = 0; i < m->n; i++)
		begin_anew(&m->vcpus[i]);
	return 0;
}

int events_reset(struct machine *m)
{
	if (threads_ended(m))
		points_clear_all(m, true);
	for (unsigned i = 0; i < m->n; i++)
		m->vcpus[i].want = RESUME_STAY;
	return start_over(m);
}

/* One that runs, in non-stop, is on its way to another stop. */
static bool was_told(struct vcpu *v, enum stop_kind kind)
{
	return !threads_runs(v) && v->stop.kind == kind && !v->pending;
}

/* A vCPU that has stopped for this. Whatever was reported since: nothing that has run has gone on from there. */
static struct vcpu *find_told(struct machine *m, enum stop_kind kind)
{
	for (unsigned i = 0; i < m->n; i++)
		if (was_told(&m->vcpus[i], kind))
			return &m->vcpus[i];
	return NULL;
}

int events_check(struct machine *m)
{
	if (!find_told(m, STOP_RESET))
		return 0;
	return machine_refuse(m, -EBUSY, "the machine is to start over: `run`, or leave non-stop, does it");
}

int events_resume(struct machine *m)
{
	struct vcpu *v = find_told(m, STOP_END);

	if (find_told(m, STOP_RESET))
		return start_over(m);
	if (v) {
		v->want = RESUME_CONTINUE;
		v->pending = true;
		end_now(v);
	}
	return 0;
}

bool events_end(struct vcpu *v)
{
	if (!was_told(v, STOP_END))
		return false;
	end_now(v);
	threads_end(v);
	return true;
}

int events_leave(struct machine *m)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];

		if (v->pending && v->stop.kind == STOP_END)
			end_now(v);
		v->pending &= v->stop.kind == STOP_RESET || v->stop.kind == STOP_EXITED;
	}
	return events_resume(m);
}

bool machine_goes_on(struct machine *m, bool attended)
{
	bool asked = m->last.kind == STOP_RESET && m->last.signal == GDB_SIGNAL_TRAP;

	if (!asked || m->interrupted || (attended && m->stops_at[EVENT_RESET]) || start_over(m))
		return false;
	threads_resume(m);
	return true;
}
