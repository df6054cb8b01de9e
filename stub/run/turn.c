/* SPDX-License-Identifier: BSD-2-Clause */
/* One turn of a borrowed vCPU's thread after the other. See turn.h; the protocol is told in vcpu.h. */
#include "turn.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "locked.h"
#include "step.h"
#include "vmm.h"

/* Of a guest that nobody has seen yet, the first vCPU is the current one, whichever thread comes first. */
static bool locked_is_current(const struct vcpu *v)
{
	const struct guest *g = v->guest;

	return !g->current || (!g->started && !g->shown && v->nr < g->current->nr);
}

/* It can be looked at from here on; somebody may be waiting for that. */
static void locked_is_known(struct vcpu *v)
{
	struct guest *g = v->guest;

	if (v->known)
		return;
	v->known = true;
	if (locked_is_current(v))
		g->current = v;
	g->last.thread = g->current->nr + 1;
	if (g->awaited)
		locked_hand_over(g, g->last.signal);
}

static void locked_comes_home(struct vcpu *v)
{
	v->home = true;
	if (v->state == VCPU_SETTLES && !vcpu_is_pending(v))
		locked_move(v, VCPU_STANDS);
	locked_is_known(v);
	locked_decide(v->guest);
}

static bool locked_is_clean(const struct vcpu *v)
{
	return v->want == RESUME_CONTINUE && v->first == FIRST_NOTHING && !v->queued && !v->told.control && !v->said.len &&
	       !regfile_is_held(&v->regs);
}

static bool locked_is_free(const struct vcpu *v)
{
	return v->guest->unattended && v->guest->state == GUEST_RUNNING && v->state == VCPU_ADMITTED && locked_is_clean(v);
}

/* Of the runs before, nothing is left that concerns the one in which it is caught. */
static void locked_frees(struct vcpu *v)
{
	struct host *h = v->guest->host;

	v->run = (struct run){ .skip = UINT64_MAX };
	v->flag.set = v->done = false;
	locked_move(v, VCPU_FREE);
	h->ops->attend(h, v->nr, false);
	locked_decide(v->guest);
}

/* Its first half. False: the run was over before it began. */
static bool locked_begins(struct vcpu *v)
{
	struct guest *g = v->guest;
	enum step_result result;

	locked_goes_inside(v);
	pthread_mutex_unlock(&g->lock);
	result = step_begin(v);
	pthread_mutex_lock(&g->lock);
	if (result != STEP_AGAIN)
		locked_came_out(v, result);
	return result == STEP_AGAIN;
}

/* What is to be done now. TURN_BACK: nothing but to wait. */
static enum turn locked_next(struct vcpu *v)
{
	for (;;) {
		if (vcpu_is_inside(v)) /* turn_end() has asked for one KVM_RUN more */
			return TURN_RUN;
		if (locked_is_free(v))
			locked_frees(v);
		if (v->state == VCPU_FREE) {
			v->home = false;
			return TURN_FREE;
		}
		if (v->state == VCPU_PAUSES)
			locked_give_a_turn(v);
		else if (v->state != VCPU_ADMITTED)
			return vcpu_is_pending(v) && v->state != VCPU_WAITS && v->state != VCPU_MADE_WAY ? TURN_SETTLE
													 : TURN_BACK;
		else if (locked_begins(v))
			return TURN_RUN;
	}
}

static void locked_goes_away(struct vcpu *v)
{
	v->home = false;
	if (v->state == VCPU_ADMITTED || v->state == VCPU_PAUSES)
		locked_move(v, VCPU_WAITS);
	locked_decide(v->guest);
}

/* False: the VMM wants its thread; or may, of one that has served: a signal that has ended that has been handled. */
static bool locked_waits(struct vcpu *v)
{
	struct guest *g = v->guest;
	int err;

	if (locked_is_offered(v))
		return locked_serve(v, true);
	v->waits = true;
	pthread_mutex_unlock(&g->lock);
	err = g->host->ops->wait(g->host, v->nr, -1);
	pthread_mutex_lock(&g->lock);
	v->waits = false;
	return !err;
}

enum turn turn_begin(struct vcpu *v)
{
	struct guest *g = v->guest;
	enum turn turn;

	pthread_mutex_lock(&g->lock);
	v->shows = false;
	locked_comes_home(v);
	do
		turn = locked_next(v);
	while (turn == TURN_BACK && locked_waits(v));
	v->settling = turn == TURN_SETTLE ? SETTLING : SETTLING_NOT;
	if (turn == TURN_BACK)
		locked_goes_away(v);
	pthread_mutex_unlock(&g->lock);
	return turn;
}

