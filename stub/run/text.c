/* SPDX-License-Identifier: BSD-2-Clause */
/* What commands have printed, from their vCPU to the client's console: guest.said has it between the two. See threads.h. */
#include <string.h>

#include "locked.h"
#include "threads.h"

/* The watcher is to fetch it, if that cannot wait for its next look. */
static void locked_announce_text(struct guest *g, bool full)
{
	if (g->announced || !(full || g->nsaid >= GUEST_TEXT_MAX / 2))
		return;
	g->announced = true;
	g->notify(g->serve_arg, false);
}

/* Text that finds no room stays where it is, and its vCPU outside. */
void locked_take_text(struct vcpu *v)
{
	struct guest *g = v->guest;
	bool full = v->said.len > sizeof(g->said) - g->nsaid;

	if (!full) {
		memcpy(g->said + g->nsaid, v->said.text, v->said.len);
		g->nsaid += v->said.len;
		v->said.len = 0;
		v->said.cut = false;
	}
	locked_announce_text(g, full);
}

bool threads_have_text(struct guest *g)
{
	bool has;

	pthread_mutex_lock(&g->lock);
	has = g->nsaid > 0;
	pthread_mutex_unlock(&g->lock);
	return has;
}

bool threads_text(struct guest *g, char *text)
{
	size_t n;

	pthread_mutex_lock(&g->lock);
	n = g->nsaid;
	memcpy(text, g->said, n);
	text[n] = '\0';
	g->nsaid = 0;
	g->announced = false;
	for (unsigned i = 0; n && i < g->n; i++)
		if (!vcpu_is_inside(g->vcpus[i]))
			locked_take_text(g->vcpus[i]);
	if (n)
		locked_decide(g);
	pthread_mutex_unlock(&g->lock);
	return n > 0;
}

void threads_drop_text(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	g->nsaid = 0;
	g->announced = false;
	for (unsigned i = 0; i < g->n; i++)
		g->vcpus[i]->said.len = 0;
	locked_decide(g);
	pthread_mutex_unlock(&g->lock);
}
