/* SPDX-License-Identifier: BSD-2-Clause */
/* The verifier: follows every way through a program, each instruction once, with nothing known of it but the stack's depth. */
#include <errno.h>
#include <string.h>

#include "agent.h"
#include "ops.h"

#define UNSEEN 0xff /* no way has led to this byte yet */
#define INSIDE 0xfe /* of an instruction: no way may begin here */

struct check {
	const struct agent_view *view;
	const uint8_t *code;
	size_t size;
	enum agent_use use;
	char *why;
	unsigned todo; /* of pending: instructions that are reached and were not looked at */
	uint16_t pending[AGENT_SIZE_MAX];
	uint8_t depth[AGENT_SIZE_MAX]; /* of the stack, before the instruction that begins here; or UNSEEN, or INSIDE */
};

_Static_assert(AGENT_STACK_MAX < INSIDE, "a depth is told from the marks");

/* A way leads to this instruction, with the stack so deep. */
static int reach(struct check *c, size_t pc, unsigned depth)
{
	if (pc >= c->size)
		return agent_refuse(c->why, -EINVAL, "the expression runs past its end, to byte %zu of %zu", pc, c->size);
	if (c->depth[pc] == INSIDE)
		return agent_refuse(c->why, -EINVAL, "the expression jumps into the middle of an instruction, to byte %zu", pc);
	if (c->depth[pc] != UNSEEN && c->depth[pc] != depth)
		return agent_refuse(c->why, -EINVAL, "the expression comes to byte %zu with %u and with %u values on the stack",
			pc, c->depth[pc], depth);
	if (c->depth[pc] == UNSEEN)
		c->pending[c->todo++] = (uint16_t)pc;
	c->depth[pc] = (uint8_t)depth;
	return 0;
}

/* Of the instruction at pc, len bytes from byte `from` on are there, and no way begins inside them. */
static int check_extent(struct check *c, const struct op *op, size_t pc, size_t from, size_t len)
{
	if (len > c->size - from)
		return agent_refuse(c->why, -EINVAL, "the expression ends inside %s, at byte %zu", op->name, pc);
	for (size_t i = from; i < from + len; i++) {
		if (c->depth[i] != UNSEEN)
			return agent_refuse(
				c->why, -EINVAL, "the expression jumps into the middle of %s, to byte %zu", op->name, i);
		c->depth[i] = INSIDE;
	}
	return 0;
}

static int check_known(struct check *c, const struct op *op, size_t pc)
{
	if (!op->name)
		return agent_refuse(
			c->why, -EINVAL, "the expression has an unknown instruction, 0x%02x at byte %zu", c->code[pc], pc);
	if (op->refused)
		return agent_refuse(c->why, -EINVAL, "the expression cannot be evaluated here: %s (0x%02x) %s", op->name,
			c->code[pc], op->refused);
	return 0;
}

static int check_register(struct check *c, unsigned reg)
{
	size_t size = c->view->reg_size(c->view->arg, reg);

	if (!size)
		return agent_refuse(c->why, -EINVAL, "the expression reads register %u, and there is none", reg);
	if (size > sizeof(uint64_t))
		return agent_refuse(c->why, -EINVAL, "the expression reads register %u, which is wider than 64 bits", reg);
	return 0;
}

static int check_printf(struct check *c, size_t pc, uint64_t operand)
{
	size_t format = pc + 1 + agent_ops[OP_PRINTF].operand;

	if (c->use != AGENT_COMMAND)
		return agent_refuse(c->why, -EINVAL, "a condition does not print (printf at byte %zu)", pc);
	return agent_format_check((const char *)c->code + format, PRINTF_SIZE(operand), PRINTF_ARGS(operand), c->why);
}

/* What goes beyond the table. */
static int check_operand(struct check *c, size_t pc, uint64_t operand)
{
	switch (c->code[pc]) {
	case OP_REG:
		return check_register(c, (unsigned)operand);
	case OP_PRINTF:
		return check_printf(c, pc, operand);
	default:
		return 0;
	}
}

/* How many values have to be there, and how many of them are taken away. */
static unsigned needs(uint8_t code, uint64_t operand, unsigned *takes)
{
	*takes = agent_ops[code].pops;
	if (code == OP_PRINTF)
		*takes += PRINTF_ARGS(operand);
	return code == OP_PICK ? (unsigned)operand + 1 : *takes;
}

static int check_stack(struct check *c, size_t pc, uint64_t operand, unsigned *depth)
{
	const struct op *op = &agent_ops[c->code[pc]];
	unsigned before = c->depth[pc], takes, need = needs(c->code[pc], operand, &takes);

	if (c->code[pc] == OP_END && c->use == AGENT_CONDITION)
		need = 1;
	if (before < need)
		return agent_refuse(c->why, -EINVAL, "%s at byte %zu finds %u values on the stack and needs %u", op->name, pc,
			before, need);
	*depth = before - takes + op->pushes;
	if (*depth > AGENT_STACK_MAX)
		return agent_refuse(c->why, -EINVAL, "the expression needs more than %d values on the stack", AGENT_STACK_MAX);
	return 0;
}

static int follow(struct check *c, size_t pc, size_t next, uint64_t operand, unsigned depth)
{
	uint8_t code = c->code[pc];
	int err = 0;

	if (code == OP_GOTO || code == OP_IF_GOTO)
		err = reach(c, operand, depth);
	if (!err && code != OP_GOTO && code != OP_END)
		err = reach(c, next, depth);
	return err;
}

static int check_instruction(struct check *c, size_t pc)
{
	static const struct op none;
	const struct op *op = c->code[pc] < agent_op_count ? &agent_ops[c->code[pc]] : &none;
	size_t len = 1 + (size_t)op->operand;
	uint64_t operand;
	unsigned depth = 0;
	int err = check_known(c, op, pc);

	if (!err)
		err = check_extent(c, op, pc, pc + 1, op->operand);
	if (err)
		return err;
	operand = agent_operand(c->code + pc + 1, op->operand);
	if (c->code[pc] == OP_PRINTF) {
		/* The format is a part of the instruction. */
		err = check_extent(c, op, pc, pc + len, PRINTF_SIZE(operand));
		len += PRINTF_SIZE(operand);
	}
	if (!err)
		err = check_operand(c, pc, operand);
	if (!err)
		err = check_stack(c, pc, operand, &depth);
	return err ? err : follow(c, pc, pc + len, operand, depth);
}

int agent_verify(const uint8_t *code, size_t size, enum agent_use use, const struct agent_view *view, char *why)
{
	struct check c = { .view = view, .code = code, .size = size, .use = use, .why = why };
	int err;

	if (size > AGENT_SIZE_MAX)
		return agent_refuse(why, -EINVAL, "an expression of %zu bytes is too long, %d are taken", size, AGENT_SIZE_MAX);
	memset(c.depth, UNSEEN, sizeof(c.depth));
	err = reach(&c, 0, 0);
	while (!err && c.todo)
		err = check_instruction(&c, c.pending[--c.todo]);
	return err;
}
