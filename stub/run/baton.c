/* SPDX-License-Identifier: BSD-2-Clause */
/* Who serves a stopped guest: the thread of the vCPU whose stop it is, or the watcher. */
#include "baton.h"
#include "locked.h"

/* Tests have the table of what may become of what. */
void locked_pass_baton(struct guest *g, enum baton to)
{
	locked_check_baton(g, to);
	g->baton = to;
}

/* When it is resumed, the VMM may have to do something: a thread of the VMM's does not wait for that. */
static bool is_due(enum stop_kind kind)
{
	return kind == STOP_RESET || kind == STOP_END || kind == STOP_EXITED;
}

static bool locked_can_serve(const struct guest *g)
{
	const struct vcpu *v = g->current;

	return g->serve && (!g->host->borrowed || (v->present && v->home && !is_due(g->last.kind)));
}

void locked_leave_to_watcher(struct guest *g)
{
	locked_pass_baton(g, BATON_WATCHER_NEXT);
	g->notify(g->serve_arg, false);
}

void locked_grant_baton(struct guest *g)
{
	g->shown = true;
	if (!locked_can_serve(g)) {
		locked_leave_to_watcher(g);
		return;
	}
	g->server = g->current;
	locked_pass_baton(g, BATON_VCPU_NEXT);
	locked_wake(g->server);
}

/* A thread of ours that is to take it does so. One of a VMM's may be elsewhere, and be so for long. */
static bool locked_is_watchers(const struct guest *g)
{
	return g->baton == BATON_WATCHER_NEXT || (g->baton == BATON_VCPU_NEXT && g->host->borrowed);
}

bool baton_take(struct guest *g)
{
	bool taken;

	pthread_mutex_lock(&g->lock);
	taken = locked_is_watchers(g);
	if (taken)
		locked_pass_baton(g, BATON_WATCHER);
	pthread_mutex_unlock(&g->lock);
	return taken;
}

bool locked_is_offered(const struct vcpu *v)
{
	return v->guest->baton == BATON_VCPU_NEXT && v->guest->server == v;
}

bool locked_serve(struct vcpu *v, bool waits)
{
	struct guest *g = v->guest;
	serve_fn *serve = g->serve;
	void *arg = g->serve_arg;
	enum served served;

	locked_pass_baton(g, BATON_VCPU);
	pthread_mutex_unlock(&g->lock);
	served = serve(arg, waits);
	pthread_mutex_lock(&g->lock);
	if (served == SERVED)
		locked_resume(g);
	else if (served == SERVED_SO_FAR)
		locked_pass_baton(g, BATON_VCPU_NEXT);
	else
		locked_leave_to_watcher(g);
	pthread_cond_broadcast(&g->out);
	return served == SERVED;
}

bool baton_await(struct guest *g, int fd)
{
	struct host *h = g->host;
	int ready;

	do
		ready = h->ops->wait(h, g->server->nr, fd);
	while (!ready);
	return ready > 0;
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
