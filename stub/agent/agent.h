/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GDB's agent expressions: the bytecode in which a client hands over conditions and commands of breakpoints (GDB manual, appendix
 * F). A program is verified once, when it is set, and run at each hit; run what was not verified and nothing is promised.
 *
 * Knows no machine: what a program looks at it sees through a struct agent_view.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

#define AGENT_SIZE_MAX 0x1000 /* bytes of a program */
#define AGENT_STACK_MAX 64    /* values; gdbserver has 100, and gdb's programs take about one for each pair of brackets */
#define AGENT_BUDGET 10000    /* instructions that one run may take; gdb's programs have no loops */

enum agent_use {
	AGENT_CONDITION, /* leaves a value, prints nothing */
	AGENT_COMMAND	 /* prints, and leaves nothing */
};

/*
 * Can this program be run, whatever it meets? It is not too long; every instruction on a way through it is one that can be run
 * and is all there; jumps lead to instructions; the stack has the same depth by whichever way an instruction is reached, and room;
 * registers exist and fit into 64 bits; formats are understood and have their arguments. 0, or -EINVAL and a sentence in why,
 * of AGENT_WHY bytes.
 */
int agent_verify(const uint8_t *code, size_t size, enum agent_use use, const struct agent_view *view, char *why);

/*
 * Runs a verified program. A condition's value goes to *value; what a command prints is added to out. 0; or -EFAULT for memory,
 * -EDOM for a division by zero, -ELOOP when the budget is spent, what the view said of a register: with a sentence in why.
 */
int agent_run(const uint8_t *code, const struct agent_view *view, struct agent_text *out, uint64_t *value, char *why);

#endif
