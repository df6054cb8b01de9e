/* SPDX-License-Identifier: BSD-2-Clause */
/* Ioctls in the VMM: struct host_call becomes a message to the hand, and its answer comes back into it. See attach_vcpu.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "attach_vcpu.h"
#include "../host/vcpu_calls.h"
#include "../many_regs/kvm_many_regs.h"

#define ALIGN 16
#define CALLS_MAX 256 /* of a message */

/* A message under construction. */
struct letter {
	struct attach *a;
	int fd;
	struct hand_head *head; /* HAND_AREA bytes */
	unsigned n;
	struct host_call *of[CALLS_MAX];
	size_t data[CALLS_MAX]; /* where the bytes of a call are, arg and then data */
	size_t room;		/* the first free byte, behind the places for `places` calls */
	unsigned places, code;	/* code: ... and places for calls that make changed code visible */
};

static size_t aligned(size_t size)
{
	return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static struct hand_call *hand_calls(struct letter *l)
{
	return (struct hand_call *)(l->head + 1);
}

static uint8_t *at(struct letter *l, size_t offset)
{
	return (uint8_t *)l->head + offset;
}

/* For so many calls at most. */
static void begin(struct letter *l, unsigned calls)
{
	l->n = 0;
	l->places = calls < CALLS_MAX ? calls : CALLS_MAX;
	l->code = attach_code_waiting(l->a);
	l->room = sizeof(*l->head) + (l->places + l->code) * sizeof(struct hand_call);
}

/* Pointers into c->data, in the copy of c->arg: what is added to each. */
static void move_pointers(const struct host_call *c, uint8_t *arg, uint64_t by)
{
	for (unsigned i = 0; i < c->ptr_count; i++) {
		uint8_t *place = arg + c->ptr_at + (size_t)i * c->ptr_stride;
		uint64_t pointer;

		memcpy(&pointer, place, sizeof(pointer));
		pointer += by;
		memcpy(place, &pointer, sizeof(pointer));
	}
}

static bool fits(const struct letter *l, const struct host_call *c)
{
	return l->n < l->places && aligned(c->size) + aligned(c->data_size) <= HAND_AREA - l->room;
}

/* By how much more the data's address is there than here. */
static uint64_t moved_by(struct letter *l, const struct host_call *c, size_t data)
{
	return hand_at(&l->a->hand, data) - (uintptr_t)c->data;
}

static void add(struct letter *l, struct host_call *c)
{
	size_t arg = l->room, data = arg + aligned(c->size);
	struct hand_call *call = &hand_calls(l)[l->n];
	int fd = c->on_device ? l->a->many : l->fd;

	if (c->size)
		memcpy(at(l, arg), c->arg, c->size);
	if (c->data_size)
		memcpy(at(l, data), c->data, c->data_size);
	if (c->on_device)
		((struct kvm_many_regs *)at(l, arg))->vcpu_fd = l->fd;
	move_pointers(c, at(l, arg), moved_by(l, c, data));
	*call = (struct hand_call){
		.call = { .nr = SYS_ioctl, .arg = { (uint64_t)fd, c->request, c->arg ? hand_at(&l->a->hand, arg) : c->value } }
	};
	l->of[l->n] = c;
	l->data[l->n++] = arg;
	l->room = data + aligned(c->data_size);
}

static void take(struct letter *l, unsigned i)
{
	struct host_call *c = l->of[i];
	size_t arg = l->data[i], data = arg + aligned(c->size);
	int64_t result = hand_calls(l)[i].result;

	move_pointers(c, at(l, arg), -moved_by(l, c, data));
	if (c->size)
		memcpy(c->arg, at(l, arg), c->size);
	if (c->data_size)
		memcpy(c->data, at(l, data), c->data_size);
	c->ret = result < 0 ? -1 : (int)result;
	c->err = result < 0 ? (int)result : 0;
}

static int post(struct letter *l)
{
	unsigned code;
	int err;

	if (!l->n)
		return 0;
	code = attach_code_take(l->a, hand_calls(l) + l->n, l->code);
	*l->head = (struct hand_head){ .calls = l->n + code, .size = l->room };
	err = hand_do(&l->a->hand, l->head, l->room);
	attach_code_taken(l->a, code);
	for (unsigned i = 0; i < l->n; i++) {
		if (err)
			l->of[i]->err = err;
		else
			take(l, i);
	}
	return err;
}

/* 0; or why it cannot be made there. */
static int check(const struct letter *l, const struct host_call *c)
{
	if (c->on_device && (l->a->many < 0 || c->size < sizeof(struct kvm_many_regs)))
		return -ENODEV;
	return aligned(c->size) + aligned(c->data_size) > HAND_AREA / 2 ? -E2BIG : 0;
}

/* left: how many there are with this one. */
static int put(struct letter *l, const struct vcpu_place *place, struct host_call *c, unsigned left)
{
	int err = 0;

	if (place && c->changes)
		atomic_store(place->synced, false);
	if (place && vcpu_call_here(place, c))
		return 0;
	c->err = check(l, c);
	if (c->err)
		return 0;
	if (!fits(l, c)) {
		err = post(l);
		begin(l, left);
	}
	add(l, c);
	return err;
}

int attach_calls_on(struct attach *a, int fd, const struct vcpu_place *place, struct host_call *calls, unsigned n)
{
	struct letter l = { .a = a, .fd = fd, .head = malloc(HAND_AREA) };
	int err = l.head ? 0 : -ENOMEM;

	if (err)
		return err;
	begin(&l, n);
	for (unsigned i = 0; !err && i < n; i++)
		err = put(&l, place, &calls[i], n - i);
	if (!err)
		err = post(&l);
	free(l.head);
	return err && err != -ETIMEDOUT ? -ENODEV : err;
}
