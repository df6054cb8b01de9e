/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many ids in one system call: KVM_GET_MANY_REGS and KVM_SET_MANY_REGS, of the vCPU or of our module's device. The ABI is told
 * in many_regs/kvm_many_regs.h. A request that is refused as a whole is done one by one: its caller sees no difference.
 */
#include <errno.h>
#include <string.h>

#include "../many_regs/kvm_many_regs.h"
#include "many_regs.h"
#include "one_reg.h"

/* Bytes of values in one request. */
#define DATA_MAX 16384u

_Static_assert(WAY_MAX <= KVM_MANY_REGS_MAX, "a batch fits in a request");

/* `done` before the request: where it has that value afterwards, the request was refused and no entry was tried. */
#define NOT_TRIED UINT32_MAX

struct request {
	struct kvm_many_regs *head; /* in bytes */
	_Alignas(struct kvm_many_regs) uint8_t bytes[sizeof(struct kvm_many_regs) + WAY_MAX * sizeof(struct kvm_one_reg)];
	/* What the pointers in `bytes` point into. */
	struct {
		int32_t errors[WAY_MAX];
		_Alignas(16) uint8_t values[DATA_MAX];
	} data;
};

static bool takes(const struct transport *t, uint64_t key)
{
	return t->many && KEY_IS_ID(key) && KEY_SIZE(key) <= DATA_MAX;
}

/* In the request every value has a place of its own, large enough for any alignment. */
static size_t place_size(uint64_t key)
{
	return (KEY_SIZE(key) + 15) & ~15u;
}

/* Fills in as many of n items as fit, and returns how many. */
static unsigned fill(struct request *r, struct reg_item **items, unsigned n, bool set)
{
	struct kvm_many_regs *head = r->head = (void *)r->bytes;
	size_t used = 0;
	unsigned i;

	for (i = 0; i < n && used + place_size(items[i]->key) <= DATA_MAX; i++) {
		uint8_t *place = r->data.values + used;

		if (set)
			memcpy(place, items[i]->value, KEY_SIZE(items[i]->key));
		head->reg[i] = (struct kvm_one_reg){ .id = items[i]->key, .addr = (uintptr_t)place };
		used += place_size(items[i]->key);
	}
	*head = (struct kvm_many_regs){ .n = i, .done = NOT_TRIED, .vcpu_fd = -1 };
	if (!set) {
		head->flags = KVM_MANY_REGS_GO_ON;
		head->errors = (uintptr_t)r->data.errors;
	}
	return i;
}

/* The pointers are 16 bytes apart; the first is to the errors, where errors are asked for. */
static struct host_call request_call(const struct transport *t, struct request *r, bool set)
{
	return (struct host_call){
		.request = set ? KVM_SET_MANY_REGS : KVM_GET_MANY_REGS,
		.on_device = t->many == MANY_REGS_DEVICE,
		.changes = set,
		.arg = r->head,
		.size = sizeof(*r->head) + r->head->n * sizeof(struct kvm_one_reg),
		.data = &r->data,
		.data_size = sizeof(r->data),
		.ptr_at = set ? offsetof(struct kvm_many_regs, reg[0].addr) : offsetof(struct kvm_many_regs, errors),
		.ptr_stride = sizeof(struct kvm_one_reg),
		.ptr_count = set ? r->head->n : 1 + r->head->n,
	};
}

/*
 * Fills in the request and makes the call. As host_ops.calls; *err is the call's. A request that was refused as a whole, or
 * whose answer makes no sense, has more entries done than it has entries.
 */
static int ask(struct transport *t, unsigned vcpu, struct request *r, struct reg_item **items, unsigned n, bool set, int *err)
{
	unsigned filled = fill(r, items, n, set);
	struct host_call call = request_call(t, r, set);
	int unreachable = way_calls(t, vcpu, &call, 1, set);

	*err = call.err;
	if (!call.err && r->head->done != filled)
		r->head->done = NOT_TRIED;
	return unreachable;
}

static void take_values(const struct request *r, struct reg_item **items, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		items[i]->err = r->data.errors[i];
		if (!items[i]->err)
			memcpy(items[i]->value, (const void *)(uintptr_t)r->head->reg[i].addr, KEY_SIZE(items[i]->key));
	}
}

/* A signal ends a request between two entries, and the next one begins where it ended. */
static int get(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	struct request r;

	for (; n; items += r.head->done, n -= r.head->done) {
		int refused, err = ask(t, vcpu, &r, items, n, false, &refused);

		if (err)
			return err;
		if (r.head->done > r.head->n || (refused && refused != -EINTR))
			return one_reg_way.get(t, vcpu, items, n);
		take_values(&r, items, r.head->done);
	}
	return 0;
}

static void set_done(struct reg_item **items, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		items[i]->err = 0;
}

static int set(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	struct request r;

	for (; n; items += r.head->done, n -= r.head->done) {
		int refused, err = ask(t, vcpu, &r, items, n, true, &refused);

		if (err)
			return items[0]->err = err;
		if (r.head->done > r.head->n)
			return one_reg_way.set(t, vcpu, items, n);
		set_done(items, r.head->done);
		if (refused && refused != -EINTR)
			return items[r.head->done]->err = refused;
	}
	return 0;
}

static const char *name(const struct transport *t, uint64_t key)
{
	(void)key;
	return t->many == MANY_REGS_VCPU ? "KVM_GET_MANY_REGS of the vCPU" : "KVM_GET_MANY_REGS of " KVM_MANY_REGS_DEVICE;
}

const struct way many_regs_way = { .name = name, .takes = takes, .get = get, .set = set };

int many_regs_find(struct transport *t, unsigned vcpu)
{
	static const enum many_regs places[] = { MANY_REGS_VCPU, MANY_REGS_DEVICE };
	struct request r;

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int refused, err;

		t->many = places[i];
		err = ask(t, vcpu, &r, NULL, 0, true, &refused);
		/* As the ABI says: a request for nothing leaves 0 in `done`. */
		if (!err && !refused && !r.head->done)
			return 0;
		t->many = MANY_REGS_NONE;
		if (err)
			return err;
	}
	return 0;
}
