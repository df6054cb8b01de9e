/* SPDX-License-Identifier: BSD-2-Clause */
/* ARM's PL011 serial port, that only sends: its registers and its interrupt line, without input or time. */
#ifndef PL011_H
#define PL011_H

#include <stdbool.h>
#include <stdint.h>

#define PL011_SIZE 0x1000

struct pl011 {
	uint16_t kept[0x40 / 4]; /* registers below 0x40 that only hold what was written, by word */
	uint16_t raw;		 /* RIS */
};

uint32_t pl011_read(const struct pl011 *p, uint64_t offset);

/* The byte that was sent, or -1. */
int pl011_write(struct pl011 *p, uint64_t offset, uint32_t value);

/* The level of its interrupt line. */
bool pl011_interrupts(const struct pl011 *p);

#endif
