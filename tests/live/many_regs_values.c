// SPDX-License-Identifier: BSD-2-Clause
/*
 * The module, as a program sees it: what goes through /dev/kvm_many_regs, compared with KVM_GET_ONE_REG and KVM_SET_ONE_REG.
 * Runs in a nested machine that has the module loaded.
 *
 *   many_regs_values [N]        numbers its tests from N + 1 on
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "many_regs_setup.h"
#include "tap.h"

static bool untouched(const uint8_t *value)
{
	return value[0] == POISON && !memcmp(value, value + 1, VALUE_MAX - 1);
}

/* --- all that KVM has */

static uint32_t size_of(uint64_t id)
{
	return 1u << ((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);
}

static void read_one_by_one(const struct setup *s, const uint64_t *ids, uint32_t n, uint8_t (*value)[VALUE_MAX], int *error)
{
	memset(value, POISON, n * sizeof(value[0]));
	for (uint32_t i = 0; i < n; i++)
		error[i] = one(s, KVM_GET_ONE_REG, ids[i], value[i]);
}

/* A counter moves between one reading and the next: then the batch's, in between, lies in between. */
static bool same(const uint8_t *before, const uint8_t *got, const uint8_t *after, uint32_t size)
{
	uint64_t first, middle, last;

	if (memcmp(before, after, size) == 0)
		return memcmp(before, got, size) == 0 && got[size] == POISON;
	memcpy(&first, before, sizeof(first));
	memcpy(&middle, got, sizeof(middle));
	memcpy(&last, after, sizeof(last));
	return size == sizeof(first) && first <= middle && middle <= last;
}

static bool all_same(const struct setup *s, const uint64_t *ids, uint32_t n, const uint8_t (*before)[VALUE_MAX])
{
	static uint8_t after[KVM_MANY_REGS_MAX][VALUE_MAX];
	static int error[KVM_MANY_REGS_MAX];
	bool good = true;

	read_one_by_one(s, ids, n, after, error);
	for (uint32_t i = 0; i < n; i++) {
		if (!error[i] && !same(before[i], s->value[i], after[i], size_of(ids[i]))) {
			printf("# register %" PRIx64 " differs\n", ids[i]);
			good = false;
		}
	}
	return good;
}

/* Keeps the ids whose ioctl says yes, with their values of now. */
static uint32_t keep(const struct setup *s, unsigned long what, uint64_t *ids, uint32_t n, uint8_t (*value)[VALUE_MAX])
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		memset(value[kept], POISON, VALUE_MAX);
		if (one(s, KVM_GET_ONE_REG, ids[i], value[kept]))
			continue;
		if (what == KVM_SET_ONE_REG && one(s, what, ids[i], value[kept]))
			continue;
		ids[kept++] = ids[i];
	}
	return kept;
}

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

#define ROUNDS 30

static void compare_costs(struct setup *s, const uint64_t *ids, uint32_t n)
{
	uint64_t start = nanoseconds(), middle;

	for (unsigned round = 0; round < ROUNDS; round++)
		for (uint32_t i = 0; i < n; i++)
			one(s, KVM_GET_ONE_REG, ids[i], s->value[i]);
	middle = nanoseconds();
	for (unsigned round = 0; round < ROUNDS; round++)
		many(s, KVM_GET_MANY_REGS, s->req);
	printf("# %u registers: one by one in %" PRIu64 " us, in a batch in %" PRIu64 " us\n", n,
		(middle - start) / 1000 / ROUNDS, (nanoseconds() - middle) / 1000 / ROUNDS);
}

static void test_all(struct setup *s)
{
	static uint8_t before[KVM_MANY_REGS_MAX][VALUE_MAX];
	uint64_t ids[KVM_MANY_REGS_MAX];
	uint32_t n = keep(s, KVM_GET_ONE_REG, ids, vm_ids(&s->vm, ids), before);

	ok(n > SCRATCH_IDS, "%u registers can be read", n);
	is_int(many(s, KVM_GET_MANY_REGS, request(s, ids, n)), 0, "get: all in one request");
	is_int(s->req->done, n, "get: done counts them");
	ok(all_same(s, ids, n, before), "get: each value is that of KVM_GET_ONE_REG");
	compare_costs(s, ids, n);

	n = keep(s, KVM_SET_ONE_REG, ids, n, before);
	request(s, ids, n);
	memcpy(s->value, before, n * sizeof(before[0]));
	is_int(many(s, KVM_SET_MANY_REGS, s->req), 0, "set: all with their own values in one request");
	ok(s->req->done == n && n > SCRATCH_IDS, "set: done counts them");
	is_int(many(s, KVM_GET_MANY_REGS, request(s, ids, n)), 0, "set: they can be read again");
	ok(all_same(s, ids, n, before), "set: nothing has changed");
}

