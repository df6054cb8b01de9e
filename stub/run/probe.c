/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries each kind of guest debugging once, on a few instructions of the architecture's. See probe.h. */
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>

#include "../reg/regfile.h"
#include "probe.h"

/* Where things are in the scratch machine's RAM, from its base. */
#define CODE_AT 0x4000
#define DATA_AT 0x5000
#define VECTORS_AT 0x6000
#define PAGE 0x1000

struct trial {
	struct capabilities *caps;
	const struct arch *arch;
	const struct arch_probe *probe;
	struct host *host;
	uint64_t base;
	struct regfile *regs;
};

static int put(struct trial *t, uint64_t at, const void *bytes, size_t size)
{
	if (t->host->ops->write_mem(t->host, t->base + at, bytes, size) != (ssize_t)size)
		return -EFAULT;
	t->host->ops->sync_code(t->host, t->base + at, size);
	return 0;
}

static int put_code(struct trial *t)
{
	const struct arch_probe *p = t->probe;
	int err = put(t, CODE_AT, p->code, p->size);

	/* An exception that nobody asked for must end the run like everything else: every vector holds the ending access. */
	for (unsigned at = 0; !err && p->vector && at + p->vector_size <= PAGE; at += p->vector_size)
		err = put(t, VECTORS_AT + at, p->vector, p->vector_size);
	return err;
}

/* From the first instruction, with this request, to the first exit: its meaning, and the pc then. */
static int go(struct trial *t, uint64_t from, const struct debug_request *d, struct arch_hit *hit, uint64_t *pc)
{
	struct view *v = &t->regs->view;
	uint8_t bytes[ARCH_DEBUG_SIZE] = { 0 };
	struct vcpu_exit exit = { 0 };
	uint32_t control;
	size_t size;
	int err;

	regfile_drop(t->regs);
	err = t->probe->start(v, t->base + CODE_AT, t->base + DATA_AT, t->base + VECTORS_AT);
	if (!err && from)
		err = v->set(v, t->arch->regs.pc, t->base + CODE_AT + from);
	if (err)
		return err;
	size = t->arch->debug.encode(d, &control, bytes);
	err = t->host->ops->set_debug(t->host, 0, control, bytes, size);
	if (!err)
		err = t->host->ops->run(t->host, 0, HOST_RUN, &exit);
	regfile_drop(t->regs);
	memset(hit, 0, sizeof(*hit));
	if (err)
		return err;
	if (exit.kind == EXIT_KVM)
		t->arch->exit.classify(&exit, hit);
	return v->get(v, t->arch->regs.pc, pc);
}

static void try_step(struct trial *t)
{
	struct debug_request d = { .step = true };
	struct arch_hit hit;
	uint64_t pc;

	t->caps->step = !go(t, 0, &d, &hit, &pc) && hit.kind == HIT_STEP && pc == t->base + CODE_AT + t->probe->second;
}

static void try_planted(struct trial *t)
{
	struct debug_request d = { .planted = true };
	struct arch_hit hit;
	uint64_t pc, second = CODE_AT + t->probe->second;

	if (put(t, second, t->arch->trap.opcode.bytes, t->arch->trap.opcode.size) || go(t, 0, &d, &hit, &pc) ||
		pc != t->base + second)
		return;
	t->caps->planted_by_error = hit.kind == HIT_NONE && hit.emulated;
	t->caps->planted = hit.kind == HIT_PLANTED || t->caps->planted_by_error;
}

static void try_exec(struct trial *t)
{
	uint64_t second = t->base + CODE_AT + t->probe->second;
	struct debug_request d = { .n = 1, .hw[0] = { .type = POINT_HARDWARE, .addr = second, .len = t->arch->insn_align } };
	struct arch_hit hit;
	uint64_t pc;

	t->caps->exec =
		t->arch->debug.point_slots(&d.hw[0]) && !go(t, 0, &d, &hit, &pc) && hit.kind == HIT_EXEC && pc == second;
}

/* The probe only stores, so a read watchpoint is known by what it does not do: fire. It counts if an access one does. */
static bool watch_fires(struct trial *t, enum point_type type)
{
	struct debug_request d = { .n = 1, .hw[0] = { .type = type, .addr = t->base + DATA_AT, .len = 8 } };
	struct arch_hit hit;
	uint64_t pc, store = t->base + CODE_AT + t->probe->store;

	if (!t->arch->debug.point_slots(&d.hw[0]) || go(t, t->probe->store, &d, &hit, &pc))
		return false;
	return (hit.kind == HIT_WATCH || hit.kind == HIT_EXEC) && t->arch->debug.watch_after == (pc != store);
}

static void try_watch(struct trial *t)
{
	struct arch_point read = { .type = POINT_READ, .addr = t->base + DATA_AT, .len = 8 };

	t->caps->watch[POINT_WRITE] = watch_fires(t, POINT_WRITE);
	t->caps->watch[POINT_ACCESS] = watch_fires(t, POINT_ACCESS);
	t->caps->watch[POINT_READ] =
		t->arch->debug.point_slots(&read) && t->caps->watch[POINT_ACCESS] && !watch_fires(t, POINT_READ);
}

static void count_slots(struct trial *t)
{
	struct capabilities *c = t->caps;

	c->shared_slots = !t->arch->debug.slots_by_cap;
	c->exec_slots = c->watch_slots = t->arch->debug.slots;
	if (t->arch->debug.slots_by_cap) {
		c->exec_slots = t->host->ops->extension(t->host, KVM_CAP_GUEST_DEBUG_HW_BPS);
		c->watch_slots = t->host->ops->extension(t->host, KVM_CAP_GUEST_DEBUG_HW_WPS);
	}
}

static void try_all(struct trial *t)
{
	count_slots(t);
	try_step(t);
	try_exec(t);
	try_watch(t);
	try_planted(t);
}

int capabilities_probe(struct capabilities *caps, const struct arch *arch, struct host *scratch, uint64_t base)
{
	struct transport transport;
	struct regfile regs;
	struct trial t = { .caps = caps, .arch = arch, .probe = arch->probe, .host = scratch, .base = base, .regs = &regs };
	int err;

	memset(caps, 0, sizeof(*caps));
	if (!arch->probe)
		return -EOPNOTSUPP;
	transport_init(&transport, scratch, arch, BATCH_ONE);
	caps->block_irq = scratch->ops->extension(scratch, KVM_CAP_SET_GUEST_DEBUG2) & (int)arch->step.block_irq;
	err = regfile_init(&regs, 0, &transport);
	if (!err) {
		err = put_code(&t);
		if (!err)
			try_all(&t);
		regfile_free(&regs);
	}
	return err;
}
