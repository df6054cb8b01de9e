/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, for the debugger: of a thread that stands, with what follows for the vCPU from a write. See registers.h. */
#include <stdio.h>

#include "registers.h"

typedef ssize_t read_fn(struct regfile *f, unsigned reg, void *value, size_t cap);
typedef int write_fn(struct regfile *f, unsigned reg, const void *value, size_t size);

/* All general registers, for which no number is looked at. */
static ssize_t read_general(struct regfile *f, unsigned reg, void *values, size_t cap)
{
	(void)reg;
	return regfile_read_general(f, values, cap);
}

static int write_general(struct regfile *f, unsigned reg, const void *values, size_t size)
{
	(void)reg;
	return regfile_write_general(f, values, size);
}

static ssize_t read_by(struct guest *g, unsigned thread, unsigned reg, void *value, size_t cap, read_fn *read)
{
	int err;
	struct vcpu *v = machine_stopped_vcpu(g, thread, &err);
	ssize_t n = v ? read(&v->regs, reg, value, cap) : err;

	if (v && n < 0)
		refuse(&g->refusal, n, "%s", v->regs.why);
	return n;
}

ssize_t registers_read(void *t, unsigned thread, unsigned reg, void *value, size_t cap)
{
	return read_by(machine_guest(t), thread, reg, value, cap, regfile_read);
}

ssize_t registers_read_general(void *t, unsigned thread, void *values, size_t cap)
{
	return read_by(machine_guest(t), thread, 0, values, cap, read_general);
}

size_t registers_size(void *t, unsigned reg)
{
	const struct guest *g = machine_guest(t);

	return reg < g->tdesc.nregs ? g->tdesc.regs[reg].size : 0;
}

/*
 * What follows from a register written by the debugger: at another pc the vCPU is not where it stopped, an event that it owed is
 * void, and if it was halted it is to run from there.
 */
static int wrote(struct vcpu *v, uint64_t old_pc, int err)
{
	if (err)
		return refuse(&v->guest->refusal, err, "%s", v->regs.why);
	if (memory_of_pc(&v->space) != old_pc) {
		v->at_point = AT_UNSEEN;
		v->pending = false;
		transport_wake(&v->guest->transport, v->nr);
	}
	return 0;
}

static int write_by(struct guest *g, unsigned thread, unsigned reg, const void *value, size_t size, write_fn *write)
{
	int err;
	struct vcpu *v = machine_changeable_vcpu(g, thread, &err);
	uint64_t pc;

	if (!v)
		return err;
	pc = memory_of_pc(&v->space);
	err = write(&v->regs, reg, value, size);
	if (err <= 0)
		return wrote(v, pc, err);
	refuse(&g->refusal, 0, "%s", v->regs.why);
	guest_log(g, "%s", g->why);
	return 0;
}

int registers_write(void *t, unsigned thread, unsigned reg, const void *value, size_t size)
{
	return write_by(machine_guest(t), thread, reg, value, size, regfile_put);
}

int registers_set(struct guest *g, unsigned thread, unsigned reg, const void *value, size_t size)
{
	return write_by(g, thread, reg, value, size, regfile_write);
}

int registers_write_general(void *t, unsigned thread, const void *values, size_t size)
{
	return write_by(machine_guest(t), thread, 0, values, size, write_general);
}
