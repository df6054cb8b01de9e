/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest does to its machine as a whole, and at which of it the machine stops. See events.h. */
#include "events.h"

#include <signal.h>
#include <stdio.h>

static const struct {
	const char *name, *text;
	bool stops; /* unless the client chooses otherwise */
} events[GUEST_EVENTS] = {
	[EVENT_RESET] = { "reset", "the guest asks for a reset: resumed, it starts over", true },
	[EVENT_VCPU] = { "vcpu", "a vCPU that was off is brought up: stopped behind its first instruction", false },
	[EVENT_NOTHING] = { "nothing",
		"the guest reads or writes where this machine has nothing; let go, what it reads is all ones", true },
	[EVENT_END] = { "end", "the guest powers its machine off, or crashes: resumed, it has ended", false },
};

const char *events_name(enum guest_event event, const char **text)
{
	*text = events[event].text;
	return events[event].name;
}

void events_choose(struct guest *g, enum guest_event event, bool stop)
{
	g->stops_at[event] = stop;
	g->host->open_bus = !g->stops_at[EVENT_NOTHING];
}

void events_default(struct guest *g)
{
	for (unsigned i = 0; i < GUEST_EVENTS; i++)
		events_choose(g, i, events[i].stops);
	g->thread_events = false;
}

/* What was about to be, is. A stop that is not a crash has no signal then. */
void events_end_now(struct vcpu *v)
{
	v->stop.kind = STOP_EXITED;
	v->stop.signal = v->stop.signal == GDB_SIGNAL_TRAP ? 0 : v->stop.signal;
	v->stop.text = NULL;
}

/* GDB's number of a signal: include/gdb/signals.def of its sources. */
static int gdb_signal(int signal)
{
	static const struct {
		int ours, gdbs;
	} other[] = { { SIGBUS, GDB_SIGNAL_BUS }, { SIGUSR1, 30 }, { SIGUSR2, 31 }, { SIGSYS, 12 } };

	for (unsigned i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (other[i].ours == signal)
			return other[i].gdbs;
	return signal <= SIGTERM ? signal : 143; /* GDB_SIGNAL_UNKNOWN */
}

void events_lost(struct vcpu *v, const struct vcpu_exit *exit)
{
	v->stop = (struct stop){ .kind = STOP_EXITED,
		.thread = v->nr + 1,
		.code = exit->code,
		.signal = exit->signal ? gdb_signal(exit->signal) : 0 };
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

/* A VMM's guest goes on, or not, as the VMM says. */
static enum step_result show(struct vcpu *v, const struct vcpu_exit *exit, bool resets)
{
	const bool *stops_at = v->guest->stops_at;

	if (!stops_at[resets ? EVENT_RESET : EVENT_END] && exit->kind != EXIT_CRASHED)
		return STEP_AWAY;
	v->stop = (struct stop){ .kind = STOP_SIGNAL, .thread = v->nr + 1, .signal = signal_of(exit->kind), .text = v->text };
	snprintf(v->text, sizeof(v->text), "%s: resumed, that is the VMM's to do", what_happens(exit));
	return STEP_EVENT;
}

enum step_result events_stop(struct vcpu *v, const struct vcpu_exit *exit)
{
	bool resets = exit->kind == EXIT_RESET || exit->kind == EXIT_SHUT_DOWN;

	if (v->guest->host->borrowed)
		return show(v, exit, resets);
	v->stop = (struct stop){
		.kind = resets ? STOP_RESET : STOP_END,
		.thread = v->nr + 1,
		.signal = signal_of(exit->kind),
		.code = exit->code,
		.text = v->text,
	};
	if (resets || v->guest->stops_at[EVENT_END]) {
		snprintf(v->text, sizeof(v->text), "%s: resumed, it %s", what_happens(exit),
			resets ? "starts over" : "has ended");
		return STEP_EVENT;
	}
	events_end_now(v);
	snprintf(v->text, sizeof(v->text), "%s", exit->text);
	v->stop.text = v->text[0] ? v->text : NULL;
	return STEP_EVENT;
}
