/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a library does with host/embed.h around a VMM's KVM_RUN, as little of it as can be: the guest is stopped, or it is not. One vCPU.
 */
#ifndef EMBED_LIBRARY_H
#define EMBED_LIBRARY_H

#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>

#include "host/embed.h"

struct library {
	struct host *h;
	struct embed_vcpu *v;
	pthread_mutex_t lock;
	pthread_cond_t out;
	bool stopped, inside; /* under the lock */
	bool unseen;	      /* the thread's own: there was a KVM_RUN of which the VMM does not know */
	unsigned slow;	      /* entries by the slow way */
};

/* What a KVM_RUN may begin with, or back: the VMM is to have its thread. */
static inline enum host_run library_wait(struct library *l, bool *back)
{
	while (l->stopped && !*back) {
		if (embed_is_wanted(l->v) || (l->h->ops->has_run(l->h, 0) && l->h->ops->is_pending(l->h, 0)))
			return HOST_SETTLE;
		if (l->unseen) {
			*back = true;
			break;
		}
		pthread_mutex_unlock(&l->lock);
		*back = l->h->ops->wait(l->h, 0, -1) < 0;
		pthread_mutex_lock(&l->lock);
	}
	return *back ? HOST_SETTLE : HOST_RUN;
}

/* 0: KVM_RUN is to be called, and library_leave(). Or -EINTR. */
static inline int library_enter(struct library *l)
{
	bool back = false, breaks;
	enum host_run how;

	if (embed_enter(l->v))
		return 0;
	l->slow++;
	embed_quiet(l->v);
	pthread_mutex_lock(&l->lock);
	how = library_wait(l, &back);
	breaks = back && !embed_is_wanted(l->v) && embed_break_off(l->v);
	if (!breaks) {
		embed_begin(l->v, how);
		l->inside = true;
	}
	l->unseen = false;
	pthread_mutex_unlock(&l->lock);
	embed_loud(l->v);
	return breaks ? -EINTR : 0;
}

/* True: what KVM_RUN came back with is the VMM's. */
static inline bool library_leave(struct library *l, int err, struct vcpu_exit *exit)
{
	*exit = (struct vcpu_exit){ .kind = EXIT_VMM, .code = err };
	if (embed_leave(l->v, err))
		return true;
	embed_quiet(l->v);
	pthread_mutex_lock(&l->lock);
	embed_end(l->v, err, exit);
	l->inside = false;
	pthread_cond_signal(&l->out);
	pthread_mutex_unlock(&l->lock);
	embed_loud(l->v);
	l->unseen = exit->kind == EXIT_KVM;
	return !l->unseen;
}

/* By the debugger: nobody is in the guest when it returns. */
static inline void library_stop(struct library *l)
{
	pthread_mutex_lock(&l->lock);
	l->stopped = true;
	l->inside = l->h->ops->attend(l->h, 0, true);
	if (l->inside)
		l->h->ops->kick(l->h, 0);
	while (l->inside)
		pthread_cond_wait(&l->out, &l->lock);
	pthread_mutex_unlock(&l->lock);
}

static inline void library_go(struct library *l, bool attends)
{
	pthread_mutex_lock(&l->lock);
	l->stopped = false;
	if (!attends)
		l->h->ops->attend(l->h, 0, false);
	l->h->ops->wake(l->h, 0);
	pthread_mutex_unlock(&l->lock);
}

static inline void library_init(struct library *l, struct host *h, struct embed_vcpu *v)
{
	*l = (struct library){ .h = h, .v = v };
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->out, NULL);
}

#endif
