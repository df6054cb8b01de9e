/* SPDX-License-Identifier: BSD-2-Clause */
/* Opcodes in guest-physical memory. See planted.h. */
#include "planted.h"

#include <errno.h>
#include <string.h>

#include "../host/host.h"

static bool read_place(const struct planted *p, const struct place *place, void *bytes)
{
	return p->host->ops->read_mem(p->host, place->pa, bytes, place->size) == (ssize_t)place->size;
}

static bool write_place(const struct planted *p, const struct place *place, const void *bytes)
{
	if (p->host->ops->write_mem(p->host, place->pa, bytes, place->size) != (ssize_t)place->size)
		return false;
	p->host->ops->sync_code(p->host, place->pa, place->size);
	return true;
}

/* A reader of memory may look at it while a vCPU steps over the place. */
static void set_old(struct place *place, const uint8_t *bytes)
{
	uint32_t old = 0;

	memcpy(&old, bytes, place->size);
	place->old = old;
}

static void get_old(const struct place *place, uint8_t *bytes)
{
	uint32_t old = place->old;

	memcpy(bytes, &old, place->size);
}

static bool is_wanted(const struct place *place)
{
	return place->users > place->lifted;
}

static bool has_trap(const struct planted *p, const struct place *place)
{
	uint8_t now[TRAP_MAX];

	return read_place(p, place, now) && !memcmp(now, place->trap, place->size);
}

bool planted_is_in(const struct planted *p, const struct place *place)
{
	return is_wanted(place) && has_trap(p, place);
}

/* old: NULL when the opcode is out. */
static void tell_host(const struct planted *p, const struct place *place, const uint8_t *old)
{
	if (p->host->ops->opcode)
		p->host->ops->opcode(p->host, place->pa, old, place->trap, place->size);
}

static int put_in(struct planted *p, struct place *place)
{
	uint8_t old[TRAP_MAX];

	if (!read_place(p, place, old))
		return -EFAULT;
	set_old(place, old);
	tell_host(p, place, old);
	return write_place(p, place, place->trap) ? 0 : -EROFS;
}

static void take_out(struct planted *p, struct place *place)
{
	uint8_t old[TRAP_MAX];

	get_old(place, old);
	if (has_trap(p, place))
		write_place(p, place, old);
	tell_host(p, place, NULL);
}

/* The bytes that [a, a + alen) and [b, b + blen) have in common. */
static size_t common(uint64_t a, size_t alen, uint64_t b, size_t blen)
{
	uint64_t from = a > b ? a : b, to = a + alen < b + blen ? a + alen : b + blen;

	return to > from ? to - from : 0;
}

struct place *planted_at(struct planted *p, uint64_t pa)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->place[i].users && p->place[i].pa == pa)
			return &p->place[i];
	return NULL;
}

static struct place *find_last(struct planted *p, uint64_t pa)
{
	for (unsigned i = 0; i < p->n; i++)
		if (!p->place[i].users && p->place[i].pa == pa)
			return &p->place[i];
	return NULL;
}

const struct place *planted_last(struct planted *p, uint64_t pa)
{
	const struct place *place = find_last(p, pa);
	uint8_t now[TRAP_MAX], old[TRAP_MAX];

	if (!place || !read_place(p, place, now))
		return NULL;
	get_old(place, old);
	return memcmp(now, old, place->size) ? NULL : place;
}

static struct place *find(struct planted *p, uint64_t pa, const uint8_t *trap, unsigned size)
{
	struct place *place = planted_at(p, pa);

	return place && place->size == size && !memcmp(place->trap, trap, size) ? place : NULL;
}

/* A debugger that takes its breakpoints out and sets them again finds each where it was. */
static struct place *find_free(struct planted *p, uint64_t pa)
{
	struct place *last = find_last(p, pa);

	if (last)
		return last;
	for (unsigned i = 0; i < PLANTED_MAX; i++)
		if (!p->place[i].users)
			return &p->place[i];
	return NULL;
}

int planted_possible(struct planted *p, uint64_t pa, const uint8_t *trap, unsigned size)
{
	struct place at = { .pa = pa, .size = size };
	uint8_t now[TRAP_MAX];

	if (find(p, pa, trap, size))
		return 0;
	for (unsigned i = 0; i < p->n; i++)
		if (p->place[i].users && common(pa, size, p->place[i].pa, p->place[i].size))
			return -EBUSY;
	return !find_free(p, pa) ? -ENOSPC : read_place(p, &at, now) ? 0 : -EFAULT;
}

