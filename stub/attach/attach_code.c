/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Code that was changed in a guest's memory, on computers whose processors may go on fetching what was there. A breakpoint is lifted and put
 * back by two changes, and KVM is told of what comes next in a message to the hand each time: the change goes along with that.
 */
#include <unistd.h>

#include "attach_vcpu.h"

struct letter {
	struct hand_head head;
	struct hand_call call[ATTACH_CODE_MAX];
};

static unsigned locked_copy(const struct attach_code *c, struct hand_call *calls, unsigned max)
{
	unsigned n = c->n < max ? c->n : max;

	for (unsigned i = 0; i < n; i++)
		calls[i] = (struct hand_call){ .call = c->call[i] };
	return n;
}

static void locked_settle(struct attach *a)
{
	struct letter l;
	unsigned n = locked_copy(&a->code, l.call, ATTACH_CODE_MAX);
	size_t size = sizeof(l.head) + n * sizeof(l.call[0]);

	if (!n)
		return;
	l.head = (struct hand_head){ .calls = n, .size = size };
	hand_do(&a->hand, &l, size);
	a->code.n = 0;
}

static void locked_add(struct attach *a, const struct tracee_call *call)
{
	struct attach_code *c = &a->code;

	for (unsigned i = 0; i < c->n; i++)
		if (c->call[i].arg[0] == call->arg[0] && c->call[i].arg[1] == call->arg[1])
			return;
	if (c->n == ATTACH_CODE_MAX)
		locked_settle(a);
	c->call[c->n++] = *call;
}

void attach_code_changed(struct attach *a, uint64_t at, size_t len)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), end = at + len, next;

	if (!tracee_arch.sync_code)
		return;
	pthread_mutex_lock(&a->code.lock);
	for (; at < end; at = next) {
		struct tracee_call call = { .nr = (uint64_t)tracee_arch.sync_code };

		next = at / page * page + page < end ? at / page * page + page : end;
		call.arg[0] = at;
		call.arg[1] = next;
		locked_add(a, &call);
	}
	if (a->code.running)
		locked_settle(a);
	pthread_mutex_unlock(&a->code.lock);
}

unsigned attach_code_waiting(struct attach *a)
{
	unsigned n;

	pthread_mutex_lock(&a->code.lock);
	n = a->code.n;
	pthread_mutex_unlock(&a->code.lock);
	return n;
}

unsigned attach_code_take(struct attach *a, struct hand_call *calls, unsigned max)
{
	unsigned n;

	pthread_mutex_lock(&a->code.lock);
	n = locked_copy(&a->code, calls, max);
	if (!n)
		pthread_mutex_unlock(&a->code.lock);
	return n;
}

void attach_code_taken(struct attach *a, unsigned n)
{
	struct attach_code *c = &a->code;

	if (!n)
		return;
	for (unsigned i = n; i < c->n; i++)
		c->call[i - n] = c->call[i];
	c->n -= n;
	pthread_mutex_unlock(&c->lock);
}

void attach_code_runs(struct attach *a)
{
	pthread_mutex_lock(&a->code.lock);
	a->code.running++;
	locked_settle(a);
	pthread_mutex_unlock(&a->code.lock);
}

void attach_code_stops(struct attach *a)
{
	pthread_mutex_lock(&a->code.lock);
	a->code.running--;
	pthread_mutex_unlock(&a->code.lock);
}
