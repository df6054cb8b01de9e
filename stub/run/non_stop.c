/* SPDX-License-Identifier: BSD-2-Clause */
/* Non-stop: each vCPU runs and stops by itself, and the watcher has the baton. The protocol is told in machine.h. */
#include "threads.h"

/* It has come out. */
static void locked_stand(struct vcpu *v)
{
	struct machine *m = v->machine;

	locked_move(v, VCPU_STANDS);
	m->notify(m->serve_arg, false);
}

void locked_halted(struct vcpu *v)
{
	v->stop = (struct stop){ .kind = STOP_SIGNAL, .thread = v->nr + 1, .signal = v->halt_signal };
	v->pending = !v->machine->ended;
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
static void locked_end(struct machine *m)
{
	m->ended = true;
	for (unsigned i = 0; i < m->n; i++)
		locked_halt(&m->vcpus[i], 0);
}

void locked_stands_for(struct vcpu *v)
{
	v->pending = true;
	locked_stand(v);
	if (v->stop.kind == STOP_EXITED)
		locked_end(v->machine);
}

void locked_interrupt_one(struct machine *m, int signal)
{
	struct vcpu *v = m->current;

	for (unsigned i = 0; v->state == VCPU_STANDS && i < m->n; i++)
		v = &m->vcpus[i];
	locked_halt(v, signal);
}

/* Who has an event that was not reported has one now as well; the others stand, for no reason but the last one's. */
void threads_begin_non_stop(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];

		if (!v->pending)
			v->stop = (struct stop){ .kind = STOP_SIGNAL, .thread = i + 1 };
	}
	m->current->stop = m->last;
	m->asked = ASKED_NON_STOP;
	pthread_mutex_unlock(&m->lock);
}

static void locked_hold(struct machine *m, enum machine_hold hold, struct vcpu *v)
{
	m->hold = hold;
	m->looked_into = v;
	locked_decide(m);
	while (!locked_is_clear(m))
		pthread_cond_wait(&m->out, &m->lock);
}

void threads_hold(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	if (m->state == MACHINE_NON_STOP)
		locked_hold(m, HOLD_ALL, NULL);
	pthread_mutex_unlock(&m->lock);
}

void threads_hold_to_read(struct machine *m, struct vcpu *v)
{
	pthread_mutex_lock(&m->lock);
	if (m->state == MACHINE_NON_STOP)
		locked_hold(m, HOLD_READ, v);
	pthread_mutex_unlock(&m->lock);
}

void threads_let_go(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	m->hold = HOLD_NOBODY;
	locked_decide(m);
	pthread_mutex_unlock(&m->lock);
}

/* All of them are out then, and stay so. */
static void locked_all_stand(struct machine *m)
{
	locked_hold(m, HOLD_ALL, NULL);
	for (unsigned i = 0; i < m->n; i++)
		locked_move(&m->vcpus[i], VCPU_STANDS);
	m->hold = HOLD_NOBODY;
}

void threads_end_non_stop(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	locked_all_stand(m);
	m->state = MACHINE_STOPPED;
	locked_decide(m);
	pthread_mutex_unlock(&m->lock);
}

/* There is nothing left that could be told of. */
void threads_kill(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	if (m->state == MACHINE_NON_STOP)
		locked_all_stand(m);
	m->ended = true;
	for (unsigned i = 0; i < m->n; i++)
		m->vcpus[i].pending = false;
	m->last = (struct stop){ .kind = STOP_EXITED, .thread = m->current->nr + 1, .signal = GDB_SIGNAL_KILL };
	m->current->stop = m->last;
	locked_decide(m);
	pthread_mutex_unlock(&m->lock);
}

void threads_go(struct vcpu *v)
{
	struct machine *m = v->machine;

	pthread_mutex_lock(&m->lock);
	if (!m->ended) { /* by one that was told to go a moment ago */
		m->started = true;
		locked_move(v, VCPU_WAITS);
	}
	locked_decide(m);
	pthread_mutex_unlock(&m->lock);
}

void threads_halt(struct vcpu *v, int signal)
{
	pthread_mutex_lock(&v->machine->lock);
	locked_halt(v, signal);
	locked_decide(v->machine);
	pthread_mutex_unlock(&v->machine->lock);
}

void threads_end(struct vcpu *v)
{
	struct machine *m = v->machine;

	pthread_mutex_lock(&m->lock);
	v->pending = true;
	locked_end(m);
	m->notify(m->serve_arg, false);
	locked_decide(m);
	pthread_mutex_unlock(&m->lock);
}

bool threads_take_stop(struct vcpu *v, struct stop *stop)
{
	struct machine *m = v->machine;
	bool taken;

	pthread_mutex_lock(&m->lock);
	taken = v->pending;
	if (taken) {
		v->pending = false;
		v->reported = v->stop.kind != STOP_CREATED;
		m->current = v;
		*stop = m->last = v->stop;
	}
	pthread_mutex_unlock(&m->lock);
	return taken;
}

/* Of a guest that has ended, its end. */
void threads_report_again(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; i < m->n; i++)
		m->vcpus[i].pending = m->vcpus[i].state == VCPU_STANDS && (!m->ended || &m->vcpus[i] == m->current);
	pthread_mutex_unlock(&m->lock);
}

bool machine_is_non_stop(struct machine *m)
{
	bool non_stop;

	pthread_mutex_lock(&m->lock);
	non_stop = m->state == MACHINE_NON_STOP;
	pthread_mutex_unlock(&m->lock);
	return non_stop;
}
