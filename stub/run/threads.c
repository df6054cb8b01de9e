/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs as threads: who runs, who has stopped, who holds the baton. The protocol is told in machine.h; this file, entry.c and
 * non_stop.c own machine.state and the flags of struct vcpu that the lock guards. They know nothing of registers, points or packets.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "threads.h"

#define PAUSE_NS 1000000

static void locked_grant_baton(struct machine *m)
{
	m->baton = m->current;
	pthread_cond_signal(&m->baton->wake);
}

/* Nobody has an event: it is the current vCPU that stopped, or, when that one was not to run, the first one that was. */
static struct vcpu *locked_interrupted(struct machine *m)
{
	for (unsigned i = 0; m->current->want == RESUME_STAY && i < m->n; i++)
		if (m->vcpus[i].want != RESUME_STAY)
			return &m->vcpus[i];
	return m->current;
}

static bool locked_has_stepped(const struct vcpu *v)
{
	return v->pending && v->want == RESUME_STEP && v->stop.kind == STOP_SIGNAL;
}

/*
 * Whose event is reported: a step's before another's, as gdb waits for that one (a breakpoint is met again, a step is not), else
 * the first one's.
 */
static struct vcpu *locked_reporter(struct machine *m)
{
	if (!m->reporter)
		return locked_interrupted(m);
	for (unsigned i = 0; i < m->n && !locked_has_stepped(m->reporter); i++)
		if (locked_has_stepped(&m->vcpus[i]))
			return &m->vcpus[i];
	return m->reporter;
}

void locked_stopped(struct machine *m)
{
	struct vcpu *v = locked_reporter(m);

	if (v->pending)
		m->last = v->stop;
	else
		m->last = (struct stop){ .kind = STOP_SIGNAL, .thread = v->nr + 1, .signal = m->interrupt_signal };
	v->pending = false;
	v->reported = m->last.kind != STOP_CREATED;
	m->current = v;
	m->reporter = NULL;
	m->ended = m->last.kind == STOP_EXITED;
	m->state = MACHINE_STOPPED;
	if (!m->watching)
		locked_grant_baton(m);
}

/* Call everybody out of the guest; those not yet inside just do not go. */
static void locked_call_out(struct machine *m)
{
	if (m->state != MACHINE_RUNNING)
		return;
	m->state = MACHINE_STOPPING;
	for (unsigned i = 0; i < m->n; i++)
		if (!vcpu_is_inside(&m->vcpus[i]))
			locked_move(&m->vcpus[i], VCPU_STANDS);
}

/* The watcher is to fetch it, if that cannot wait for its next look. */
static void locked_announce_text(struct machine *m, bool full)
{
	if (m->announced || !(full || m->nsaid >= MACHINE_TEXT_MAX / 2))
		return;
	m->announced = true;
	m->notify(m->serve_arg, false);
}

/* Text that finds no room stays where it is, and its vCPU outside. */
static void locked_take_text(struct vcpu *v)
{
	struct machine *m = v->machine;
	bool full = v->said.len > sizeof(m->said) - m->nsaid;

	if (!full) {
		memcpy(m->said + m->nsaid, v->said.text, v->said.len);
		m->nsaid += v->said.len;
		v->said.len = 0;
		v->said.cut = false;
	}
	locked_announce_text(m, full);
}

bool machine_has_text(struct machine *m)
{
	bool has;

	pthread_mutex_lock(&m->lock);
	has = m->nsaid > 0;
	pthread_mutex_unlock(&m->lock);
	return has;
}

bool machine_text(struct machine *m, char *text)
{
	size_t n;

	pthread_mutex_lock(&m->lock);
	n = m->nsaid;
	memcpy(text, m->said, n);
	text[n] = '\0';
	m->nsaid = 0;
	m->announced = false;
	for (unsigned i = 0; n && i < m->n; i++)
		if (!vcpu_is_inside(&m->vcpus[i]))
			locked_take_text(&m->vcpus[i]);
	if (n)
		locked_decide(m);
	pthread_mutex_unlock(&m->lock);
	return n > 0;
}

void threads_drop_text(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	m->nsaid = 0;
	m->announced = false;
	for (unsigned i = 0; i < m->n; i++)
		m->vcpus[i].said.len = 0;
	locked_decide(m);
	pthread_mutex_unlock(&m->lock);
}

