/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may enter the guest. Every transition of the protocol told in machine.h ends in locked_decide(), which lets in who may enter
 * by then, calls out who has to make way, and has the machine stopped when nobody is left. Nobody else admits a vCPU.
 */
#include "threads.h"

/* So many software steps cost about what the pause behind them lasts. */
#define STEPS_ALONE 64

void locked_move(struct vcpu *v, enum vcpu_state state)
{
	struct machine *m = v->machine;
	bool stood = v->state == VCPU_STANDS, stands = state == VCPU_STANDS;

	if (v->alone)
		m->lone = m->lone + stood - stands;
	m->count[v->state]--;
	m->count[state]++;
	v->state = state;
	if (stands)
		v->over = v->alone = v->halting = false;
	if (m->alone == v && !vcpu_is_inside(v) && state != VCPU_ADMITTED)
		m->alone = NULL;
}

unsigned locked_running(const struct machine *m)
{
	return m->n - m->count[VCPU_STANDS];
}

static unsigned locked_inside(const struct machine *m)
{
	return m->count[VCPU_INSIDE] + m->count[VCPU_CALLED];
}

/*
 * By whoever stops the machine, or wants to look at memory, or at this vCPU. Asked of those that do not stand: what one that stands
 * has to do first is being planned, perhaps, by the baton's holder.
 */
static bool locked_is_kept_out(const struct vcpu *v)
{
	const struct machine *m = v->machine;

	return m->state == MACHINE_STOPPING || m->hold == HOLD_ALL ||
	       (m->hold == HOLD_READ && (v->alone || v == m->looked_into));
}

bool locked_is_clear(const struct machine *m)
{
	for (unsigned i = 0; locked_inside(m) && i < m->n; i++)
		if (vcpu_is_inside(&m->vcpus[i]) && locked_is_kept_out(&m->vcpus[i]))
			return false;
	return true;
}

/* It may, as far as it is concerned. Text that finds no room keeps its vCPU outside. */
static bool locked_could_enter(const struct vcpu *v)
{
	return (v->state == VCPU_WAITS || v->state == VCPU_MADE_WAY || v->state == VCPU_ADMITTED) && !v->said.len &&
	       !locked_is_kept_out(v);
}

static bool locked_owes_a_turn(const struct vcpu *v)
{
	return v->alone && v->steps_alone >= STEPS_ALONE && locked_running(v->machine) > 1;
}

static void locked_pause(struct vcpu *v)
{
	v->steps_alone = 0;
	locked_move(v, VCPU_PAUSES);
	pthread_cond_signal(&v->wake);
}

/* The next one that has to be alone, beginning behind the one before. One that is inside alone stays the one. */
static void locked_choose_alone(struct machine *m)
{
	unsigned first = m->alone_last + 1;

	if (m->alone && (vcpu_is_inside(m->alone) || locked_could_enter(m->alone)))
		return;
	m->alone = NULL;
	for (unsigned i = 0; m->lone && i < m->n && !m->alone; i++) {
		struct vcpu *v = &m->vcpus[(first + i) % m->n];

		if (!locked_could_enter(v) || !v->alone)
			continue;
		if (locked_owes_a_turn(v))
			locked_pause(v);
		else
			m->alone = v;
	}
	if (m->alone)
		m->alone_last = m->alone->nr;
}

/* One kick is enough: none is lost, and a second one might end the run after. */
void locked_kick(struct vcpu *v)
{
	if (v->state != VCPU_INSIDE)
		return;
	locked_move(v, VCPU_CALLED);
	v->machine->host->ops->kick(v->machine->host, v->nr);
}

static void locked_make_way(struct vcpu *v)
{
	struct machine *m = v->machine;

	if (v->state == VCPU_STANDS || (!locked_is_kept_out(v) && (!m->alone || v == m->alone)))
		return;
	if (v->state == VCPU_INSIDE)
		locked_kick(v);
	else if (v->state == VCPU_WAITS || v->state == VCPU_ADMITTED)
		locked_move(v, VCPU_MADE_WAY);
}

static void locked_admit(struct vcpu *v)
{
	locked_move(v, VCPU_ADMITTED);
	pthread_cond_signal(&v->wake);
}

static void locked_admit_all(struct machine *m, enum vcpu_state state)
{
	for (unsigned i = 0; m->count[state] && i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];

		if (v->state == state && !v->alone && locked_could_enter(v))
			locked_admit(v);
	}
}

/* Those that made way go first, lest a vCPU that comes by a breakpoint all the time keeps the others out for good. */
static void locked_let_in(struct machine *m)
{
	if (m->alone) {
		if (!locked_inside(m) && m->alone->state != VCPU_ADMITTED)
			locked_admit(m->alone);
		return;
	}
	locked_admit_all(m, VCPU_MADE_WAY);
	if (!m->count[VCPU_ADMITTED])
		locked_admit_all(m, VCPU_WAITS);
}

/*
 * There is nothing to decide: nobody waits; or the last one that has been called out is still inside; or those admitted last
 * have to go in first. Without this, what happens to each of N vCPUs would have a look at all N.
 */
static bool locked_is_settled(const struct machine *m)
{
	bool open = m->state != MACHINE_STOPPING && m->hold == HOLD_NOBODY;
	bool on_its_way = m->count[VCPU_INSIDE] || m->count[VCPU_ADMITTED];

	if (open && !m->count[VCPU_WAITS] && !m->count[VCPU_MADE_WAY])
		return true;
	if (m->count[VCPU_CALLED] && !on_its_way && (open ? m->alone != NULL : m->hold != HOLD_READ))
		return true;
	return open && !m->lone && m->count[VCPU_ADMITTED] && !m->count[VCPU_MADE_WAY];
}

void locked_decide(struct machine *m)
{
	if (m->state == MACHINE_STOPPING && !locked_running(m))
		locked_stopped(m);
	if (!locked_is_settled(m)) {
		locked_choose_alone(m);
		for (unsigned i = 0; i < m->n; i++)
			locked_make_way(&m->vcpus[i]);
		locked_let_in(m);
	}
	if (m->hold != HOLD_NOBODY && locked_is_clear(m))
		pthread_cond_signal(&m->out);
	locked_check(m);
}
