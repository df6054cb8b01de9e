/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytecode: one table of instructions, by which a program is verified (verify.c) and run. Numbers, operands and what
 * each does to the stack: GDB manual, F.2 "Bytecode Descriptions".
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "ops.h"

/* One run. The verifier has seen to it that the stack neither over- nor underflows. */
struct frame {
	const struct agent_view *view;
	struct agent_text *out;
	const uint8_t *code;
	size_t pc; /* of the next instruction */
	unsigned depth;
	uint64_t stack[AGENT_STACK_MAX];
	char *why;
};

int agent_refuse(char *why, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, AGENT_WHY, format, ap);
	va_end(ap);
	return err;
}

/* ---- the instructions ---- */

static uint64_t pop(struct frame *f)
{
	return f->stack[--f->depth];
}

static int push(struct frame *f, uint64_t value)
{
	f->stack[f->depth++] = value;
	return 0;
}

/* From a and b, the top of the stack, or from a alone. */
#define BINARY(name, result)                                    \
	static int run_##name(struct frame *f, uint64_t unused) \
	{                                                       \
		uint64_t b = pop(f), a = pop(f);                \
                                                                \
		(void)unused;                                   \
		return push(f, (result));                       \
	}

#define DIVISION(name, result)                                                    \
	static int run_##name(struct frame *f, uint64_t unused)                   \
	{                                                                         \
		uint64_t b = pop(f), a = pop(f);                                  \
                                                                                  \
		(void)unused;                                                     \
		if (!b)                                                           \
			return agent_refuse(f->why, -EDOM, "a division by zero"); \
		return push(f, (result));                                         \
	}

#define UNARY(name, result)                                      \
	static int run_##name(struct frame *f, uint64_t operand) \
	{                                                        \
		uint64_t a = pop(f);                             \
                                                                 \
		(void)operand;                                   \
		return push(f, (result));                        \
	}

#define S(x) ((int64_t)(x))

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a *b)
BINARY(lsh, b < 64 ? a << b : 0)
BINARY(rsh_signed, (uint64_t)(S(a) >> (b < 64 ? b : 63)))
BINARY(rsh_unsigned, b < 64 ? a >> b : 0)
BINARY(bit_and, a &b)
BINARY(bit_or, a | b)
BINARY(bit_xor, a ^ b)
BINARY(equal, a == b)
BINARY(less_signed, S(a) < S(b))
BINARY(less_unsigned, a < b)
/* The one quotient that does not fit wraps around. */
DIVISION(div_signed, b == UINT64_MAX ? 0 - a : (uint64_t)(S(a) / S(b)))
DIVISION(div_unsigned, a / b)
DIVISION(rem_signed, b == UINT64_MAX ? 0 : (uint64_t)(S(a) % S(b)))
DIVISION(rem_unsigned, a % b)
UNARY(log_not, !a)
UNARY(bit_not, ~a)
UNARY(ext, operand >= 64 ? a : operand ? (uint64_t)(S(a << (64 - operand)) >> (64 - operand)) : 0)
UNARY(zero_ext, operand >= 64 ? a : a & ((UINT64_C(1) << operand) - 1))

/* A number of so many bytes, in the host's byte order. */
static uint64_t number(const void *bytes, size_t size)
{
	uint64_t value = 0;

	memcpy((uint8_t *)&value + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(value) - size : 0), bytes, size);
	return value;
}

static int fetch(struct frame *f, size_t size)
{
	uint64_t addr = pop(f);
	uint8_t bytes[8];

	if (f->view->memory(f->view->arg, addr, bytes, size) != (ptrdiff_t)size)
		return agent_refuse(f->why, -EFAULT, "%zu bytes at 0x%llx cannot be read", size, (unsigned long long)addr);
	return push(f, number(bytes, size));
}

static int run_ref8(struct frame *f, uint64_t unused)
{
	(void)unused;
	return fetch(f, 1);
}

