/* SPDX-License-Identifier: BSD-2-Clause */
/* A register file over a simulated vCPU, for tests of reg/. */
#ifndef REG_FIXTURE_H
#define REG_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "reg/presence.h"
#include "reg/regfile.h"
#include "sim_host.h"

#define CORE(n) (0x6030000000100000 | (n))
#define PSTATE CORE(0x42)
#define V(n) (0x6040000000100054 + 4 * (n))
#define Z(n) (0x6080000000150000 + 32 * (n))

struct fixture {
	struct sim_host *sim;
	struct transport transport;
	struct tdesc tdesc;
	struct regfile file;
};

static inline void build(struct fixture *x, const struct arch *arch)
{
	struct presence p;

	presence_init(&p, &x->transport, 0);
	if (tdesc_build(&x->tdesc, arch, &p.source) || regfile_init(&x->file, 0, &x->transport) ||
		regfile_describe(&x->file, &x->tdesc))
		exit(1);
	presence_free(&p);
	x->transport.counters = (struct reg_counters){ 0 };
	x->sim->gets = x->sim->batches = 0;
}

static inline void open_fixture(struct fixture *x, const char *arch, bool sve)
{
	x->sim = sim_open(arch_find(arch), 2, 0x40000000, 0x1000);
	if (!x->sim)
		exit(1);
	if (!strcmp(arch, "aarch64"))
		sim_set(x->sim, 0, PSTATE, 0xabcd0000000003c5); /* EL1h, and something above bit 31 */
	if (!sve)
		sim_remove(x->sim, 0, Z(0));
	else
		sim_remove(x->sim, 0, V(0));
	transport_init(&x->transport, &x->sim->host, x->sim->arch, BATCH_AUTO);
	transport_open(&x->transport, 0);
	build(x, x->sim->arch);
}

static inline void set_up(struct fixture *x, const char *arch)
{
	open_fixture(x, arch, false);
}

static inline void tear_down(struct fixture *x)
{
	regfile_free(&x->file);
	tdesc_free(&x->tdesc);
	x->sim->host.ops->close(&x->sim->host);
}

static inline uint64_t read_reg(struct fixture *x, const char *name)
{
	uint64_t value[2] = { 0 };
	ssize_t n = regfile_read(&x->file, (unsigned)tdesc_by_name(&x->tdesc, name), value, sizeof(value));

	return n < 0 ? (uint64_t)n : value[0];
}

static inline int write_reg(struct fixture *x, const char *name, uint64_t value, size_t size)
{
	uint64_t bytes[2] = { value };

	return regfile_write(&x->file, (unsigned)tdesc_by_name(&x->tdesc, name), bytes, size);
}

#endif
