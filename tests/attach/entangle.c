/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPU 1 in an exit that lasts until vCPU 0 has got further. Who has the one stand, and waits for the other, waits in vain.
 */
#include <string.h>
#include <unistd.h>

#include "../lib/patience.h"
#include "victim.h"

#define MORE 3 /* exits */
#define PAUSE_US 1000

/* Until a tracer has stopped vCPU 0, which never sleeps by itself, and has let it run on. */
static void await_exits(struct victim *v)
{
	struct seat *other = &v->seats[0];
	unsigned long before = thread_sleeps_so_far(other->tid), exits;

	while (thread_sleeps_so_far(other->tid) == before)
		usleep(PAUSE_US);
	for (exits = other->exits; other->exits < exits + MORE;)
		usleep(PAUSE_US);
}

/* It has what vCPU 0 needs in its next exit, until that waits for it. */
static void hold_lock(struct victim *v)
{
	pthread_mutex_lock(&v->big);
	v->is_held = true;
	while (!v->is_needed)
		usleep(PAUSE_US);
	v->is_held = false;
	pthread_mutex_unlock(&v->big);
}

static void need_lock(struct victim *v)
{
	v->is_needed = true;
	pthread_mutex_lock(&v->big);
	pthread_mutex_unlock(&v->big);
	v->is_needed = false;
}

void entangle_serve(struct seat *s)
{
	struct victim *v = s->victim;

	if (s->vcpu->nr == 0 && v->is_held)
		need_lock(v);
	if (s->vcpu->nr != 1 || v->entangled == NOT_ENTANGLED)
		return;
	if (v->entangled == BY_EXITS)
		await_exits(v);
	else
		hold_lock(v);
	v->entangled = NOT_ENTANGLED;
}

void entangle(struct victim *v, const char *how, FILE *answer)
{
	if (!strcmp(how, "exits"))
		v->entangled = BY_EXITS;
	else if (!strcmp(how, "lock"))
		v->entangled = BY_LOCK;
	while (v->entangled == BY_LOCK && !v->is_held)
		usleep(PAUSE_US);
	fprintf(answer, "%s\n", v->entangled ? "entangled" : "not entangled");
}
