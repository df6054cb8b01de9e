/* SPDX-License-Identifier: BSD-2-Clause */
/* Who serves a stopped guest: the thread of the vCPU whose stop it is, or the watcher where there is no serve(). */
#include "baton.h"
#include "locked.h"

/* Tests have the table of what may become of what. */
void locked_pass_baton(struct guest *g, enum baton to)
{
	locked_check_baton(g, to);
	g->baton = to;
}

void locked_grant_baton(struct guest *g)
{
	if (g->serve) {
		g->server = g->current;
		locked_pass_baton(g, BATON_VCPU_NEXT);
		locked_wake(g->server);
	} else {
		g->shown = true;
		locked_pass_baton(g, BATON_WATCHER_NEXT);
		g->notify(g->serve_arg, false);
	}
}

bool baton_take(struct guest *g)
{
	bool taken;

	pthread_mutex_lock(&g->lock);
	taken = g->baton == BATON_WATCHER_NEXT;
	if (taken)
		locked_pass_baton(g, BATON_WATCHER);
	pthread_mutex_unlock(&g->lock);
	return taken;
}

void baton_give_back(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	locked_resume(g);
	pthread_mutex_unlock(&g->lock);
}

bool baton_is_taken(struct guest *g)
{
	bool serving;

	pthread_mutex_lock(&g->lock);
	serving = g->baton == BATON_VCPU;
	pthread_mutex_unlock(&g->lock);
	return serving;
}

static void notify_nobody(void *arg, bool soon)
{
	(void)arg;
	(void)soon;
}

/* A stop that nobody has begun to serve is the next server's. */
void baton_set_server(struct guest *g, serve_fn *serve, notify_fn *notify, void *arg)
{
	pthread_mutex_lock(&g->lock);
	while (g->baton == BATON_VCPU)
		pthread_cond_wait(&g->out, &g->lock);
	g->serve = serve;
	g->notify = notify ? notify : notify_nobody;
	g->serve_arg = arg;
	if (g->baton == BATON_VCPU_NEXT || g->baton == BATON_WATCHER_NEXT)
		locked_grant_baton(g);
	pthread_mutex_unlock(&g->lock);
}
