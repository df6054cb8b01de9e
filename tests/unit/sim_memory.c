/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of the simulated machine: plain bytes, and one device that is only known to be there. */
#include <errno.h>
#include <string.h>

#include "sim_host.h"

/* How many of len bytes from gpa are RAM. */
static size_t ram_at(const struct sim_host *sim, uint64_t gpa, size_t len)
{
	if (gpa < sim->ram_base || gpa - sim->ram_base >= sim->ram_size)
		return 0;
	gpa -= sim->ram_base;
	return len < sim->ram_size - gpa ? len : sim->ram_size - gpa;
}

/* In non-stop memory is read while guests run, and write to it: as it comes, and no race. */
ssize_t sim_read_mem(struct host *h, uint64_t gpa, void *buf, size_t len)
{
	struct sim_host *sim = (struct sim_host *)h;
	size_t n = ram_at(sim, gpa, len);
	const uint8_t *from;

	sim->reads++;
	if (!n)
		return -EFAULT;
	from = sim->ram + (gpa - sim->ram_base);
	for (size_t i = 0; i < n; i++)
		((uint8_t *)buf)[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	return (ssize_t)n;
}

ssize_t sim_write_mem(struct host *h, uint64_t gpa, const void *buf, size_t len)
{
	struct sim_host *sim = (struct sim_host *)h;
	size_t n = ram_at(sim, gpa, len);

	if (!n)
		return -EFAULT;
	memcpy(sim->ram + (gpa - sim->ram_base), buf, n);
	return (ssize_t)n;
}

/* RAM, and a device right behind it. */
bool sim_area(struct host *h, unsigned n, struct host_area *area)
{
	struct sim_host *sim = (struct sim_host *)h;

	if (n == 0)
		*area = (struct host_area){
			.start = sim->ram_base, .size = sim->ram_size, .ram = true, .what = "RAM: a simulation"
		};
	else if (n == 1)
		*area = (struct host_area){ .start = sim->ram_base + sim->ram_size, .size = 0x1000, .what = "a lamp" };
	return n < 2;
}

void sim_sync_code(struct host *h, uint64_t gpa, size_t len)
{
	(void)gpa;
	(void)len;
	((struct sim_host *)h)->code_syncs++;
}

int sim_reset(struct host *h, char *error, size_t size)
{
	struct sim_host *sim = (struct sim_host *)h;

	(void)error;
	(void)size;
	sim->resets++;
	if (sim->on_reset)
		sim->on_reset(sim);
	return 0;
}
