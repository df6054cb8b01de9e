/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs as threads: who runs, who has stopped, who holds the baton. The protocol is told in vcpu.h; this file, entry.c and
 * non_stop.c own guest.state and the flags of struct vcpu that the lock guards. They know nothing of registers, points or packets.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "locked.h"
#include "step.h"
#include "threads.h"

#define PAUSE_NS 1000000

/* Nobody has an event: it is the current vCPU that stopped, or, when that one was not to run, the first one that was. */
static struct vcpu *locked_interrupted(struct guest *g)
{
	for (unsigned i = 0; g->current->want == RESUME_STAY && i < g->n; i++)
		if (g->vcpus[i]->want != RESUME_STAY)
			return g->vcpus[i];
	return g->current;
}

static bool locked_has_stepped(const struct vcpu *v)
{
	return v->pending && v->want == RESUME_STEP && v->stop.kind == STOP_SIGNAL;
}

/*
 * Whose event is reported: a step's before another's, as gdb waits for that one (a breakpoint is met again, a step is not), else
 * the first one's.
 */
static struct vcpu *locked_reporter(struct guest *g)
{
	if (!g->reporter)
		return locked_interrupted(g);
	for (unsigned i = 0; i < g->n && !locked_has_stepped(g->reporter); i++)
		if (locked_has_stepped(g->vcpus[i]))
			return g->vcpus[i];
	return g->reporter;
}

