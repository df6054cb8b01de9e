/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Batches, however they travel: the same values and the same errors, a refusal at any place, a signal in the middle, what is asked
 * for at a stop because it was asked for at the last one.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>

#include "reg_fixture.h"
#include "tap.h"

#define N 12

static const char *const archs[] = { "aarch64", "riscv64", "ppc64le", "x86_64", "s390x", "mips64", "loongarch64" };

struct many {
	const char *name;
	enum batch batch;
	bool vcpu, device;
	int err; /* of every request */
};

static const struct many manys[] = {
	{ .name = "one by one", .batch = BATCH_ONE },
	{ .name = "blocks", .batch = BATCH_BLOCKS },
	{ .name = "auto, with nothing there", .batch = BATCH_AUTO },
	{ .name = "many, on the vCPU", .batch = BATCH_MANY, .vcpu = true },
	{ .name = "many, on the device", .batch = BATCH_MANY, .device = true },
	{ .name = "many, each request refused", .batch = BATCH_MANY, .device = true, .err = -EPERM },
};

#define NMANYS (sizeof(manys) / sizeof(manys[0]))

static void open_as(struct fixture *x, const char *arch, const struct many *how)
{
	set_up(x, arch);
	regfile_free(&x->file);
	tdesc_free(&x->tdesc);
	x->sim->many_on_vcpu = how->vcpu;
	x->sim->many_on_device = how->device;
	transport_init(&x->transport, &x->sim->host, x->sim->arch, how->batch);
	is_int(transport_open(&x->transport, 0), 0, how->name);
	x->sim->many_err = how->err;
	build(x, x->sim->arch);
}

/* ---- every architecture, every way ---- */

static bool same_as_simulated(struct fixture *x, unsigned reg)
{
	static uint8_t value[65536];
	const struct tdesc_reg *r = &x->tdesc.regs[reg];
	unsigned size = KEY_SIZE(r->key) < r->size ? KEY_SIZE(r->key) : r->size;

	return regfile_read(&x->file, reg, value, sizeof(value)) == (ssize_t)r->size &&
	       (!r->key || !memcmp(value, sim_bytes(x->sim, 0, r->key), size));
}

static void all_registers(const char *arch, const struct many *how)
{
	struct fixture x;
	unsigned wrong = 0;

	open_as(&x, arch, how);
	for (unsigned i = 0; i < x.tdesc.nregs; i++)
		wrong += !same_as_simulated(&x, i);
	is_int(wrong, 0, "every register is read as it is");
	regfile_drop(&x.file);
	for (unsigned i = 0; i < x.tdesc.nregs; i++) {
		uint64_t value[64] = { 0x21 };
		int err = regfile_write(&x.file, i, value, x.tdesc.regs[i].size);

		wrong += !err && x.tdesc.regs[i].key && !same_as_simulated(&x, i);
	}
	is_int(wrong, 0, "and is then as it was written");
	if (how->batch == BATCH_MANY && !how->err)
		ok(x.sim->many_requests > 0 || !strcmp(arch, "x86_64"), "by requests for many");
	tear_down(&x);
}

/* ---- a refusal at any place ---- */

static void fill(struct reg_item *items, uint64_t values[][2], unsigned value)
{
	for (unsigned i = 0; i < N; i++) {
		values[i][0] = value + i;
		items[i] = (struct reg_item){ .key = CORE(2 * i), .value = values[i] };
	}
}

static void refused_get(struct fixture *x, unsigned k)
{
	struct reg_item items[N];
	uint64_t values[N][2];
	bool sound = true;

	fill(items, values, 0);
	x->sim->refuse_get = k + 1;
	is_int(transport_get(&x->transport, 0, items, N), 0, "a batch of which one is refused");
	for (unsigned i = 0; i < N; i++)
		sound &= i == k ? items[i].err == -EINVAL : !items[i].err && values[i][0] == sim_get(x->sim, 0, CORE(2 * i));
	ok(sound, "has all the others (%u)", k);
}

static void refused_set(struct fixture *x, unsigned k)
{
	struct reg_item items[N];
	uint64_t values[N][2];
	bool sound = true;

	fill(items, values, 1000 * (k + 1));
	x->sim->refuse_set = k + 1;
	is_int(transport_set(&x->transport, 0, items, N), -EINVAL, "a batch of writes ends at the refused one");
	for (unsigned i = 0; i < N; i++) {
		bool written = sim_get(x->sim, 0, CORE(2 * i)) == 1000 * (k + 1) + i;

		sound &= written == (i < k) && items[i].err == (i < k ? 0 : i == k ? -EINVAL : -ECANCELED);
	}
	ok(sound, "those before it are done, those behind it are not (%u)", k);
}