static int run_ref16(struct frame *f, uint64_t unused)
{
	(void)unused;
	return fetch(f, 2);
}

static int run_ref32(struct frame *f, uint64_t unused)
{
	(void)unused;
	return fetch(f, 4);
}

static int run_ref64(struct frame *f, uint64_t unused)
{
	(void)unused;
	return fetch(f, 8);
}

static int run_reg(struct frame *f, uint64_t reg)
{
	uint64_t value;
	int err = f->view->reg(f->view->arg, (unsigned)reg, &value);

	if (err)
		return agent_refuse(f->why, err, "register %u cannot be read: %s", (unsigned)reg, strerror(-err));
	return push(f, value);
}

static int run_goto(struct frame *f, uint64_t to)
{
	f->pc = to;
	return 0;
}

static int run_if_goto(struct frame *f, uint64_t to)
{
	if (pop(f))
		f->pc = to;
	return 0;
}

/* The run is over: agent_run() does not get as far as the table. */
static int run_end(struct frame *f, uint64_t unused)
{
	(void)f;
	(void)unused;
	return 0;
}

static int run_dup(struct frame *f, uint64_t unused)
{
	(void)unused;
	return push(f, f->stack[f->depth - 1]);
}

static int run_pop(struct frame *f, uint64_t unused)
{
	(void)unused;
	pop(f);
	return 0;
}

static int run_swap(struct frame *f, uint64_t unused)
{
	uint64_t b = pop(f), a = pop(f);

	(void)unused;
	push(f, b);
	return push(f, a);
}

static int run_pick(struct frame *f, uint64_t n)
{
	return push(f, f->stack[f->depth - 1 - n]);
}

/* a b c becomes c a b. */
static int run_rot(struct frame *f, uint64_t unused)
{
	uint64_t c = pop(f), b = pop(f), a = pop(f);

	(void)unused;
	push(f, c);
	push(f, a);
	return push(f, b);
}

/* On top are the function and the channel of gdb's other styles of dprintf, then the arguments, the first one uppermost. */
static int run_printf(struct frame *f, uint64_t operand)
{
	uint64_t args[AGENT_STACK_MAX];

	f->depth -= 2;
	for (unsigned i = 0; i < PRINTF_ARGS(operand); i++)
		args[i] = pop(f);
	agent_format_print(f->out, (const char *)f->code + f->pc, args, f->view);
	f->pc += PRINTF_SIZE(operand);
	return 0;
}

static const char tracing[] = "is for tracepoints";
static const char floating[] = "is for floating-point numbers";

