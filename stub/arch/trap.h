/* SPDX-License-Identifier: BSD-2-Clause */
/* The opcode that is planted for a breakpoint. */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"
#include "walk.h"

/* An opcode to plant; the bytes are constant. */
struct arch_opcode {
	const uint8_t *bytes;
	unsigned size;
};

struct arch_trap {
	struct arch_opcode opcode; /* bytes are NULL where KVM reports none */

	/* Would KVM's instruction emulator execute the opcode in the vCPU's present mode, where other emulators fail? NULL: never. */
	bool (*is_emulated)(struct view *v);

	/*
	 * Where code has more than one encoding (else NULL). The opcode for va, which is on this page; kind is the packet's. 0; -EILSEQ:
	 * it cannot be told which encoding is the one at va; or -errno.
	 */
	int (*at)(struct view *v, uint64_t va, uint64_t kind, const struct arch_page *page, struct arch_opcode *opcode);
};

#endif