/* An access is completed. Of a vCPU that is not to stand yet, before anybody has looked at it. */
static void locked_is_done(struct vcpu *v)
{
	if (v->state == VCPU_SETTLES)
		locked_move(v, VCPU_STANDS);
	else if (v->state != VCPU_FREE)
		v->done = true;
}

/* The access is done, or takes the VMM once more: KVM has told of another part of the same instruction. */
static bool settled(struct vcpu *v, const struct vcpu_exit *exit)
{
	struct guest *g = v->guest;
	bool again = exit->kind == EXIT_VMM;

	pthread_mutex_lock(&g->lock);
	v->home = !again;
	v->settling = SETTLING_NOT;
	atomic_store(&v->moved, true);
	if (!again)
		locked_is_done(v);
	pthread_cond_broadcast(&g->out);
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
	return again;
}

/* The client was shown it, and the VMM is to have it when the guest goes on. */
static bool is_shown(const struct vcpu *v, const struct vcpu_exit *exit)
{
	return v->run.error || (exit->kind != EXIT_KVM && exit->kind != EXIT_KICKED && exit->kind != EXIT_IO_DONE);
}

/* Until the guest goes on, or the VMM wants its thread. */
static int locked_stands_by(struct vcpu *v)
{
	bool goes_on = true;

	v->home = true;
	while (goes_on && v->state == VCPU_STANDS)
		goes_on = locked_waits(v);
	locked_goes_away(v);
	return goes_on ? 0 : -EINTR;
}

bool turn_is_begun(struct vcpu *v)
{
	bool begun;

	pthread_mutex_lock(&v->guest->lock);
	begun = vcpu_is_inside(v);
	pthread_mutex_unlock(&v->guest->lock);
	return begun;
}

bool turn_end(struct vcpu *v, const struct vcpu_exit *exit)
{
	struct guest *g = v->guest;
	enum step_result result;
	bool shown;

	if (v->settling == SETTLING)
		return settled(v, exit);
	/* Nobody attended as it came out, whoever does by now. */
	if (!turn_is_begun(v))
		return exit->kind != EXIT_KICKED;
	result = step_end(v, 0, exit);
	if (result == STEP_AGAIN)
		return false;
	shown = result == STEP_EVENT && is_shown(v, exit);
	pthread_mutex_lock(&g->lock);
	locked_came_out(v, result);
	if (shown)
		locked_stands_by(v);
	else if (locked_is_offered(v)) /* the VMM is to have its thread before that waits: it comes again */
		locked_serve(v, false);
	pthread_mutex_unlock(&g->lock);
	return shown || result == STEP_AWAY;
}

void turn_pass(struct vcpu *v)
{
	pthread_mutex_lock(&v->guest->lock);
	v->settling = vcpu_is_pending(v) ? SETTLING_FOR_VMM : SETTLING_NOT;
	pthread_mutex_unlock(&v->guest->lock);
}

static void locked_has_passed(struct vcpu *v, bool completed)
{
	locked_is_known(v);
	if (completed)
		locked_is_done(v);
}

bool turn_passes(struct vcpu *v, const struct vcpu_exit *exit)
{
	struct guest *g = v->guest;
	bool begun, completed;

	/* What the debugger has read of it may be another thing now. */
	atomic_store(&v->moved, true);
	pthread_mutex_lock(&g->lock);
	begun = vcpu_is_inside(v);
	completed = v->settling == SETTLING_FOR_VMM && !exit->code && !vcpu_is_pending(v);
	v->settling = SETTLING_NOT;
	if (!begun && !exit->code)
		locked_has_passed(v, completed);
	pthread_cond_broadcast(&g->out);
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
	return begun ? turn_end(v, exit) : exit->kind != EXIT_KVM;
}

/* ---- by the baton's holder ---- */

/* False: a handler of the VMM's, in which the thread is, takes its time. */
static bool locked_awaits_completion(struct vcpu *v)
{
	struct timespec until;
	int err = 0;

	if (v->settling == SETTLING_NOT)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += SETTLE_MS * 1000000l;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (v->settling != SETTLING_NOT && !err)
		err = pthread_cond_timedwait(&v->guest->out, &v->guest->lock, &until);
	return !err;
}

/* The client knows where it is by now. */
static bool is_seen(struct vcpu *v)
{
	uint64_t seen;
	bool has_seen = regfile_has(&v->regs, v->guest->arch->regs.pc, &seen);

	atomic_store(&v->moved, false);
	regfile_drop(&v->regs);
	return has_seen && vcpu_pc(v) == seen;
}

