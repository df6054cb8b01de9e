/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of agent expressions share: something to look at, and programs as text. */
#ifndef AGENT_FIXTURE_H
#define AGENT_FIXTURE_H

#include <errno.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "tap.h"

#define MEMORY 0x1000 /* at this address, so many bytes */

static uint8_t memory[MEMORY];

/* Registers 0 to 9: 8 bytes, but 4 in register 3 and 16 in register 8; register 9 cannot be read. */
static size_t reg_size(void *arg, unsigned reg)
{
	(void)arg;
	return reg >= 10 ? 0 : reg == 3 ? 4 : reg == 8 ? 16 : 8;
}

static int get_reg(void *arg, unsigned reg, uint64_t *value)
{
	(void)arg;
	*value = reg == 3 ? 0x80000000 : UINT64_C(0x1111111111111111) * reg;
	return reg == 9 ? -EIO : 0;
}

static ptrdiff_t get_memory(void *arg, uint64_t addr, void *buf, size_t len)
{
	size_t left;

	(void)arg;
	if (addr < MEMORY || addr >= 2 * MEMORY)
		return -EFAULT;
	left = 2 * MEMORY - addr;
	memcpy(buf, memory + (addr - MEMORY), len < left ? len : left);
	return (ptrdiff_t)(len < left ? len : left);
}

static const struct agent_view view = { .reg_size = reg_size, .reg = get_reg, .memory = get_memory };

/* Hexadecimal digits, with blanks where they please. */
__attribute__((unused)) static size_t assemble(const char *text, uint8_t *code)
{
	size_t n = 0;
	int used;
	unsigned byte;

	while (sscanf(text, " %2x%n", &byte, &used) == 1) {
		code[n++] = (uint8_t)byte;
		text += used;
	}
	return n;
}

/* A copy of just its size: the sanitizers see whoever reads on. */
static uint8_t *exact(const uint8_t *code, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, code, size);
	return copy;
}

static void refused_as(enum agent_use use, const char *text, const char *sentence)
{
	uint8_t bytes[256], *code;
	char why[AGENT_WHY] = "";
	size_t size = assemble(text, bytes);

	code = exact(bytes, size);
	is_int(agent_verify(code, size, use, &view, why), -EINVAL, text);
	is_str(why, sentence, sentence);
	free(code);
}

#endif
