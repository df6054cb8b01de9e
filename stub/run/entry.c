/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may enter the guest. Every transition of the protocol told in machine.h ends in locked_decide(), which lets in who may enter
 * by then, calls out who has to make way, and has the machine stopped when nobody is left. Nobody else admits a vCPU.
 */
#include "locked.h"

/* So many software steps cost about what the pause behind them lasts. */
#define STEPS_ALONE 64

static bool is_to_stand(enum vcpu_state state)
{
	return state == VCPU_STANDS || state == VCPU_SETTLES;
}

/* What it is to do when it goes is planned anew by then. */
static void leave_undone(struct vcpu *v)
{
	v->first = FIRST_NOTHING;
	v->alone = v->halting = false;
}

void locked_move(struct vcpu *v, enum vcpu_state state)
{
	struct guest *g = v->guest;
	bool stood = is_to_stand(v->state), stands = is_to_stand(state);

	if (v->alone)
		g->lone = g->lone + stood - stands;
	g->count[v->state]--;
	g->count[state]++;
	v->state = state;
	if (stands)
		leave_undone(v);
	if (stands && !stood)
		v->done = false;
	if (g->alone == v && !vcpu_is_inside(v) && state != VCPU_ADMITTED)
		g->alone = NULL;
}

void locked_wake(struct vcpu *v)
{
	struct host *h = v->guest->host;

	if (!h->borrowed)
		pthread_cond_signal(&v->wake);
	else if (v->waits)
		h->ops->wake(h, v->nr);
}

unsigned locked_running(const struct guest *g)
{
	return g->n - g->count[VCPU_STANDS];
}

static unsigned locked_inside(const struct guest *g)
{
	return g->count[VCPU_INSIDE] + g->count[VCPU_CALLED];
}

/*
 * By whoever stops the machine, or wants to look at memory, or at this vCPU. Asked of those that do not stand: what one that stands
 * has to do first is being planned, perhaps, by the baton's holder.
 */
static bool locked_is_kept_out(const struct vcpu *v)
{
	const struct guest *g = v->guest;

	return g->state == GUEST_STOPPING || g->hold == HOLD_ALL || (g->hold == HOLD_READ && (v->alone || v == g->looked_into));
}

bool locked_is_clear(const struct guest *g)
{
	for (unsigned i = 0; locked_inside(g) && i < g->n; i++)
		if (vcpu_is_inside(g->vcpus[i]) && locked_is_kept_out(g->vcpus[i]))
			return false;
	return true;
}

/* It may, as far as it is concerned. Text that finds no room keeps its vCPU outside. */
static bool locked_could_enter(const struct vcpu *v)
{
	return (v->state == VCPU_WAITS || v->state == VCPU_MADE_WAY || v->state == VCPU_ADMITTED) && v->home && !v->said.len &&
	       !locked_is_kept_out(v);
}

static bool locked_owes_a_turn(const struct vcpu *v)
{
	return v->alone && v->steps_alone >= STEPS_ALONE && locked_running(v->guest) > 1;
}

static void locked_pause(struct vcpu *v)
{
	v->steps_alone = 0;
	locked_move(v, VCPU_PAUSES);
	locked_wake(v);
}

/* The next one that has to be alone, beginning behind the one before. One that is inside alone stays the one. */
static void locked_choose_alone(struct guest *g)
{
	unsigned first = g->alone_last + 1;

	if (g->alone && (vcpu_is_inside(g->alone) || locked_could_enter(g->alone)))
		return;
	g->alone = NULL;
	for (unsigned i = 0; g->lone && i < g->n && !g->alone; i++) {
		struct vcpu *v = g->vcpus[(first + i) % g->n];

		if (!locked_could_enter(v) || !v->alone)
			continue;
		if (locked_owes_a_turn(v))
			locked_pause(v);
		else
			g->alone = v;
	}
	if (g->alone)
		g->alone_last = g->alone->nr;
}

/* One kick is enough: none is lost, and a second one might end the run after. */
void locked_kick(struct vcpu *v)
{
	if (v->state != VCPU_INSIDE)
		return;
	locked_move(v, VCPU_CALLED);
	v->guest->host->ops->kick(v->guest->host, v->nr);
}

static void locked_make_way(struct vcpu *v)
{
	struct guest *g = v->guest;

	if (v->state == VCPU_STANDS || (!locked_is_kept_out(v) && (!g->alone || v == g->alone)))
		return;
	if (v->state == VCPU_INSIDE)
		locked_kick(v);
	else if (v->state == VCPU_WAITS || v->state == VCPU_ADMITTED)
		locked_move(v, VCPU_MADE_WAY);
}

static void locked_admit(struct vcpu *v)
{
	locked_move(v, VCPU_ADMITTED);
	locked_wake(v);
}

static void locked_admit_all(struct guest *g, enum vcpu_state state)
{
	for (unsigned i = 0; g->count[state] && i < g->n; i++) {
		struct vcpu *v = g->vcpus[i];

		if (v->state == state && !v->alone && locked_could_enter(v))
			locked_admit(v);
	}
}

/* Those that made way go first, lest a vCPU that comes by a breakpoint all the time keeps the others out for good. */
static void locked_let_in(struct guest *g)
{
	if (g->alone) {
		if (!locked_inside(g) && g->alone->state != VCPU_ADMITTED)
			locked_admit(g->alone);
		return;
	}
	locked_admit_all(g, VCPU_MADE_WAY);
	if (!g->count[VCPU_ADMITTED])
		locked_admit_all(g, VCPU_WAITS);
}

/*
 * There is nothing to decide: nobody waits; or the last one that has been called out is still inside; or those admitted last
 * have to go in first. Without this, what happens to each of N vCPUs would have a look at all N.
 */
static bool locked_is_settled(const struct guest *g)
{
	bool open = g->state != GUEST_STOPPING && g->hold == HOLD_NOBODY;
	bool on_its_way = g->count[VCPU_INSIDE] || g->count[VCPU_ADMITTED];

	if (open && !g->count[VCPU_WAITS] && !g->count[VCPU_MADE_WAY])
		return true;
	if (g->count[VCPU_CALLED] && !on_its_way && (open ? g->alone != NULL : g->hold != HOLD_READ))
		return true;
	return open && !g->lone && g->count[VCPU_ADMITTED] && !g->count[VCPU_MADE_WAY];
}

void locked_decide(struct guest *g)
{
	if (g->state == GUEST_STOPPING && !locked_running(g))
		locked_stopped(g);
	if (!locked_is_settled(g)) {
		locked_choose_alone(g);
		for (unsigned i = 0; i < g->n; i++)
			locked_make_way(g->vcpus[i]);
		locked_let_in(g);
	}
	if (g->hold != HOLD_NOBODY && locked_is_clear(g))
		pthread_cond_signal(&g->out);
	locked_check(g);
}
