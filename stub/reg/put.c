/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a debugger writes, because its user wants to or by its habit of putting back what it has read. regfile.c does the
 * writing.
 */
#include <stdio.h>
#include <string.h>

#include "regcache.h"
#include "regfile.h"

static bool is_there(struct regfile *f, unsigned reg, const void *value, size_t size)
{
	uint8_t *now = f->cache->scratch;

	return regfile_read(f, reg, now, size) == (ssize_t)size && !memcmp(now, value, size);
}

static const char *const kind_names[REG_KINDS] = {
	[REG_CLOCK] = "a clock",
	[REG_COUNTER] = "a counter",
	[REG_HOST] = "the host's",
	[REG_COMMAND] = "a command and no value",
	[REG_UNKNOWN] = "not known here",
};

/* 1 with the sentence, or 0 when the sentence was said before. */
static int leave(struct regfile *f, unsigned reg)
{
	const struct reg_row *row = f->tdesc->regs[reg].row;

	if (f->cache->left[reg])
		return 0;
	f->cache->left[reg] = true;
	snprintf(f->why, sizeof(f->why),
		"%s is %s and stays: gdb puts back all registers after a call; `monitor register` sets it", row->name,
		kind_names[row->kind]);
	return 1;
}

int regfile_put(struct regfile *f, unsigned reg, const void *value, size_t size)
{
	if (reg < f->tdesc->nregs && size == f->tdesc->regs[reg].size) {
		if (is_there(f, reg, value, size))
			return 0;
		if (f->tdesc->arch->tdesc->restores && f->tdesc->regs[reg].row->kind)
			return leave(f, reg);
	}
	return regfile_write(f, reg, value, size);
}