/* clang-format off */
const struct op agent_ops[] = {
	[0x01] = { "float",		0, 0, 0, NULL, floating },
	[0x02] = { "add",		0, 2, 1, run_add, NULL },
	[0x03] = { "sub",		0, 2, 1, run_sub, NULL },
	[0x04] = { "mul",		0, 2, 1, run_mul, NULL },
	[0x05] = { "div_signed",	0, 2, 1, run_div_signed, NULL },
	[0x06] = { "div_unsigned",	0, 2, 1, run_div_unsigned, NULL },
	[0x07] = { "rem_signed",	0, 2, 1, run_rem_signed, NULL },
	[0x08] = { "rem_unsigned",	0, 2, 1, run_rem_unsigned, NULL },
	[0x09] = { "lsh",		0, 2, 1, run_lsh, NULL },
	[0x0a] = { "rsh_signed",	0, 2, 1, run_rsh_signed, NULL },
	[0x0b] = { "rsh_unsigned",	0, 2, 1, run_rsh_unsigned, NULL },
	[0x0c] = { "trace",		0, 0, 0, NULL, tracing },
	[0x0d] = { "trace_quick",	0, 0, 0, NULL, tracing },
	[0x0e] = { "log_not",		0, 1, 1, run_log_not, NULL },
	[0x0f] = { "bit_and",		0, 2, 1, run_bit_and, NULL },
	[0x10] = { "bit_or",		0, 2, 1, run_bit_or, NULL },
	[0x11] = { "bit_xor",		0, 2, 1, run_bit_xor, NULL },
	[0x12] = { "bit_not",		0, 1, 1, run_bit_not, NULL },
	[0x13] = { "equal",		0, 2, 1, run_equal, NULL },
	[0x14] = { "less_signed",	0, 2, 1, run_less_signed, NULL },
	[0x15] = { "less_unsigned",	0, 2, 1, run_less_unsigned, NULL },
	[0x16] = { "ext",		1, 1, 1, run_ext, NULL },
	[0x17] = { "ref8",		0, 1, 1, run_ref8, NULL },
	[0x18] = { "ref16",		0, 1, 1, run_ref16, NULL },
	[0x19] = { "ref32",		0, 1, 1, run_ref32, NULL },
	[0x1a] = { "ref64",		0, 1, 1, run_ref64, NULL },
	[0x1b] = { "ref_float",		0, 0, 0, NULL, floating },
	[0x1c] = { "ref_double",	0, 0, 0, NULL, floating },
	[0x1d] = { "ref_long_double",	0, 0, 0, NULL, floating },
	[0x1e] = { "l_to_d",		0, 0, 0, NULL, floating },
	[0x1f] = { "d_to_l",		0, 0, 0, NULL, floating },
	[OP_IF_GOTO] = { "if_goto",	2, 1, 0, run_if_goto, NULL },
	[OP_GOTO] = { "goto",		2, 0, 0, run_goto, NULL },
	[0x22] = { "const8",		1, 0, 1, push, NULL },
	[0x23] = { "const16",		2, 0, 1, push, NULL },
	[0x24] = { "const32",		4, 0, 1, push, NULL },
	[0x25] = { "const64",		8, 0, 1, push, NULL },
	[OP_REG] = { "reg",		2, 0, 1, run_reg, NULL },
	[OP_END] = { "end",		0, 0, 0, run_end, NULL },
	[0x28] = { "dup",		0, 1, 2, run_dup, NULL },
	[0x29] = { "pop",		0, 1, 0, run_pop, NULL },
	[0x2a] = { "zero_ext",		1, 1, 1, run_zero_ext, NULL },
	[0x2b] = { "swap",		0, 2, 2, run_swap, NULL },
	[0x2c] = { "getv",		2, 0, 0, NULL, tracing },
	[0x2d] = { "setv",		2, 0, 0, NULL, tracing },
	[0x2e] = { "tracev",		2, 0, 0, NULL, tracing },
	[0x2f] = { "tracenz",		0, 0, 0, NULL, tracing },
	[0x30] = { "trace16",		2, 0, 0, NULL, tracing },
	[OP_PICK] = { "pick",		1, 0, 1, run_pick, NULL },
	[0x33] = { "rot",		0, 3, 3, run_rot, NULL },
	[OP_PRINTF] = { "printf",	3, 2, 0, run_printf, NULL },
};
/* clang-format on */

const size_t agent_op_count = sizeof(agent_ops) / sizeof(agent_ops[0]);

/* ---- running ---- */

static int step(struct frame *f)
{
	const struct op *op = &agent_ops[f->code[f->pc]];
	const uint8_t *operand = f->code + f->pc + 1;

	f->pc += 1 + (size_t)op->operand;
	return op->run(f, agent_operand(operand, op->operand));
}

int agent_run(const uint8_t *code, const struct agent_view *view, struct agent_text *out, uint64_t *value, char *why)
{
	struct frame f = { .view = view, .out = out, .code = code, .why = why };

	for (unsigned i = 0; i < AGENT_BUDGET; i++) {
		int err;

		if (code[f.pc] == OP_END) {
			*value = f.depth ? f.stack[f.depth - 1] : 0;
			return 0;
		}
		err = step(&f);
		if (err)
			return err;
	}
	return agent_refuse(why, -ELOOP, "it took more than %d instructions", AGENT_BUDGET);
}