int planted_add(struct planted *p, uint64_t pa, const uint8_t *trap, unsigned size, struct place **out)
{
	struct place *place = find(p, pa, trap, size);
	int err = planted_possible(p, pa, trap, size);

	if (err)
		return err;
	if (!place) {
		place = find_free(p, pa);
		*place = (struct place){ .pa = pa, .trap = trap, .size = size };
	}
	/* What the guest has written over it meanwhile makes no difference to who comes now. */
	if (!planted_is_in(p, place))
		err = put_in(p, place);
	if (err)
		return err;
	if (place >= p->place + p->n)
		p->n = place - p->place + 1;
	p->used += !place->users++;
	*out = place;
	return 0;
}

void planted_drop(struct planted *p, struct place *place)
{
	if (place->users - place->lifted == 1)
		take_out(p, place);
	p->used -= !--place->users;
	if (place->lifted > place->users)
		place->lifted = place->users;
}

void planted_lift(struct planted *p, struct place *place)
{
	take_out(p, place);
	place->lifted = place->users;
}

bool planted_is_lifted(const struct place *place)
{
	return place->lifted;
}

int planted_again(struct planted *p, struct place *place)
{
	place->lifted = 0;
	return planted_is_in(p, place) ? 0 : put_in(p, place);
}

/* ---- memory written anew ---- */

void planted_remember(struct planted *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct place *place = &p->place[i];
		ssize_t n = p->host->ops->read_mem(p->host, place->pa, place->code, sizeof(place->code));

		place->ncode = n > 0 ? n : 0;
		planted_hide(p, place->pa, place->code, place->ncode);
	}
}

static bool is_known_again(const struct planted *p, const struct place *place)
{
	static const uint8_t zeroes[PLANTED_CODE];
	uint8_t code[PLANTED_CODE];
	ssize_t n = p->host->ops->read_mem(p->host, place->pa, code, sizeof(code));

	return n > 0 && (size_t)n == place->ncode && !memcmp(code, place->code, n) && memcmp(code, zeroes, n);
}

void planted_reloaded(struct planted *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		p->place[i].lifted = p->place[i].users;
		p->place[i].known = is_known_again(p, &p->place[i]);
	}
}

void planted_forget(struct planted *p)
{
	for (unsigned i = 0; i < p->n; i++)
		p->place[i].users = p->place[i].lifted = 0;
	p->n = p->used = 0;
}

/* ---- readers and writers ---- */

/* The part of a planted opcode that lies in [pa, pa + len): from its byte *first, at buffer offset *at, so many bytes. */
static size_t overlap(const struct place *place, uint64_t pa, size_t len, size_t *first, size_t *at)
{
	if (!place->users)
		return 0;
	*first = pa > place->pa ? pa - place->pa : 0;
	*at = place->pa > pa ? place->pa - pa : 0;
	return common(pa, len, place->pa, place->size);
}

bool planted_covers(const struct planted *p, uint64_t pa, size_t len)
{
	size_t first, at;

	for (unsigned i = 0; i < p->n; i++)
		if (overlap(&p->place[i], pa, len, &first, &at))
			return true;
	return false;
}

/* Of an opcode that was read in part, the rest says whether the guest has written over it. */
static bool was_read(const struct planted *p, const struct place *place, const uint8_t *bytes, size_t first, size_t n)
{
	return !memcmp(bytes, place->trap + first, n) && (n == place->size || has_trap(p, place));
}

void planted_hide(const struct planted *p, uint64_t pa, void *buf, size_t len)
{
	for (unsigned i = 0; i < p->n; i++) {
		const struct place *place = &p->place[i];
		size_t first, at, n = overlap(place, pa, len, &first, &at);
		uint8_t old[TRAP_MAX];

		if (!n || !was_read(p, place, (uint8_t *)buf + at, first, n))
			continue;
		get_old(place, old);
		memcpy((uint8_t *)buf + at, old + first, n);
	}
}

/* The bytes of a place that this write leaves alone are those that the guest has there now: it may have written them since. */
static void look_again(struct planted *p, uint64_t pa, size_t len)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct place *place = &p->place[i];
		size_t first, at;
		uint8_t now[TRAP_MAX];

		if (overlap(place, pa, len, &first, &at) && !has_trap(p, place) && read_place(p, place, now))
			set_old(place, now);
	}
}

ssize_t planted_write(struct planted *p, uint64_t pa, const void *buf, size_t len)
{
	ssize_t done;

	look_again(p, pa, len);
	done = p->host->ops->write_mem(p->host, pa, buf, len);
	for (unsigned i = 0; done > 0 && i < p->n; i++) {
		struct place *place = &p->place[i];
		size_t first, at, n = overlap(place, pa, done, &first, &at);
		uint8_t old[TRAP_MAX];

		if (!n)
			continue;
		get_old(place, old);
		memcpy(old + first, (const uint8_t *)buf + at, n);
		set_old(place, old);
		if (is_wanted(place))
			write_place(p, place, place->trap);
	}
	return done;
}
