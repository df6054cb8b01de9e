/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest sequence.c does, foretold. */
#include <string.h>
#include <time.h>

#include "../guests/sequence.h"
#include "victim.h"

static void blame(struct seat *s, const char *what, unsigned int is, unsigned int wanted)
{
	if (!s->broken++)
		snprintf(s->first, sizeof(s->first), "vCPU %u, exit %lu: %s %#x, not %#x", s->vcpu->nr, s->exits, what, is,
			wanted);
}

double check_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void note_gap(struct seat *s)
{
	double now = check_clock();

	if (s->last && now - s->last > s->gap)
		s->gap = now - s->last;
	s->last = now;
}

/* After one that is wrong the next may be right. */
static void check_phase(struct seat *s, enum sequence_phase phase)
{
	if (s->phase % SEQUENCE_PHASES != phase)
		blame(s, "access of kind", phase, (unsigned int)(s->phase % SEQUENCE_PHASES));
	s->phase = phase + 1;
	s->exits++;
	note_gap(s);
}

static void serve_read(struct seat *s, enum sequence_phase phase, void *data)
{
	unsigned int step = sequence_step(s->reads);

	check_phase(s, phase);
	memcpy(data, &step, sizeof(step));
	s->reads++;
	s->expected += step;
}

static void serve_write(struct seat *s, enum sequence_phase phase, const void *data)
{
	unsigned int is;

	check_phase(s, phase);
	memcpy(&is, data, sizeof(is));
	if (is != s->expected)
		blame(s, "wrote", is, s->expected);
	s->expected = is;
}

static bool serve_mmio(struct seat *s, struct kvm_run *run)
{
	uint64_t offset = run->mmio.phys_addr - (SEQUENCE_MMIO + s->vcpu->nr * SEQUENCE_STRIDE);

	if (run->mmio.phys_addr - SEQUENCE_MMIO >= SEQUENCE_CPUS * SEQUENCE_STRIDE)
		return false;
	if (run->mmio.len != 4 || offset != (run->mmio.is_write ? 4 : 0))
		blame(s, "an access at", (unsigned int)run->mmio.phys_addr,
			(unsigned int)(SEQUENCE_MMIO + s->vcpu->nr * SEQUENCE_STRIDE));
	else if (run->mmio.is_write)
		serve_write(s, SEQUENCE_WRITE, run->mmio.data);
	else
		serve_read(s, SEQUENCE_READ, run->mmio.data);
	return true;
}

#if SEQUENCE_PHASES == 4
static bool serve_port(struct seat *s, struct kvm_run *run)
{
	bool is_write = run->io.direction == KVM_EXIT_IO_OUT;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	if (run->io.port < SEQUENCE_PORT || run->io.port >= SEQUENCE_PORT + SEQUENCE_CPUS * 8)
		return false;
	if (run->io.size != 4 || run->io.count != 1 || run->io.port != SEQUENCE_PORT + s->vcpu->nr * 8 + 4 * is_write)
		blame(s, "an access at port", run->io.port, SEQUENCE_PORT + s->vcpu->nr * 8);
	else if (is_write)
		serve_write(s, SEQUENCE_PORT_WRITE, data);
	else
		serve_read(s, SEQUENCE_PORT_READ, data);
	return true;
}
#endif

bool check_serve(struct seat *s)
{
	struct kvm_run *run = s->vcpu->run;

	if (run->exit_reason == KVM_EXIT_MMIO)
		return serve_mmio(s, run);
#if SEQUENCE_PHASES == 4
	if (run->exit_reason == KVM_EXIT_IO)
		return serve_port(s, run);
#endif
	return false;
}
