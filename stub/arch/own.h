/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's own debug registers, those in use. While KVM has any of the debugger's in the processor (x86), it has none of the
 * guest's there, and does not trap for them: they are put behind the debugger's.
 */
#ifndef ARCH_OWN_H
#define ARCH_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"

#define ARCH_OWN_MAX 4

struct arch_own {
	unsigned n;
	struct {
		unsigned nr; /* the guest's number of the register */
		uint64_t addr;
		unsigned type; /* in the architecture's code */
		bool exec;     /* else a watchpoint */
		bool placed;   /* in the processor ... */
		unsigned slot; /* ... as this register there */
	} reg[ARCH_OWN_MAX];
};

struct arch_own_debug {
	/* Finds the registers in use, each placed as the guest has it. 0 or -errno. */
	int (*find)(struct view *v, struct arch_own *own);

	/* Bit n: the guest's register n was hit. slots: as struct arch_hit has them. watch: watchpoints alone. */
	unsigned (*hits)(const struct arch_own *own, unsigned slots, bool watch);

	/*
	 * The guest is to take the debug exception of these registers: it finds the hits in its status register. *control and
	 * the result are those of give_back() (exit.h).
	 */
	int (*give)(struct view *v, unsigned hits, uint32_t *control);
};

#endif
