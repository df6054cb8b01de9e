/* SPDX-License-Identifier: BSD-2-Clause */
/* Non-stop: each vCPU runs and stops by itself, and the watcher has the baton. The protocol is told in vcpu.h. */
#include "locked.h"
#include "threads.h"

/* It has come out. */
static void locked_stand(struct vcpu *v)
{
	struct guest *g = v->guest;

	locked_move(v, VCPU_STANDS);
	g->notify(g->serve_arg, false);
}

/* The guest is over, as its VMM says: the first one that stands has that to report. */
static void locked_tell_end(struct vcpu *v)
{
	struct guest *g = v->guest;

	if (g->over.kind != STOP_EXITED)
		return;
	v->stop = g->over;
	v->pending = true;
	g->over.kind = STOP_SIGNAL;
}

void locked_halted(struct vcpu *v)
{
	if (v->guest->ended) {
		locked_tell_end(v);
	} else {
		v->stop = (struct stop){ .kind = STOP_SIGNAL, .thread = v->nr + 1, .signal = v->halt_signal };
		v->pending = true;
	}
	locked_stand(v);
}

/* A call for it to come out need not find it inside. */
static void locked_halt(struct vcpu *v, int signal)
{
	if (v->state == VCPU_STANDS)
		return;
	v->halt_signal = signal;
	v->halting = vcpu_is_inside(v);
	if (v->halting)
		locked_kick(v);
	else
		locked_halted(v);
}

/* Nobody else is told of. */
static void locked_end(struct guest *g)
{
	g->ended = true;
	for (unsigned i = 0; i < g->n; i++)
		locked_halt(g->vcpus[i], 0);
}

void locked_is_over(struct guest *g)
{
	locked_end(g);
	for (unsigned i = 0; i < g->n; i++)
		if (g->vcpus[i]->state == VCPU_STANDS && g->vcpus[i]->present)
			locked_tell_end(g->vcpus[i]);
	g->notify(g->serve_arg, false);
}

void locked_stands_for(struct vcpu *v)
{
	v->pending = true;
	locked_stand(v);
	if (v->stop.kind == STOP_EXITED)
		locked_end(v->guest);
}

void locked_interrupt_one(struct guest *g, int signal)
{
	struct vcpu *v = g->current;

	for (unsigned i = 0; v->state == VCPU_STANDS && i < g->n; i++)
		v = g->vcpus[i];
	locked_halt(v, signal);
}

/* Who has an event that was not reported has one now as well; the others stand, for no reason but the last one's. */
void threads_begin_non_stop(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	for (unsigned i = 0; i < g->n; i++) {
		struct vcpu *v = g->vcpus[i];

		if (!v->pending)
			v->stop = (struct stop){ .kind = STOP_SIGNAL, .thread = i + 1 };
	}
	g->current->stop = g->last;
	g->asked = ASKED_NON_STOP;
	g->interrupt_text[0] = '\0';
	pthread_mutex_unlock(&g->lock);
}

static void locked_hold(struct guest *g, enum guest_hold hold, struct vcpu *v)
{
	g->hold = hold;
	g->looked_into = v;
	locked_decide(g);
	while (!locked_is_clear(g))
		pthread_cond_wait(&g->out, &g->lock);
}

void threads_hold(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	if (g->state == GUEST_NON_STOP)
		locked_hold(g, HOLD_ALL, NULL);
	pthread_mutex_unlock(&g->lock);
}

bool threads_keep_out(struct guest *g)
{
	bool held;

	pthread_mutex_lock(&g->lock);
	held = g->hold == HOLD_NOBODY && g->state != GUEST_STOPPED && !g->unattended;
	if (held)
		locked_hold(g, HOLD_ALL, NULL);
	pthread_mutex_unlock(&g->lock);
	return held;
}

void threads_hold_to_read(struct guest *g, struct vcpu *v)
{
	pthread_mutex_lock(&g->lock);
	if (g->state == GUEST_NON_STOP)
		locked_hold(g, HOLD_READ, v);
	pthread_mutex_unlock(&g->lock);
}

void threads_let_go(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	g->hold = HOLD_NOBODY;
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}

/* All of them are out then, and stay so. */
static void locked_all_stand(struct guest *g)
{
	locked_hold(g, HOLD_ALL, NULL);
	for (unsigned i = 0; i < g->n; i++)
		locked_move(g->vcpus[i], VCPU_STANDS);
	g->hold = HOLD_NOBODY;
}

void threads_end_non_stop(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	locked_all_stand(g);
	g->state = GUEST_STOPPED;
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}

/* There is nothing left that could be told of. */
void threads_kill(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	if (g->state == GUEST_NON_STOP)
		locked_all_stand(g);
	g->ended = true;
	for (unsigned i = 0; i < g->n; i++)
		g->vcpus[i]->pending = false;
	g->last = (struct stop){ .kind = STOP_EXITED, .thread = g->current->nr + 1, .signal = GDB_SIGNAL_KILL };
	g->current->stop = g->last;
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}

void threads_go(struct vcpu *v)
{
	struct guest *g = v->guest;

	pthread_mutex_lock(&g->lock);
	if (g->over.kind == STOP_EXITED)
		locked_is_over(g);
	if (!g->ended) { /* by one that was told to go a moment ago */
		g->started = true;
		locked_move(v, VCPU_WAITS);
	}
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}

void threads_halt(struct vcpu *v, int signal)
{
	pthread_mutex_lock(&v->guest->lock);
	locked_halt(v, signal);
	locked_decide(v->guest);
	pthread_mutex_unlock(&v->guest->lock);
}

void threads_end(struct vcpu *v)
{
	struct guest *g = v->guest;

	pthread_mutex_lock(&g->lock);
	v->pending = true;
	locked_end(g);
	g->notify(g->serve_arg, false);
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}

bool threads_take_stop(struct vcpu *v, struct stop *stop)
{
	struct guest *g = v->guest;
	bool taken;

	pthread_mutex_lock(&g->lock);
	taken = v->pending;
	if (taken) {
		v->pending = false;
		vcpu_is_reported(v, v->stop.kind);
		if (v->present)
			g->current = v;
		*stop = g->last = v->stop;
	}
	pthread_mutex_unlock(&g->lock);
	return taken;
}

/* Of a guest that has ended, its end. */
void threads_report_again(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	for (unsigned i = 0; i < g->n; i++)
		g->vcpus[i]->pending =
			g->vcpus[i]->present && g->vcpus[i]->state == VCPU_STANDS && (!g->ended || g->vcpus[i] == g->current);
	pthread_mutex_unlock(&g->lock);
}