/* All general registers but the pc are to be changed, and the k-th change is refused: everything is as it was. */
static void refused_general(struct fixture *x, unsigned k)
{
	uint8_t before[1024], after[1024];
	ssize_t n;

	regfile_drop(&x->file);
	n = regfile_read_general(&x->file, before, sizeof(before));
	memcpy(after, before, sizeof(after));
	for (unsigned i = 0; i < N; i++)
		after[8 * i] ^= 0x55;
	x->sim->refuse_set = k + 1;
	is_int(regfile_write_general(&x->file, after, (size_t)n), -EINVAL, "`G` with one refused");
	ok(x->file.why[0] == 'x' && (unsigned)atoi(x->file.why + 1) == k, "names it: %s", x->file.why);
	is_int(regfile_read_general(&x->file, after, sizeof(after)), n, "the cache");
	ok(!memcmp(before, after, (size_t)n), "holds what was there before");
	regfile_drop(&x->file);
	regfile_read_general(&x->file, after, sizeof(after));
	ok(!memcmp(before, after, (size_t)n), "and so does the vCPU");
}

static void refusals(const struct many *how)
{
	struct fixture x;

	open_as(&x, "aarch64", how);
	for (unsigned k = 0; k < N; k++) {
		refused_get(&x, k);
		refused_set(&x, k);
		refused_general(&x, k);
	}
	tear_down(&x);
}

/* ---- a signal between two entries ---- */

static void signals(const struct many *how)
{
	struct reg_item items[N];
	uint64_t values[N][2];
	struct fixture x;
	bool sound = true;

	open_as(&x, "aarch64", how);
	fill(items, values, 7);
	for (unsigned k = 1; k < N; k++) {
		x.sim->interrupt_many = k;
		sound &= !transport_set(&x.transport, 0, items, N);
		x.sim->interrupt_many = k;
		sound &= !transport_get(&x.transport, 0, items, N);
	}
	for (unsigned i = 0; i < N; i++)
		sound &= !items[i].err && sim_get(x.sim, 0, CORE(2 * i)) == 7 + i;
	ok(sound, "a request that a signal ends goes on from there");
	tear_down(&x);
}

/* ---- what costs how much ---- */

static void counts(void)
{
	uint8_t values[1024];
	struct fixture x;

	open_as(&x, "aarch64", &manys[4]);
	is_int(x.transport.many, MANY_REGS_DEVICE, "the device serves when the vCPU does not");
	regfile_read_general(&x.file, values, sizeof(values));
	is_int(x.transport.counters.gets, 2, "a cold `g` is two requests: what sp is, depends on pstate");
	regfile_resumed(&x.file);
	regfile_drop(&x.file);
	x.transport.counters.gets = 0;
	regfile_read_general(&x.file, values, sizeof(values));
	is_int(x.transport.counters.gets, 1, "and one at the next stop");
	tear_down(&x);
}

static void forced_without(void)
{
	struct fixture x;

	set_up(&x, "aarch64");
	transport_init(&x.transport, &x.sim->host, x.sim->arch, BATCH_MANY);
	is_int(transport_open(&x.transport, 0), -EOPNOTSUPP, "many is refused where there is no KVM_GET_MANY_REGS");
	tear_down(&x);
}

static void msrs_at_once(void)
{
	static const uint64_t keys[] = { 0x20300002c0000081, 0x20300002c0000082, 0x20300002c0000084, 0x20300002c0000102 };
	struct reg_item items[4];
	uint64_t values[4];
	struct fixture x;

	open_as(&x, "x86_64", &manys[2]);
	for (unsigned i = 0; i < 4; i++)
		items[i] = (struct reg_item){ .key = keys[i], .value = &values[i] };
	is_int(transport_get(&x.transport, 0, items, 4), 0, "four MSRs");
	is_int(x.transport.counters.gets, 1, "are one KVM_GET_MSRS");
	for (unsigned k = 0; k < 4; k++) {
		x.sim->refuse_get = k + 1;
		transport_get(&x.transport, 0, items, 4);
		ok(items[k].err == -EINVAL && !items[(k + 1) % 4].err &&
				values[(k + 1) % 4] == sim_get(x.sim, 0, keys[(k + 1) % 4]),
			"one refused leaves the others (%u)", k);
		x.sim->refuse_set = k + 1;
		is_int(transport_set(&x.transport, 0, items, 4), -EINVAL, "or ends a batch of writes");
		ok((k == 0 || !items[k - 1].err) && items[k].err == -EINVAL && (k == 3 || items[k + 1].err == -ECANCELED),
			"there");
	}
	tear_down(&x);
}

