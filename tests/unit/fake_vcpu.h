/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU for tests of arch/: registers that are set by hand, and two pieces of RAM. */
#ifndef FAKE_VCPU_H
#define FAKE_VCPU_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "arch/arch.h"

#define FAKE_REGS 32
#define FAKE_RAM 0x80000

struct fake_vcpu {
	struct view view;
	struct {
		uint64_t key, value;
	} regs[FAKE_REGS];
	unsigned nregs;
	struct {
		uint64_t base;
		uint8_t bytes[FAKE_RAM];
	} ram[2];
	unsigned reads; /* of memory */
};

static inline int fake_get(struct view *v, uint64_t key, uint64_t *value)
{
	struct fake_vcpu *f = (struct fake_vcpu *)v;

	for (unsigned i = 0; i < f->nregs; i++) {
		if (f->regs[i].key == key) {
			*value = f->regs[i].value;
			return 0;
		}
	}
	return -ENOENT;
}

/* Also makes a register that is not there yet, as long as there is room. */
static inline int fake_set(struct view *v, uint64_t key, uint64_t value)
{
	struct fake_vcpu *f = (struct fake_vcpu *)v;
	unsigned i = 0;

	while (i < f->nregs && f->regs[i].key != key)
		i++;
	if (i == FAKE_REGS)
		return -ENOSPC;
	f->nregs += i == f->nregs;
	f->regs[i].key = key;
	f->regs[i].value = value;
	return 0;
}

static inline uint8_t *fake_at(struct fake_vcpu *f, uint64_t pa, size_t len)
{
	for (unsigned i = 0; i < 2; i++)
		if (pa >= f->ram[i].base && pa - f->ram[i].base <= FAKE_RAM - len)
			return f->ram[i].bytes + (pa - f->ram[i].base);
	return NULL;
}

static inline int fake_read(struct view *v, uint64_t pa, void *buf, size_t len)
{
	struct fake_vcpu *f = (struct fake_vcpu *)v;
	const uint8_t *at = fake_at(f, pa, len);

	f->reads++;
	if (!at)
		return -EFAULT;
	memcpy(buf, at, len);
	return 0;
}

/* Nothing in memory, no register; RAM at these two addresses. */
static inline void fake_init(struct fake_vcpu *f, uint64_t base0, uint64_t base1)
{
	memset(f, 0, sizeof(*f));
	f->view = (struct view){ .get = fake_get, .set = fake_set, .read_phys = fake_read };
	f->ram[0].base = base0;
	f->ram[1].base = base1;
}

/* A little-endian number of so many bytes into RAM; nowhere when it is outside. */
static inline void fake_put(struct fake_vcpu *f, uint64_t pa, uint64_t value, unsigned size)
{
	uint8_t *at = fake_at(f, pa, size);

	for (unsigned i = 0; at && i < size; i++)
		at[i] = value >> 8 * i;
}

#endif
