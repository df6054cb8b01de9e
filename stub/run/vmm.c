/* SPDX-License-Identifier: BSD-2-Clause */
/* What a VMM says of its guest. See vmm.h. */
#include "vmm.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "locked.h"
#include "mask.h"
#include "threads.h"

static void for_each_place(struct guest *g, void (*f)(struct planted *p, struct place *place))
{
	struct planted *p = &g->memory.planted;

	for (unsigned i = 0; i < p->n; i++)
		if (p->place[i].users)
			f(p, &p->place[i]);
}

static void again(struct planted *p, struct place *place)
{
	planted_again(p, place);
}

/* KVM is told anew before the next run, and nothing is known of the registers. */
static void forget_vcpu(struct vcpu *v)
{
	v->told.control = v->queued = 0;
	memset(v->told.bytes, 0, sizeof(v->told.bytes));
	v->at_point = AT_UNSEEN;
	regfile_let_go(&v->regs);
	atomic_store(&v->moved, true);
}

void vmm_has_reset(struct guest *g)
{
	g->memory.age++;
	for_each_place(g, again);
	for (unsigned i = 0; i < g->n; i++)
		forget_vcpu(g->vcpus[i]);
}

/* A client that looks at a stop is told when the guest is to go on. */
bool vmm_has_ended(struct guest *g, int code)
{
	bool attended, stood;

	pthread_mutex_lock(&g->lock);
	stood = g->state == GUEST_STOPPED;
	attended = !g->unattended && g->current && !g->ended;
	if (attended) {
		g->over = (struct stop){ .kind = STOP_EXITED, .thread = g->current->nr + 1, .code = code };
		if (g->state == GUEST_NON_STOP)
			locked_is_over(g);
		else
			locked_call_out(g);
		locked_decide(g);
	}
	pthread_mutex_unlock(&g->lock);
	return attended && !stood;
}

void vmm_stops(struct guest *g, const char *why)
{
	pthread_mutex_lock(&g->lock);
	snprintf(g->interrupt_text, sizeof(g->interrupt_text), "%s", why ? why : "");
	pthread_mutex_unlock(&g->lock);
	threads_interrupt(g, GDB_SIGNAL_INT);
}

static void clean_vcpu(struct vcpu *v)
{
	static const uint8_t none[ARCH_DEBUG_SIZE];
	struct host *h = v->guest->host;

	if (!v->known)
		return;
	mask_give_back(v);
	if (v->told.control)
		h->ops->set_debug(h, v->nr, 0, none, v->told.size);
	v->told.control = 0;
	memset(v->told.bytes, 0, sizeof(v->told.bytes));
}

void vmm_vcpu_goes(struct vcpu *v)
{
	clean_vcpu(v);
	forget_vcpu(v);
	v->said.len = 0;
}

void vmm_cleans(struct guest *g)
{
	for_each_place(g, planted_lift);
	for (unsigned i = 0; i < g->n; i++)
		clean_vcpu(g->vcpus[i]);
}

void vmm_has_cleaned(struct guest *g)
{
	for_each_place(g, again);
}

/* ---- memory slots ---- */

static bool is_within(const struct place *place, uint64_t gpa, uint64_t size)
{
	return place->users && place->pa - gpa < size;
}

void vmm_memory_goes(struct guest *g, uint64_t gpa, uint64_t size)
{
	struct planted *p = &g->memory.planted;

	for (unsigned i = 0; i < p->n; i++)
		if (is_within(&p->place[i], gpa, size))
			planted_lift(p, &p->place[i]);
	g->memory.age++;
}

void vmm_memory_comes(struct guest *g, uint64_t gpa, uint64_t size)
{
	struct planted *p = &g->memory.planted;

	for (unsigned i = 0; i < p->n; i++)
		if (is_within(&p->place[i], gpa, size))
			planted_again(p, &p->place[i]);
	g->memory.age++;
}
