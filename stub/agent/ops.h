/* SPDX-License-Identifier: BSD-2-Clause */
/* Between agent.c, which has the table of instructions and runs them, and verify.c. Of no interest to others. */
#ifndef AGENT_OPS_H
#define AGENT_OPS_H

#include <stddef.h>
#include <stdint.h>

struct frame;

struct op {
	const char *name;
	uint8_t operand;      /* bytes */
	uint8_t pops, pushes; /* values */
	int (*run)(struct frame *f, uint64_t operand);
	const char *refused; /* why it cannot be run, or NULL */
};

enum {
	OP_IF_GOTO = 0x20,
	OP_GOTO = 0x21,
	OP_REG = 0x26,
	OP_END = 0x27,
	OP_PICK = 0x32,
	OP_PRINTF = 0x34,
};

/* printf's operand: the number of arguments, and the length of the format that follows. */
#define PRINTF_ARGS(operand) ((unsigned)((operand) >> 16))
#define PRINTF_SIZE(operand) ((size_t)((operand)&0xffff))

extern const struct op agent_ops[];
extern const size_t agent_op_count;

/* Operands are big-endian, on every target. */
static inline uint64_t agent_operand(const uint8_t *bytes, size_t n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 8 | *bytes++;
	return value;
}

/* Leaves a sentence of at most AGENT_WHY bytes; returns err. */
__attribute__((format(printf, 3, 4))) int agent_refuse(char *why, int err, const char *format, ...);

#endif