int turn_catch_up(struct vcpu *v)
{
	struct guest *g = v->guest;
	bool settled, done;

	if (!g->host->borrowed)
		return 0;
	pthread_mutex_lock(&g->lock);
	settled = locked_awaits_completion(v);
	done = v->done;
	pthread_mutex_unlock(&g->lock);
	if (done) {
		v->at_point = AT_UNSEEN;
		done = !is_seen(v);
		pthread_mutex_lock(&g->lock);
		v->done = done;
		pthread_mutex_unlock(&g->lock);
	}
	return settled ? 0 : -EBUSY;
}

/* In a guest that stands it is told of when it is to go on, in place of that. */
static void locked_shows(struct vcpu *v, int signal, const char *text)
{
	snprintf(v->text, sizeof(v->text), "%s", text);
	v->stop = (struct stop){ .kind = STOP_SIGNAL, .thread = v->nr + 1, .signal = signal, .text = v->text };
	v->known = true;
	if (v->guest->state == GUEST_STOPPED)
		v->pending = true;
	else
		locked_came_out(v, STEP_EVENT);
}

/* The stop that the client looks at is this vCPU's, and says why: KVM has told of what the VMM tells of now. */
static bool locked_is_seen(const struct vcpu *v)
{
	const struct guest *g = v->guest;

	return g->state == GUEST_STOPPED && g->current == v && g->last.text == v->text;
}

int turn_show(struct vcpu *v, int signal, const char *text)
{
	struct guest *g = v->guest;
	int err = 0;

	pthread_mutex_lock(&g->lock);
	if (v->shows || (!g->unattended && g->current && !g->ended)) {
		if (!v->shows && !locked_is_seen(v))
			locked_shows(v, signal, text);
		err = locked_stands_by(v);
		v->shows = err;
	}
	pthread_mutex_unlock(&g->lock);
	return err;
}

int turn_add(struct guest *g, unsigned nr, struct vcpu **v)
{
	int err;

	pthread_mutex_lock(&g->lock);
	err = locked_grow(g, nr + 1);
	if (!err) {
		*v = g->vcpus[nr];
		(*v)->present = true;
		(*v)->is_new = g->thread_events;
		(*v)->pending = false;
		(*v)->want = RESUME_CONTINUE;
		if (g->unattended) {
			locked_frees(*v);
		} else {
			g->host->ops->attend(g->host, nr, true);
			if (g->state == GUEST_RUNNING || g->state == GUEST_NON_STOP)
				locked_move(*v, VCPU_WAITS);
		}
	}
	pthread_mutex_unlock(&g->lock);
	return err;
}

/* Another one is the current one, and what stands is that one. */
static void locked_leaves_current(struct vcpu *v)
{
	struct guest *g = v->guest;

	if (g->reporter == v)
		g->reporter = NULL;
	for (unsigned i = 0; i < g->n && g->current == v; i++)
		if (g->vcpus[i]->known)
			g->current = g->vcpus[i];
	if (g->current && g->last.thread == v->nr + 1 && g->last.kind != STOP_EXITED)
		g->last = (struct stop){ .kind = STOP_SIGNAL, .thread = g->current->nr + 1 };
}

/* A client that wants to know is told of it. One that waits for a stop is told when nobody is left that could. */
static void locked_tells_gone(struct vcpu *v)
{
	struct guest *g = v->guest;
	bool runs = g->state == GUEST_RUNNING || g->state == GUEST_STOPPING || g->state == GUEST_NON_STOP;

	if (!runs || g->unattended || g->ended || !g->current)
		return;
	v->stop = (struct stop){ .kind = STOP_GONE, .thread = v->nr + 1 };
	if (g->thread_events) {
		locked_goes(v);
	} else if (g->state == GUEST_RUNNING && !locked_running(g)) {
		v->stop.kind = STOP_NONE_LEFT;
		locked_goes(v);
	}
}

void locked_is_gone(struct vcpu *v)
{
	locked_move(v, VCPU_STANDS);
	v->present = v->is_new = v->home = v->known = v->pending = v->shows = v->done = false;
	v->want = RESUME_STAY;
	locked_leaves_current(v);
	if (locked_is_offered(v))
		locked_grant_baton(v->guest);
	locked_tells_gone(v);
}

void turn_remove(struct vcpu *v)
{
	struct guest *g = v->guest;

	vmm_vcpu_goes(v);
	pthread_mutex_lock(&g->lock);
	locked_is_gone(v);
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}

void turn_let_go(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	g->unattended = g->host->borrowed;
	pthread_mutex_unlock(&g->lock);
}

void turn_set_off(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	g->unattended = true;
	g->state = GUEST_RUNNING;
	g->started = true;
	pthread_mutex_unlock(&g->lock);
}