void locked_stopped(struct guest *g)
{
	struct vcpu *v = locked_reporter(g);

	if (g->over.kind == STOP_EXITED)
		g->last = g->over;
	else if (v->pending)
		g->last = v->stop;
	else
		g->last = (struct stop){ .kind = STOP_SIGNAL,
			.thread = v->nr + 1,
			.signal = g->interrupt_signal,
			.text = g->interrupt_text[0] ? g->interrupt_text : NULL };
	v->pending = false;
	vcpu_is_reported(v, g->last.kind);
	if (v->present)
		g->current = v;
	g->reporter = NULL;
	g->ended = g->last.kind == STOP_EXITED;
	g->state = GUEST_STOPPED;
	if (g->parting)
		pthread_cond_broadcast(&g->out);
	else if (g->baton != BATON_WATCHES)
		locked_grant_baton(g);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The VMM takes its time to answer an access: the guest is stopped without it. */
static void locked_wait_no_more(struct guest *g)
{
	if (g->state != GUEST_STOPPING || !g->count[VCPU_SETTLES] || now_ms() - g->stopping_ms < SETTLE_MS)
		return;
	for (unsigned i = 0; i < g->n; i++)
		if (g->vcpus[i]->state == VCPU_SETTLES)
			locked_move(g->vcpus[i], VCPU_STANDS);
	locked_decide(g);
}

/* Somebody attends to a free one again: it is inside, or its thread is the VMM's; or it has come here for the first time just now. */
static void locked_catch(struct vcpu *v)
{
	struct host *h = v->guest->host;
	bool inside;

	if (v->state != VCPU_FREE)
		return;
	inside = h->ops->attend(h, v->nr, true);
	v->home |= inside;
	locked_move(v, inside ? VCPU_INSIDE : VCPU_WAITS);
}

/* Call everybody out of the guest; those not yet inside just do not go. */
void locked_call_out(struct guest *g)
{
	if (g->state != GUEST_RUNNING)
		return;
	g->state = GUEST_STOPPING;
	g->stopping_ms = now_ms();
	g->unattended = false;
	for (unsigned i = 0; i < g->n; i++) {
		struct vcpu *v = g->vcpus[i];

		locked_catch(v);
		if (!vcpu_is_inside(v))
			locked_move(v, v->known && !v->pending && vcpu_is_pending(v) ? VCPU_SETTLES : VCPU_STANDS);
	}
}

/* What becomes of a vCPU that has come out. */
enum outcome {
	OUTCOME_GONE,	 /* it is there no more */
	OUTCOME_STANDS,	 /* non-stop: for an event of its own */
	OUTCOME_HALTED,	 /* non-stop: because it was to */
	OUTCOME_EVENT,	 /* the machine is to stop for it */
	OUTCOME_PARKED,	 /* the machine is stopping */
	OUTCOME_SETTLES, /* ... and for a moment, it is waited for the answer to its access */
	OUTCOME_AHEAD,	 /* it runs on, and has got further: what it has to do first is another thing now */
	OUTCOME_AGAIN	 /* it runs on */
};

static enum outcome locked_outcome(const struct vcpu *v, enum step_result result)
{
	const struct guest *g = v->guest;

	if (result == STEP_GONE)
		return OUTCOME_GONE;
	if (g->state == GUEST_NON_STOP && result == STEP_EVENT && !g->ended)
		return OUTCOME_STANDS;
	if (v->halting)
		return OUTCOME_HALTED;
	if (result == STEP_EVENT)
		return OUTCOME_EVENT;
	if (g->state == GUEST_STOPPING)
		return result == STEP_AWAY && vcpu_is_pending(v) ? OUTCOME_SETTLES : OUTCOME_PARKED;
	return result == STEP_NOTHING || result == STEP_AWAY ? OUTCOME_AGAIN : OUTCOME_AHEAD;
}

static void locked_goes_ahead(struct vcpu *v, enum step_result result)
{
	bool alone = result != STEP_OVER && v->way.alone;

	v->first = result == STEP_PASS ? FIRST_OVER : FIRST_NOTHING;
	v->guest->lone = v->guest->lone + alone - v->alone;
	v->alone = alone;
}

static void locked_goes_on(struct vcpu *v)
{
	locked_move(v, v->state == VCPU_CALLED ? VCPU_MADE_WAY : VCPU_WAITS);
}

static void locked_reports(struct vcpu *v)
{
	struct guest *g = v->guest;

	v->pending = true;
	if (!g->reporter)
		g->reporter = v;
	locked_move(v, VCPU_STANDS);
	locked_call_out(g);
}

void locked_goes(struct vcpu *v)
{
	if (v->guest->state == GUEST_NON_STOP)
		locked_stands_for(v);
	else
		locked_reports(v);
}

void locked_came_out(struct vcpu *v, enum step_result result)
{
	locked_take_text(v);
	v->home = result != STEP_AWAY;
	if (v->first == FIRST_AWAITS && result != STEP_NOTHING)
		v->first = FIRST_NOTHING;
	switch (locked_outcome(v, result)) {
	case OUTCOME_GONE:
		locked_is_gone(v);
		break;
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
	case OUTCOME_SETTLES:
		locked_move(v, VCPU_SETTLES);
		break;
	case OUTCOME_AHEAD:
		locked_goes_ahead(v, result);
		locked_goes_on(v);
		break;
	case OUTCOME_AGAIN:
		locked_goes_on(v);
		break;
	}
	locked_decide(v->guest);
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

void threads_resume(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	g->asked = ASKED_RESUME;
	g->interrupt_text[0] = '\0';
	pthread_mutex_unlock(&g->lock);
}

/* Those that are to run do, unless one of them has an event left. */
static void locked_run(struct guest *g)
{
	bool steps = false;

	g->started = true;
	for (unsigned i = 0; i < g->n; i++) {
		struct vcpu *v = g->vcpus[i];

		if (!v->present)
			v->want = RESUME_STAY;
		if (v->want != RESUME_STAY && locked_owes_event(v) && !g->reporter)
			g->reporter = v;
		steps |= v->want == RESUME_STEP;
	}
	if (g->reporter || g->over.kind == STOP_EXITED) {
		locked_stopped(g);
		return;
	}
	g->state = GUEST_RUNNING;
	for (unsigned i = 0; i < g->n; i++)
		if (g->vcpus[i]->want != RESUME_STAY)
			locked_move(g->vcpus[i], VCPU_WAITS);
	if (!steps)
		g->notify(g->serve_arg, true);
}

void locked_resume(struct guest *g)
{
	enum guest_asked asked = g->asked;

	locked_pass_baton(g, BATON_NOBODY);
	if (asked == ASKED_NOTHING)
		return;
	g->asked = ASKED_NOTHING;
	g->interrupted = asked == ASKED_STOP;
	if (asked == ASKED_NON_STOP) {
		g->state = GUEST_NON_STOP;
		g->notify(g->serve_arg, false);
	} else {
		locked_run(g);
	}
	if (asked == ASKED_STOP)
		locked_call_out(g);
	locked_decide(g);
}

void locked_goes_inside(struct vcpu *v)
{
	locked_move(v, VCPU_INSIDE);
	v->steps_alone += v->alone && v->want == RESUME_STEP;
	v->overdue = false;
	v->entries++;
	locked_decide(v->guest);
}

static void locked_enter(struct vcpu *v)
{
	enum step_result result;

	locked_goes_inside(v);
	pthread_mutex_unlock(&v->guest->lock);
	result = step_run(v);
	pthread_mutex_lock(&v->guest->lock);
	locked_came_out(v, result);
}

/* Being woken is not yet to have executed anything: that takes time. */
void locked_give_a_turn(struct vcpu *v)
{
	struct guest *g = v->guest;

	pthread_mutex_unlock(&g->lock);
	nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
	pthread_mutex_lock(&g->lock);
	if (v->state == VCPU_PAUSES)
		locked_move(v, VCPU_WAITS);
	locked_decide(g);
}

static void *vcpu_main(void *arg)
{
	struct vcpu *v = arg;
	struct guest *g = v->guest;

	pthread_mutex_lock(&g->lock);
	while (!g->parted) {
		if (locked_is_offered(v))
			locked_serve(v, true);
		else if (v->state == VCPU_ADMITTED)
			locked_enter(v);
		else if (v->state == VCPU_PAUSES)
			locked_give_a_turn(v);
		else
			pthread_cond_wait(&v->wake, &g->lock);
	}
	g->ended_threads++;
	pthread_cond_broadcast(&g->out);
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

static int start_thread(struct vcpu *v)
{
	struct host *h = v->guest->host;
	int err;

	if (h->ops->start)
		return h->ops->start(h, v->nr, vcpu_main, v);
	err = pthread_create(&v->thread, NULL, vcpu_main, v);
	if (!err)
		pthread_detach(v->thread);
	return -err;
}

int threads_start(struct guest *g)
{
	int err = 0;

	for (unsigned i = 0; !err && i < g->n; i++)
		err = start_thread(g->vcpus[i]);
	return err;
}

int threads_add(struct guest *g)
{
	unsigned before = g->n;
	int err;

	pthread_mutex_lock(&g->lock);
	err = locked_grow(g, g->host->vcpus);
	pthread_mutex_unlock(&g->lock);
	for (unsigned i = before; !err && i < g->n; i++) {
		g->vcpus[i]->is_new = g->thread_events;
		err = start_thread(g->vcpus[i]);
	}
	return err;
}

void threads_interrupt(struct guest *g, int signal)
{
	pthread_mutex_lock(&g->lock);
	g->interrupted = true;
	if (g->state == GUEST_NON_STOP) {
		locked_interrupt_one(g, signal);
	} else if (g->state == GUEST_RUNNING) {
		locked_hand_over(g, signal);
	} else if (g->asked == ASKED_RESUME) {
		g->interrupt_signal = signal;
		g->asked = ASKED_STOP;
	}
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}

/* A resume that was asked for as the last client left, and has not begun, is void: the new client finds the machine stopped. */
void locked_hand_over(struct guest *g, int signal)
{
	g->awaited = g->host->borrowed && !g->current;
	if (g->awaited)
		return;
	if (g->state == GUEST_RUNNING) {
		g->interrupt_signal = signal;
		locked_call_out(g);
	} else if (g->state == GUEST_STOPPED && g->baton == BATON_NOBODY) {
		g->asked = ASKED_NOTHING;
		g->unattended = false;
		locked_grant_baton(g);
	}
}

void threads_hand_over(struct guest *g, int signal)
{
	pthread_mutex_lock(&g->lock);
	locked_hand_over(g, signal);
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}

bool threads_are_awaited(struct guest *g)
{
	bool awaited;

	pthread_mutex_lock(&g->lock);
	awaited = g->awaited;
	pthread_mutex_unlock(&g->lock);
	return awaited;
}

bool threads_await_no_more(struct guest *g)
{
	bool awaited;

	pthread_mutex_lock(&g->lock);
	awaited = g->awaited;
	g->awaited = false;
	pthread_mutex_unlock(&g->lock);
	return awaited;
}

bool threads_at_rest(struct guest *g)
{
	bool at_rest;

	pthread_mutex_lock(&g->lock);
	at_rest = g->state == GUEST_STOPPED && g->asked == ASKED_NOTHING && g->baton != BATON_VCPU_NEXT;
	pthread_mutex_unlock(&g->lock);
	return at_rest;
}

bool threads_watch_begin(struct guest *g)
{
	bool watching;

	pthread_mutex_lock(&g->lock);
	locked_wait_no_more(g);
	watching = g->state != GUEST_STOPPED;
	if (watching)
		locked_pass_baton(g, BATON_WATCHES);
	pthread_mutex_unlock(&g->lock);
	return watching;
}

static bool locked_is_overdue(struct vcpu *v, int64_t ms)
{
	bool inside = vcpu_is_inside(v);

	if (!inside || v->entries != v->entries_seen) {
		v->entries_seen = v->entries;
		v->entered_ms = ms;
	}
	return inside && (v->first == FIRST_OVER || v->want == RESUME_STEP) && ms - v->entered_ms >= STEP_MS;
}

void threads_watch_steps(struct guest *g, int64_t ms)
{
	pthread_mutex_lock(&g->lock);
	for (unsigned i = 0; i < g->n; i++) {
		struct vcpu *v = g->vcpus[i];

		if (locked_is_overdue(v, ms)) {
			v->overdue = true;
			locked_kick(v);
		}
	}
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}

void threads_watch_end(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	if (g->state == GUEST_STOPPED)
		locked_grant_baton(g);
	else
		locked_pass_baton(g, BATON_NOBODY);
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}