/* What becomes of a vCPU that has come out. */
enum outcome {
	OUTCOME_STANDS, /* non-stop: for an event of its own */
	OUTCOME_HALTED, /* non-stop: because it was to */
	OUTCOME_EVENT,	/* the machine is to stop for it */
	OUTCOME_PARKED, /* the machine is stopping */
	OUTCOME_AHEAD,	/* it runs on, and has got further: what it has to do first is another thing now */
	OUTCOME_AGAIN	/* it runs on */
};

static enum outcome locked_outcome(const struct vcpu *v, enum step_result result)
{
	const struct machine *m = v->machine;

	if (m->state == MACHINE_NON_STOP && result == STEP_EVENT && !m->ended)
		return OUTCOME_STANDS;
	if (v->halting)
		return OUTCOME_HALTED;
	if (result == STEP_EVENT)
		return OUTCOME_EVENT;
	if (m->state == MACHINE_STOPPING)
		return OUTCOME_PARKED;
	return result == STEP_NOTHING ? OUTCOME_AGAIN : OUTCOME_AHEAD;
}

static void locked_goes_ahead(struct vcpu *v, enum step_result result)
{
	bool alone = result != STEP_OVER && v->next_alone;

	v->over = result == STEP_PASS;
	v->machine->lone = v->machine->lone + alone - v->alone;
	v->alone = alone;
}

static void locked_goes_on(struct vcpu *v)
{
	locked_move(v, v->state == VCPU_CALLED ? VCPU_MADE_WAY : VCPU_WAITS);
}

static void locked_reports(struct vcpu *v)
{
	struct machine *m = v->machine;

	v->pending = true;
	if (!m->reporter)
		m->reporter = v;
	locked_move(v, VCPU_STANDS);
	locked_call_out(m);
}

static void locked_came_out(struct vcpu *v, enum step_result result)
{
	locked_take_text(v);
	switch (locked_outcome(v, result)) {
	case OUTCOME_STANDS:
		locked_stands_for(v);
		break;
	case OUTCOME_HALTED:
		locked_halted(v);
		break;
	case OUTCOME_EVENT:
		locked_reports(v);
		break;
	case OUTCOME_PARKED:
		locked_move(v, VCPU_STANDS);
		break;
	case OUTCOME_AHEAD:
		locked_goes_ahead(v, result);
		locked_goes_on(v);
		break;
	case OUTCOME_AGAIN:
		locked_goes_on(v);
		break;
	}
	locked_decide(v->machine);
}

/*
 * Does this vCPU have an event of its own that was not reported and that running would not bring again? Then the resume is over
 * before it began. A breakpoint is met again.
 */
static bool locked_owes_event(struct vcpu *v)
{
	v->pending &= v->stop.kind != STOP_SWBREAK && v->stop.kind != STOP_HWBREAK;
	return v->pending;
}

void threads_resume(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	m->asked = ASKED_RESUME;
	pthread_mutex_unlock(&m->lock);
}

/* Those that are to run do, unless one of them has an event left. */
static void locked_run(struct machine *m)
{
	bool steps = false;

	m->started = true;
	for (unsigned i = 0; i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];

		if (v->want != RESUME_STAY && locked_owes_event(v) && !m->reporter)
			m->reporter = v;
		steps |= v->want == RESUME_STEP;
	}
	if (m->reporter) {
		locked_stopped(m);
		return;
	}
	m->state = MACHINE_RUNNING;
	for (unsigned i = 0; i < m->n; i++)
		if (m->vcpus[i].want != RESUME_STAY)
			locked_move(&m->vcpus[i], VCPU_WAITS);
	if (!steps)
		m->notify(m->serve_arg, true);
}

/* The baton is given back, and the machine goes on if that was asked for. */
static void locked_resume(struct machine *m)
{
	enum machine_asked asked = m->asked;

	if (asked == ASKED_NOTHING)
		return;
	m->asked = ASKED_NOTHING;
	m->interrupted = false;
	m->baton = NULL;
	if (asked == ASKED_RESUME) {
		locked_run(m);
	} else {
		m->state = MACHINE_NON_STOP;
		m->notify(m->serve_arg, false);
	}
	locked_decide(m);
}

static void locked_enter(struct vcpu *v)
{
	enum step_result result;

	locked_move(v, VCPU_INSIDE);
	v->steps_alone += v->alone && v->want == RESUME_STEP;
	v->overdue = false;
	v->entries++;
	locked_decide(v->machine);
	pthread_mutex_unlock(&v->machine->lock);
	result = step_run(v);
	pthread_mutex_lock(&v->machine->lock);
	locked_came_out(v, result);
}

