/* SPDX-License-Identifier: BSD-2-Clause */
/* Batches of ids and blocks over a simulated vCPU, MSRs by either way, and the list of ids. */
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>

#include "reg/list.h"
#include "reg/transport.h"
#include "sim_host.h"
#include "tap.h"

#define CORE(n) (0x6030000000100000 | (n))
#define SCTLR_EL1 0x603000000013c080
#define UNLISTED_ID 0x603000000013ffff
#define LSTAR 0x20300002c0000082
#define GUEST_SSP 0x2030000300000000 /* all that x86 ever lists */

static struct sim_host *open_host(const char *arch)
{
	struct sim_host *sim = sim_open(arch_find(arch), 1, 0, 0);

	if (!sim)
		exit(1);
	return sim;
}

static int get_lstar(struct transport *t, uint64_t *value)
{
	struct reg_item item = { .key = LSTAR, .value = value };

	return transport_get(t, 0, &item, 1) ? -EIO : item.err;
}

static int set_lstar(struct transport *t, uint64_t value)
{
	struct reg_item item = { .key = LSTAR, .value = &value };

	return transport_set(t, 0, &item, 1);
}

static void msrs(bool cap, bool works, bool by_id, enum batch batch, const char *name)
{
	struct sim_host *sim = open_host("x86_64");
	struct transport t;
	uint64_t value = 0;

	sim->caps[KVM_CAP_ONE_REG] = cap;
	sim->msr_ids = works;
	transport_init(&t, &sim->host, sim->arch, batch);
	transport_open(&t, 0);
	is_int(t.msrs_by_id, by_id, name);
	ok(!t.counters.gets && !t.counters.values, "the probe is not counted");
	is_int(get_lstar(&t, &value), 0, "LSTAR is read");
	ok(value == sim_get(sim, 0, LSTAR), "as it is");
	is_int(set_lstar(&t, 0x1234), 0, "and written");
	is_int((int64_t)sim_get(sim, 0, LSTAR), 0x1234, "as it was asked");
	sim->refuse_get = 1;
	is_int(get_lstar(&t, &value), -EINVAL, "refused for reading");
	sim->refuse_set = 1;
	is_int(set_lstar(&t, 1), -EINVAL, "and for writing");
	is_int((int64_t)t.counters.gets, 2, "two reads");
	is_int((int64_t)t.counters.values, 2, "two values moved");
	sim->host.ops->close(&sim->host);
}

static void batches(void)
{
	struct sim_host *sim = open_host("aarch64");
	struct transport t;
	uint64_t values[4] = { 1, 2, 3, 4 };
	struct reg_item items[4] = {
		{ .key = CORE(0), .value = &values[0] },
		{ .key = CORE(2), .value = &values[1] },
		{ .key = UNLISTED_ID, .value = &values[2] },
		{ .key = CORE(6), .value = &values[3] },
	};

	transport_init(&t, &sim->host, sim->arch, BATCH_AUTO);
	transport_open(&t, 0);
	is_int(transport_set(&t, 0, items, 4), -ENOENT, "a batch of writes with a refusal in it");
	ok(!items[0].err && !items[1].err && items[2].err == -ENOENT && items[3].err == -ECANCELED, "stops there");
	ok(sim_get(sim, 0, CORE(2)) == 2 && sim_get(sim, 0, CORE(6)) != 4, "with what came before in place");
	is_int((int64_t)t.counters.sets, 3, "three were tried");
	is_int((int64_t)t.counters.values, 2, "two values moved");
	sim->batches = 0;
	is_int(transport_get(&t, 0, items, 4), 0, "a batch of reads goes on");
	ok(!items[1].err && items[2].err == -ENOENT && !items[3].err, "behind a refusal");
	is_int(sim->batches, 1, "in one call of the host");
	items[1].key = KEY_BLOCK(1, 0, 0);
	is_int(transport_get(&t, 0, items, 4), 0, "a block that the architecture lacks");
	ok(!items[0].err && items[1].err == -EINVAL && !items[3].err, "is the only one refused");
	sim->unreachable = -ESRCH;
	is_int(transport_get(&t, 0, items, 1), -ESRCH, "a vCPU that cannot be reached");
	is_int(transport_set(&t, 0, items, 2), -ESRCH, "nor written");
	ok(items[0].err == -ESRCH && items[1].err == -ECANCELED, "and the items say so");
	sim->host.ops->close(&sim->host);
}

static void lists(void)
{
	struct sim_host *sim = open_host("aarch64");
	struct transport t;
	uint64_t *ids = NULL;
	bool sorted = true;
	int n, have = 0;

	transport_init(&t, &sim->host, sim->arch, BATCH_AUTO);
	transport_open(&t, 0);
	sim_remove(sim, 0, SCTLR_EL1);
	for (unsigned i = 0; i < sim->vcpu[0].nvalues; i++)
		have += KEY_IS_ID(sim->vcpu[0].values[i].key);
	n = list_ids(&t, 0, &ids);
	is_int(n, have - 1, "aarch64 lists what the vCPU has");
	for (int i = 1; i < n; i++)
		sorted = sorted && ids[i - 1] < ids[i];
	ok(n > 1 && sorted, "sorted");
	free(ids);
	sim->unreachable = -ESRCH;
	is_int(list_ids(&t, 0, &ids), -ESRCH, "or cannot be reached");
	sim->host.ops->close(&sim->host);

	sim = open_host("x86_64");
	transport_init(&t, &sim->host, sim->arch, BATCH_AUTO);
	transport_open(&t, 0);
	sim_add(sim, 0, GUEST_SSP);
	n = list_ids(&t, 0, &ids);
	ok(n > 20 && ids[0] >> 32 == 0x20300002 && ids[n - 1] >> 32 == 0x20300002, "x86_64 lists MSRs");
	ok(!list_is_whole(&t), "and nothing else");
	free(ids);
	sim->host.ops->close(&sim->host);
}

int main(void)
{
	msrs(false, false, false, BATCH_ONE, "a kernel without MSR ids");
	msrs(true, false, false, BATCH_ONE, "a kernel that has ONE_REG, but not for MSRs");
	msrs(true, true, true, BATCH_ONE, "a kernel with MSR ids");
	msrs(true, true, false, BATCH_AUTO, "a kernel with MSR ids, which are better had many at once");
	batches();
	lists();
	return done();
}