static void test_set(struct setup *s)
{
	is_int(many(s, KVM_SET_MANY_REGS, scratch_request(s, SCRATCH_IDS, 0x1000)), 0, "set: other values");
	is_int(scratches(s, 0x1000), SCRATCH_IDS, "set: KVM_GET_ONE_REG finds them");
}

/* --- refused entries */

static void test_first_refused(struct setup *s)
{
	uint64_t ids[SCRATCH_IDS], value;
	bool get = true, set = true;
	int refusal = one(s, KVM_GET_ONE_REG, NO_ID, &value);

	ok(refusal < 0, "an id of no register is refused: %s", strerror(-refusal));
	for (uint32_t k = 0; k < SCRATCH_IDS; k++) {
		many(s, KVM_SET_MANY_REGS, scratch_request(s, SCRATCH_IDS, 0x2000));
		for (uint32_t i = 0; i < SCRATCH_IDS; i++)
			ids[i] = i == k ? NO_ID : scratch_id(i);
		get &= many(s, KVM_GET_MANY_REGS, request(s, ids, SCRATCH_IDS)) == refusal && s->req->done == k;
		for (uint32_t i = 0; i < SCRATCH_IDS; i++)
			get &= i < k ? !memcmp(s->value[i], &(uint64_t){ 0x2000 + i }, 8) : untouched(s->value[i]);
		scratch_request(s, SCRATCH_IDS, 0x3000)->reg[k].id = NO_ID;
		set &= many(s, KVM_SET_MANY_REGS, s->req) == one(s, KVM_SET_ONE_REG, NO_ID, &value) && s->req->done == k;
		set &= scratches(s, 0x3000) == k;
		for (uint32_t i = k; i < SCRATCH_IDS; i++)
			set &= scratch(s, i) == 0x2000 + i;
	}
	ok(get, "get: the kth entry is refused, for every k: its errno, done = k, the values before it and no others");
	ok(set, "set: the kth entry is refused, for every k: its errno, done = k, those before it are set and no others");
}

/* All ids that may be there, good and bad, three more bad ones, and a value that has no place. */
static void test_go_on(struct setup *s)
{
	static uint8_t before[KVM_MANY_REGS_MAX][VALUE_MAX];
	static int32_t errors[KVM_MANY_REGS_MAX + 1];
	int want[KVM_MANY_REGS_MAX];
	uint64_t ids[KVM_MANY_REGS_MAX];
	uint32_t n = vm_ids(&s->vm, ids), wrong = 0, refused = 0;

	ids[0] = ids[n / 2] = ids[n - 1] = NO_ID;
	ids[1] = scratch_id(0);
	read_one_by_one(s, ids, n, before, want);
	want[1] = -EFAULT;
	request(s, ids, n)->reg[1].addr = 8;
	memset(errors, POISON, sizeof(errors));
	s->req->flags = KVM_MANY_REGS_GO_ON;
	s->req->errors = (uintptr_t)errors;
	is_int(many(s, KVM_GET_MANY_REGS, s->req), 0, "get: goes on past refused entries");
	is_int(s->req->done, n, "get: all were tried");
	for (uint32_t i = 0; i < n; i++) {
		refused += errors[i] != 0;
		wrong += errors[i] != want[i];
		wrong += want[i] && !untouched(s->value[i]);
	}
	ok(!wrong && refused >= 4, "get: each error is that of KVM_GET_ONE_REG, %u of %u", refused, n);
	is_int((uint32_t)errors[n], 0xa5a5a5a5, "get: and no more of them than entries");
	memcpy(s->value[1], before[1], sizeof(before[1]));
	ok(all_same(s, ids, n, before), "get: the others have their values");

	scratch_request(s, SCRATCH_IDS, 0x4000)->reg[3].id = NO_ID;
	s->req->flags = KVM_MANY_REGS_GO_ON;
	s->req->errors = (uintptr_t)errors;
	is_int(many(s, KVM_SET_MANY_REGS, s->req), 0, "set: goes on past a refused entry");
	ok(errors[3] < 0 && !errors[2] && !errors[4], "set: which is noted");
	ok(scratches(s, 0x4000) == 3 && scratch(s, SCRATCH_IDS - 1) == 0x4000 + SCRATCH_IDS - 1, "set: the others are set");
}

int main(int argc, char **argv)
{
	static struct setup s;

	tap_count = argc > 1 ? atoi(argv[1]) : 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!is_int(set_up(&s), 0, "a vCPU, and the device"))
		return 1;
	test_all(&s);
	test_set(&s);
	test_first_refused(&s);
	test_go_on(&s);
	vm_close(&s.vm);
	return tap_failures != 0;
}
