/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86's MSRs. Their keys are the ids that KVM_GET_ONE_REG has for them since Linux 6.18; KVM_GET_MSRS is older, and moves many
 * at once, which on x86 is what counts: every ioctl of a vCPU loads and puts the vCPU (vcpu_load, in kvm_arch_vcpu_ioctl).
 */
#include <errno.h>
#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <string.h>

#include "msrs.h"
#include "one_reg.h"
#include "table.h"

/* KVM_GET_MSRS and KVM_SET_MSRS: the size in the number is that of struct kvm_msrs without its entries. */
#define GET_MSRS _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0x88, 8)
#define SET_MSRS _IOC(_IOC_WRITE, KVMIO, 0x89, 8)

/* struct kvm_msrs of x86's <asm/kvm.h>; spelt out, for no other architecture's header has the struct. */
struct msrs {
	uint32_t n, pad;
	struct {
		uint32_t index, reserved;
		uint64_t data;
	} entry[WAY_CHUNK];
};

/* The same with one entry. */
struct one_msr {
	uint32_t n, pad;
	uint32_t index, reserved;
	uint64_t data;
};

static bool takes(const struct transport *t, uint64_t key)
{
	return is_msr(key) && !t->msrs_by_id;
}

/* How many of n items one ioctl takes. */
static unsigned chunk_of(const struct transport *t, unsigned n)
{
	if (!t->msrs_batched)
		return 1;
	return n < WAY_CHUNK ? n : WAY_CHUNK;
}

/* As host_ops.calls. *done is what the ioctl returns: how many MSRs it has moved, the next one being refused, or -errno. */
static int move(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n, bool set, struct msrs *msrs, int *done)
{
	struct host_call call = {
		.request = set ? SET_MSRS : GET_MSRS,
		.arg = msrs,
		.size = offsetof(struct msrs, entry) + n * sizeof(msrs->entry[0]),
		.changes = set,
	};
	int err;

	memset(msrs, 0, call.size);
	msrs->n = n;
	for (unsigned i = 0; i < n; i++) {
		msrs->entry[i].index = (uint32_t)items[i]->key;
		if (set)
			memcpy(&msrs->entry[i].data, items[i]->value, sizeof(msrs->entry[i].data));
	}
	err = way_calls(t, vcpu, &call, 1, set);
	*done = call.err ? call.err : call.ret;
	return err;
}

/*
 * Gives the items that were moved, and the refused one behind them, their err; returns how many items that are. A refusal is
 * -EINVAL, as KVM_GET_ONE_REG says it; this ioctl has no errno for a refusal.
 */
static unsigned settle(struct reg_item **items, unsigned n, int done)
{
	unsigned i = 0;

	for (; i < n && (int)i < done; i++)
		items[i]->err = 0;
	if (i < n)
		items[i++]->err = done < 0 ? done : -EINVAL;
	return i;
}

/* A call for each, all of them handed to the host at once. */
static int get_each_chunk(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	struct host_call calls[WAY_CHUNK];
	struct one_msr msrs[WAY_CHUNK];
	int err;

	for (unsigned i = 0; i < n; i++) {
		msrs[i] = (struct one_msr){ .n = 1, .index = (uint32_t)items[i]->key };
		calls[i] = (struct host_call){ .request = GET_MSRS, .arg = &msrs[i], .size = sizeof(msrs[i]) };
	}
	err = way_calls(t, vcpu, calls, n, false);
	for (unsigned i = 0; i < n && !err; i++) {
		items[i]->err = calls[i].err ? calls[i].err : calls[i].ret == 1 ? 0 : -EINVAL;
		if (!items[i]->err)
			memcpy(items[i]->value, &msrs[i].data, sizeof(msrs[i].data));
	}
	return err;
}

/* Where one is refused others will be, as for whoever looks which there are: a batch for each of these would be slow. */
static int get(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	struct msrs msrs;
	bool refused = false;

	for (unsigned settled; n && !refused; items += settled, n -= settled) {
		unsigned chunk = chunk_of(t, n);
		int done, err = move(t, vcpu, items, chunk, false, &msrs, &done);

		if (err)
			return err;
		settled = settle(items, chunk, done);
		for (unsigned i = 0; i < settled; i++)
			if (!items[i]->err)
				memcpy(items[i]->value, &msrs.entry[i].data, sizeof(msrs.entry[i].data));
		refused = items[settled - 1]->err != 0;
	}
	return n ? way_get_chunks(t, vcpu, items, n, get_each_chunk) : 0;
}

static int set(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	struct msrs msrs;

	for (unsigned settled; n; items += settled, n -= settled) {
		unsigned chunk = chunk_of(t, n);
		int done, err = move(t, vcpu, items, chunk, true, &msrs, &done);

		if (err)
			return items[0]->err = err;
		settled = settle(items, chunk, done);
		if (items[settled - 1]->err)
			return items[settled - 1]->err;
	}
	return 0;
}

static const char *name(const struct transport *t, uint64_t key)
{
	(void)key;
	return t->msrs_batched ? "KVM_GET_MSRS, many in a call" : "KVM_GET_MSRS for each";
}

const struct way msrs_way = { .name = name, .takes = takes, .get = get, .set = set };

/* The key of the first MSR that the architecture's table names, or 0. */
static uint64_t first_msr(const struct tdesc_table *table)
{
	for (unsigned i = 0; i < table->nfeatures; i++)
		for (unsigned j = 0; j < table->features[i].nrows; j++)
			if (is_msr(table->features[i].rows[j].key))
				return table->features[i].rows[j].key;
	return 0;
}

/* KVM_CAP_ONE_REG is not believed: one MSR is read by its id. */
bool msrs_have_ids(struct transport *t, unsigned vcpu)
{
	uint64_t value;
	struct reg_item item = { .key = first_msr(t->arch->tdesc), .value = &value }, *one = &item;

	if (!item.key || !t->host->ops->extension(t->host, KVM_CAP_ONE_REG))
		return false;
	return !one_reg_way.get(t, vcpu, &one, 1) && !item.err;
}
