/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A few instructions that run anywhere, to try a host's KVM with (run/probe.c): code of two one-step instructions, then
 * a store to [data], then an access outside RAM that ends the run.
 */
#ifndef ARCH_PROBE_H
#define ARCH_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "view.h"

struct arch_probe {
	const uint8_t *code;
	size_t size;
	unsigned second; /* offset of the second instruction: where a breakpoint goes */
	unsigned store;	 /* offset of the store */
	/* Point the vCPU at code, with data as the store's address and vectors installed. */
	int (*start)(struct view *v, uint64_t code, uint64_t data, uint64_t vectors);

	/*
	 * What a page of exception vectors must hold so that an exception nobody asked for ends the run as well: instructions to repeat
	 * over the page at vectors, or NULL.
	 */
	const uint8_t *vector;
	size_t vector_size;
};

#endif