/* ---- what KVM leaves in kvm_run ---- */

static void copies(void)
{
	const struct vcpu_exit none = { .kind = EXIT_KVM };
	struct vcpu_exit exit;
	struct fixture x;
	uint32_t state;

	set_up(&x, "x86_64");
	x.sim->caps[KVM_CAP_SYNC_REGS] = 7;
	transport_init(&x.transport, &x.sim->host, x.sim->arch, BATCH_AUTO);
	transport_open(&x.transport, 0);
	ok(x.sim->sync == 3, "KVM is asked for the two blocks that the debugger wants, and for no other");
	read_reg(&x, "rip");
	is_int(x.transport.counters.gets, 1, "before the first run they are had by ioctl");
	x.sim->vcpu[0].exits = &none;
	x.sim->vcpu[0].nexits = 1;
	x.sim->host.ops->run(&x.sim->host, 0, HOST_RUN, &exit);
	regfile_drop(&x.file);
	ok(read_reg(&x, "rip") == sim_get(x.sim, 0, KEY_BLOCK(0, 8, 0x80)), "then the pc is there");
	ok(read_reg(&x, "cr0") == sim_get(x.sim, 0, KEY_BLOCK(1, 8, 0xe0)), "and cr0");
	is_int(x.transport.counters.gets, 1, "without a system call");
	is_int(x.transport.counters.copies, 2, "and counted");
	write_reg(&x, "rip", 0x1234, 8);
	is_int((int64_t)read_reg(&x, "rip"), 0x1234, "what is written voids the copy");
	is_int(x.transport.counters.gets, 2, "and is read by ioctl");
	x.sim->synced = true;
	transport_mp_state(&x.transport, 0, &state);
	ok(!x.sim->synced, "and so does a look at the vCPU's state, which may deliver an INIT");
	tear_down(&x);
}

/* ---- what was asked for at the last stop ---- */

static void stop(struct fixture *x)
{
	regfile_resumed(&x->file);
	regfile_drop(&x->file);
	x->transport.counters.gets = 0;
}

static void habits(void)
{
	struct fixture x;
	uint64_t before;

	open_as(&x, "aarch64", &manys[3]);
	read_reg(&x, "SCTLR_EL1");
	read_reg(&x, "x5");
	read_reg(&x, "sp");
	stop(&x);
	read_reg(&x, "pc");
	is_int(x.transport.counters.gets, 1, "one request at the next stop");
	read_reg(&x, "x5");
	read_reg(&x, "sp");
	ok(read_reg(&x, "SCTLR_EL1") == sim_get(x.sim, 0, 0x603000000013c080), "has what was asked for before");
	is_int(x.transport.counters.gets, 1, "in it");
	before = x.transport.counters.values;
	for (unsigned i = 0; i < 3; i++) {
		stop(&x);
		read_reg(&x, "pc");
	}
	is_int((int64_t)(x.transport.counters.values - before), 3 * 5, "it is expected for some stops more");
	stop(&x);
	read_reg(&x, "pc");
	read_reg(&x, "x5");
	is_int(x.transport.counters.gets, 2, "then what was not asked for is not expected any more");
	stop(&x);
	regfile_forget(&x.file);
	read_reg(&x, "pc");
	x.transport.counters.gets = 0;
	read_reg(&x, "x5");
	is_int(x.transport.counters.gets, 1, "nor by another debugger");
	tear_down(&x);
	open_as(&x, "aarch64", &manys[0]);
	read_reg(&x, "x5");
	stop(&x);
	read_reg(&x, "pc");
	is_int(x.transport.counters.gets, 1, "one by one, nothing is read on suspicion");
	tear_down(&x);
}

int main(void)
{
	for (unsigned i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
		for (unsigned j = 0; j < NMANYS; j++)
			all_registers(archs[i], &manys[j]);
	for (unsigned j = 0; j < NMANYS; j++)
		refusals(&manys[j]);
	signals(&manys[3]);
	signals(&manys[4]);
	counts();
	forced_without();
	msrs_at_once();
	copies();
	habits();
	return done();
}