/* Being woken is not yet to have executed anything: that takes time. */
static void locked_give_a_turn(struct vcpu *v)
{
	struct machine *m = v->machine;

	pthread_mutex_unlock(&m->lock);
	nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
	pthread_mutex_lock(&m->lock);
	if (v->state == VCPU_PAUSES)
		locked_move(v, VCPU_WAITS);
	locked_decide(m);
}

static void locked_serve(struct vcpu *v)
{
	struct machine *m = v->machine;

	m->baton = NULL;
	pthread_mutex_unlock(&m->lock);
	m->serve(m->serve_arg);
	pthread_mutex_lock(&m->lock);
	locked_resume(m);
}

static void *vcpu_main(void *arg)
{
	struct vcpu *v = arg;
	struct machine *m = v->machine;

	pthread_mutex_lock(&m->lock);
	for (;;) {
		if (m->baton == v)
			locked_serve(v);
		else if (v->state == VCPU_ADMITTED)
			locked_enter(v);
		else if (v->state == VCPU_PAUSES)
			locked_give_a_turn(v);
		else
			pthread_cond_wait(&v->wake, &m->lock);
	}
	return NULL;
}

int threads_start(struct machine *m)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];
		int err = pthread_create(&v->thread, NULL, vcpu_main, v);

		if (err)
			return -err;
		pthread_detach(v->thread);
	}
	return 0;
}

void threads_interrupt(struct machine *m, int signal)
{
	pthread_mutex_lock(&m->lock);
	m->interrupted |= m->state != MACHINE_STOPPED;
	if (m->state == MACHINE_NON_STOP) {
		locked_interrupt_one(m, signal);
	} else if (m->state == MACHINE_RUNNING) {
		m->interrupt_signal = signal;
		locked_call_out(m);
	}
	locked_decide(m);
	pthread_mutex_unlock(&m->lock);
}

bool threads_running(struct machine *m)
{
	bool running;

	pthread_mutex_lock(&m->lock);
	running = m->state == MACHINE_NON_STOP ? locked_running(m) > 0 : m->state != MACHINE_STOPPED;
	pthread_mutex_unlock(&m->lock);
	return running;
}

bool threads_ended(struct machine *m)
{
	bool ended;

	pthread_mutex_lock(&m->lock);
	ended = m->ended;
	pthread_mutex_unlock(&m->lock);
	return ended;
}

bool threads_runs(struct vcpu *v)
{
	struct machine *m = v->machine;
	bool runs;

	pthread_mutex_lock(&m->lock);
	runs = m->state == MACHINE_NON_STOP ? v->state != VCPU_STANDS : m->state != MACHINE_STOPPED;
	pthread_mutex_unlock(&m->lock);
	return runs;
}

/* A resume that was asked for as the last client left, and has not begun, is void: the new client finds the machine stopped. */
void machine_hand_over(struct machine *m, int signal)
{
	pthread_mutex_lock(&m->lock);
	if (m->state == MACHINE_RUNNING) {
		m->interrupt_signal = signal;
		locked_call_out(m);
	} else if (m->state == MACHINE_STOPPED && !m->baton && !m->watching) {
		m->asked = ASKED_NOTHING;
		locked_grant_baton(m);
	}
	locked_decide(m);
	pthread_mutex_unlock(&m->lock);
}

bool machine_at_rest(struct machine *m)
{
	bool at_rest;

	pthread_mutex_lock(&m->lock);
	at_rest = m->state == MACHINE_STOPPED && m->asked == ASKED_NOTHING;
	pthread_mutex_unlock(&m->lock);
	return at_rest;
}

bool machine_watch_begin(struct machine *m)
{
	bool watching;

	pthread_mutex_lock(&m->lock);
	watching = m->watching = m->state != MACHINE_STOPPED;
	pthread_mutex_unlock(&m->lock);
	return watching;
}

static bool locked_is_overdue(struct vcpu *v, int64_t ms)
{
	bool inside = vcpu_is_inside(v);

	if (!inside || v->entries != v->entries_seen) {
		v->entries_seen = v->entries;
		v->entered_ms = ms;
	}
	return inside && (v->over || v->want == RESUME_STEP) && ms - v->entered_ms >= MACHINE_STEP_MS;
}

void machine_watch_steps(struct machine *m, int64_t ms)
{
	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];

		if (locked_is_overdue(v, ms)) {
			v->overdue = true;
			locked_kick(v);
		}
	}
	locked_decide(m);
	pthread_mutex_unlock(&m->lock);
}

void machine_watch_end(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	m->watching = false;
	if (m->state == MACHINE_STOPPED)
		locked_grant_baton(m);
	locked_decide(m);
	pthread_mutex_unlock(&m->lock);
}
