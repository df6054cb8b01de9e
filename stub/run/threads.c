/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs as threads: who runs, who has stopped, who holds the baton. The protocol is told in machine.h; this file owns
 * machine.state and the flags of struct vcpu that the lock guards. It knows nothing of registers, points or packets.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "threads.h"

/* So many software steps cost about what the pause behind them lasts. */
#define STEPS_ALONE 64
#define PAUSE_NS 1000000

bool locked_anyone_inside(const struct machine *m)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->vcpus[i].inside)
			return true;
	return false;
}

/* Those that made way go first, lest a vCPU that comes by a breakpoint all the time keeps the others out for good. */
static bool locked_is_its_turn(const struct vcpu *v)
{
	const struct machine *m = v->machine;

	for (unsigned i = 0; i < m->n && !v->called; i++) {
		const struct vcpu *w = &m->vcpus[i];

		if (w->called && w->go && !w->inside && !w->said.len)
			return false;
	}
	return true;
}

/* Asked of those that are outside. */
static bool locked_may_enter(const struct vcpu *v)
{
	const struct machine *m = v->machine;

	if (!v->go || v->said.len || m->held)
		return false;
	return m->alone ? m->alone == v && !locked_anyone_inside(m) : locked_is_its_turn(v);
}

static void locked_wake(struct machine *m)
{
	for (unsigned i = 0; i < m->n; i++)
		if (!m->vcpus[i].inside && locked_may_enter(&m->vcpus[i]))
			pthread_cond_signal(&m->vcpus[i].wake);
}

void locked_kick(struct vcpu *v)
{
	if (v->inside && !v->called)
		v->machine->host->ops->kick(v->machine->host, v->nr);
	v->called = v->go;
}

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

/* The last vCPU is out of the guest. */
static void locked_stopped(struct machine *m)
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
	m->alone = NULL;
	m->ended = m->last.kind == STOP_EXITED;
	m->state = MACHINE_STOPPED;
	if (!m->watching)
		locked_grant_baton(m);
}

static void locked_park(struct vcpu *v)
{
	struct machine *m = v->machine;

	v->go = false;
	v->over = v->alone = false;
	if (--m->running == 0)
		locked_stopped(m);
}

/* Call everybody out of the guest; those not yet inside just do not go. */
static void locked_call_out(struct machine *m)
{
	if (m->state != MACHINE_RUNNING)
		return;
	m->state = MACHINE_STOPPING;
	for (unsigned i = 0; i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];

		locked_kick(v);
		if (!v->inside && v->go)
			locked_park(v);
	}
}

void locked_next(struct machine *m)
{
	m->alone = NULL;
	for (unsigned i = 0; i < m->n && !m->alone; i++)
		if (m->vcpus[i].go && m->vcpus[i].alone && !m->vcpus[i].pausing)
			m->alone = &m->vcpus[i];
	for (unsigned i = 0; i < m->n && m->alone; i++)
		if (&m->vcpus[i] != m->alone)
			locked_kick(&m->vcpus[i]);
	locked_wake(m);
}

/* Text that finds no room stays where it is, and its vCPU outside. */
static void locked_take_text(struct vcpu *v)
{
	struct machine *m = v->machine;

	if (v->said.len > sizeof(m->said) - m->nsaid)
		return;
	memcpy(m->said + m->nsaid, v->said.text, v->said.len);
	m->nsaid += v->said.len;
	v->said.len = 0;
	v->said.cut = false;
}

bool machine_text(struct machine *m, char *text)
{
	size_t n;

	pthread_mutex_lock(&m->lock);
	n = m->nsaid;
	memcpy(text, m->said, n);
	text[n] = '\0';
	m->nsaid = 0;
	for (unsigned i = 0; n && i < m->n; i++)
		if (!m->vcpus[i].inside)
			locked_take_text(&m->vcpus[i]);
	if (n)
		locked_wake(m);
	pthread_mutex_unlock(&m->lock);
	return n > 0;
}

void threads_drop_text(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	m->nsaid = 0;
	for (unsigned i = 0; i < m->n; i++)
		m->vcpus[i].said.len = 0;
	pthread_mutex_unlock(&m->lock);
}

static void locked_came_out(struct vcpu *v, enum step_result result)
{
	struct machine *m = v->machine;

	v->inside = false;
	locked_take_text(v);
	if (m->held && !locked_anyone_inside(m))
		pthread_cond_signal(&m->out);
	if (result == STEP_EVENT && m->non_stop && !m->ended) {
		locked_stands_for(v);
	} else if (v->halting) {
		locked_halted(v);
	} else if (result == STEP_EVENT) {
		v->pending = true;
		if (!m->reporter)
			m->reporter = v;
		locked_park(v);
		locked_call_out(m);
	} else if (m->state == MACHINE_STOPPING) {
		locked_park(v);
	} else if (result == STEP_OVER || result == STEP_PASS || result == STEP_MORE) {
		v->over = result == STEP_PASS;
		v->alone = result != STEP_OVER && v->next_alone;
		locked_next(m);
	} else if (m->alone) {
		locked_wake(m);
	}
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
	m->resuming = true;
	pthread_mutex_unlock(&m->lock);
}

