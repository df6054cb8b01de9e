/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a guest's threads, where the guest goes on without them. See threads.h. */
#include <errno.h>

#include "locked.h"
#include "threads.h"

void threads_stand(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	g->parting = true;
	locked_call_out(g);
	locked_decide(g);
	while (locked_running(g))
		pthread_cond_wait(&g->out, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

/* Does the vCPU's thread run by us? If not, it will not any more. */
static bool has_begun(struct host *h, unsigned nr)
{
	return !h->ops->start || h->ops->start(h, nr, NULL, NULL) == -EALREADY;
}

void threads_part(struct guest *g)
{
	unsigned begun = 0;

	for (unsigned i = 0; i < g->n; i++)
		begun += has_begun(g->host, i);
	pthread_mutex_lock(&g->lock);
	g->parted = true;
	for (unsigned i = 0; i < g->n; i++)
		locked_wake(g->vcpus[i]);
	while (g->ended_threads < begun)
		pthread_cond_wait(&g->out, &g->lock);
	pthread_mutex_unlock(&g->lock);
}
