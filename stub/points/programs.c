/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts agent.c's expressions and a vCPU together. See programs.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs.h"

/* The conditions first, then the commands; their bytes are behind the table. */
struct programs {
	unsigned nconditions, n;
	struct point_code code[];
};

/* ---- what an expression sees of a vCPU ---- */

static size_t see_reg_size(void *arg, unsigned reg)
{
	const struct tdesc *d = ((struct space *)arg)->regs->tdesc;

	return reg < d->nregs ? d->regs[reg].size : 0;
}

static int see_reg(void *arg, unsigned reg, uint64_t *value)
{
	struct space *s = arg;
	uint8_t bytes[sizeof(*value)];
	ssize_t n = regfile_read(s->regs, reg, bytes, sizeof(bytes));

	if (n < 0)
		return (int)n;
	*value = 0;
	memcpy((uint8_t *)value + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(*value) - (size_t)n : 0), bytes, (size_t)n);
	return 0;
}

static ptrdiff_t see_memory(void *arg, uint64_t addr, void *buf, size_t len)
{
	return memory_peek(arg, addr, buf, len);
}

static struct agent_view view_of(struct space *s)
{
	return (struct agent_view){ .arg = s, .reg_size = see_reg_size, .reg = see_reg, .memory = see_memory };
}

/* ---- set ---- */

static size_t total_size(const struct point_programs *from)
{
	size_t size = 0;

	for (unsigned i = 0; i < from->nconditions + from->ncommands; i++)
		size += from->code[i].size;
	return size;
}

static int verify(struct space *s, const struct point_programs *from)
{
	const struct agent_view view = view_of(s);
	char why[AGENT_WHY];

	for (unsigned i = 0; i < from->nconditions + from->ncommands; i++) {
		enum agent_use use = i < from->nconditions ? AGENT_CONDITION : AGENT_COMMAND;
		int err = agent_verify(from->code[i].bytes, from->code[i].size, use, &view, why);

		if (err)
			return refuse(&s->memory->why, err, "%s %u: %s", use == AGENT_CONDITION ? "condition" : "command",
				1 + i - (use == AGENT_CONDITION ? 0 : from->nconditions), why);
	}
	return 0;
}

int programs_build(struct space *s, const struct point_programs *from, struct programs **out)
{
	unsigned n = from ? from->nconditions + from->ncommands : 0;
	struct programs *p;
	uint8_t *bytes;
	int err;

	*out = NULL;
	if (!n)
		return 0;
	err = verify(s, from);
	if (err)
		return err;
	p = malloc(sizeof(*p) + n * sizeof(p->code[0]) + total_size(from));
	if (!p)
		return refuse(&s->memory->why, -ENOMEM, "there is no memory for the breakpoint's conditions and commands");
	p->nconditions = from->nconditions;
	p->n = n;
	bytes = (uint8_t *)&p->code[n];
	for (unsigned i = 0; i < n; i++) {
		p->code[i] = (struct point_code){ .bytes = bytes, .size = from->code[i].size };
		memcpy(bytes, from->code[i].bytes, from->code[i].size);
		bytes += from->code[i].size;
	}
	*out = p;
	return 0;
}

void programs_free(struct programs *p)
{
	free(p);
}

bool programs_has_commands(const struct programs *p)
{
	return p && p->n > p->nconditions;
}

/* ---- hit ---- */

/* gdb has one list for all of its breakpoints at one place, so any condition will do; gdbserver reads it alike. */
bool programs_hold(const struct programs *ps, struct space *s, char why[AGENT_WHY])
{
	const struct agent_view view = view_of(s);
	uint64_t value;

	why[0] = '\0';
	if (!ps || !ps->nconditions)
		return true;
	for (unsigned i = 0; i < ps->nconditions; i++)
		if (agent_run(ps->code[i].bytes, &view, NULL, &value, why) || value)
			return true;
	return false;
}

/* What goes wrong is said where the output would have been: a dprintf never stops the guest. */
void programs_run_commands(const struct programs *ps, struct space *s, uint64_t addr, struct agent_text *said)
{
	const struct agent_view view = view_of(s);
	char why[AGENT_WHY], line[AGENT_WHY + 64];
	uint64_t value;

	for (unsigned i = ps->nconditions; i < ps->n; i++) {
		if (!agent_run(ps->code[i].bytes, &view, said, &value, why))
			continue;
		snprintf(line, sizeof(line), "the command of the breakpoint at 0x%llx: %s\n", (unsigned long long)addr, why);
		agent_say(said, line);
	}
}