/* The baton is given back, and the machine goes on if that was asked for. */
static void locked_resume(struct machine *m)
{
	m->resuming = m->interrupted = false;
	m->state = MACHINE_RUNNING;
	m->runs += 1 + (m->runs == UINT_MAX);
	m->baton = NULL;
	if (m->non_stop) {
		m->notify(m->serve_arg);
		return;
	}
	m->started = true;
	for (unsigned i = 0; i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];

		if (v->want != RESUME_STAY && locked_owes_event(v) && !m->reporter)
			m->reporter = v;
	}
	if (m->reporter) {
		locked_stopped(m);
		return;
	}
	for (unsigned i = 0; i < m->n; i++) {
		m->vcpus[i].go = m->vcpus[i].want != RESUME_STAY;
		m->running += m->vcpus[i].go;
	}
	locked_next(m);
}

static void locked_enter(struct vcpu *v)
{
	bool others_wait = v->called;

	v->inside = true;
	v->called = false;
	v->steps_alone += v->alone && v->want == RESUME_STEP;
	v->overdue = false;
	v->entries++;
	if (others_wait)
		locked_wake(v->machine);
}

static bool locked_owes_a_turn(const struct vcpu *v)
{
	const struct machine *m = v->machine;

	return v->go && v->alone && v->steps_alone >= STEPS_ALONE && m->running > 1;
}

/* Being woken is not yet to have executed anything: that takes time. */
static void locked_give_a_turn(struct vcpu *v)
{
	struct machine *m = v->machine;

	v->steps_alone = 0;
	v->pausing = true;
	locked_next(m);
	pthread_mutex_unlock(&m->lock);
	nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
	pthread_mutex_lock(&m->lock);
	v->pausing = false;
	locked_next(m);
}

static void *vcpu_main(void *arg)
{
	struct vcpu *v = arg;
	struct machine *m = v->machine;

	pthread_mutex_lock(&m->lock);
	for (;;) {
		if (m->baton == v) {
			m->baton = NULL;
			pthread_mutex_unlock(&m->lock);
			m->serve(m->serve_arg);
			pthread_mutex_lock(&m->lock);
			if (m->resuming)
				locked_resume(m);
		} else if (locked_owes_a_turn(v)) {
			locked_give_a_turn(v);
		} else if (locked_may_enter(v)) {
			enum step_result result;

			locked_enter(v);
			pthread_mutex_unlock(&m->lock);
			result = step_run(v);
			pthread_mutex_lock(&m->lock);
			locked_came_out(v, result);
		} else {
			pthread_cond_wait(&v->wake, &m->lock);
		}
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
	if (m->non_stop) {
		locked_interrupt_one(m, signal);
	} else if (m->state == MACHINE_RUNNING) {
		m->interrupt_signal = signal;
		locked_call_out(m);
	}
	pthread_mutex_unlock(&m->lock);
}

bool threads_running(struct machine *m)
{
	bool running;

	pthread_mutex_lock(&m->lock);
	running = m->non_stop ? m->running > 0 : m->state != MACHINE_STOPPED;
	pthread_mutex_unlock(&m->lock);
	return running;
}

bool threads_runs(struct vcpu *v)
{
	struct machine *m = v->machine;
	bool runs;

	pthread_mutex_lock(&m->lock);
	runs = m->non_stop ? v->go : m->state != MACHINE_STOPPED;
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
	} else if (m->state == MACHINE_STOPPED && !m->baton) {
		m->resuming = false;
		locked_grant_baton(m);
	}
	pthread_mutex_unlock(&m->lock);
}

bool machine_at_rest(struct machine *m)
{
	bool at_rest;

	pthread_mutex_lock(&m->lock);
	at_rest = m->state == MACHINE_STOPPED && !m->resuming;
	pthread_mutex_unlock(&m->lock);
	return at_rest;
}

unsigned machine_watch_begin(struct machine *m)
{
	unsigned run;

	pthread_mutex_lock(&m->lock);
	m->watching = m->state != MACHINE_STOPPED;
	run = m->watching ? m->runs : 0;
	pthread_mutex_unlock(&m->lock);
	return run;
}

static bool locked_is_overdue(struct vcpu *v, int64_t ms)
{
	if (!v->inside || v->entries != v->entries_seen) {
		v->entries_seen = v->entries;
		v->entered_ms = ms;
	}
	return v->inside && (v->over || v->want == RESUME_STEP) && ms - v->entered_ms >= MACHINE_STEP_MS;
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
	pthread_mutex_unlock(&m->lock);
}

void machine_watch_end(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	m->watching = false;
	if (m->state == MACHINE_STOPPED)
		locked_grant_baton(m);
	pthread_mutex_unlock(&m->lock);
}
