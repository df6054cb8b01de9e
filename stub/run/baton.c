/* SPDX-License-Identifier: BSD-2-Clause */
/* Who serves a stopped guest: the thread of the vCPU whose stop it is, or the watcher where there is no serve(). */
#include "baton.h"
#include "locked.h"

void locked_grant_baton(struct guest *g)
{
	if (g->serve) {
		g->baton = g->current;
		locked_wake(g->baton);
	} else {
		g->shown = true;
		g->granted = true;
		g->notify(g->serve_arg, false);
	}
}

bool baton_take(struct guest *g)
{
	bool granted;

	pthread_mutex_lock(&g->lock);
	granted = g->granted;
	g->granted = false;
	pthread_mutex_unlock(&g->lock);
	return granted;
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
	serving = g->serving;
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
	while (g->serving)
		pthread_cond_wait(&g->out, &g->lock);
	g->serve = serve;
	g->notify = notify ? notify : notify_nobody;
	g->serve_arg = arg;
	if (g->baton || g->granted) {
		g->baton = NULL;
		g->granted = false;
		locked_grant_baton(g);
	}
	pthread_mutex_unlock(&g->lock);
}
