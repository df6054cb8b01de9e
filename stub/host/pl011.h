/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARM's PL011 serial port, and its interrupt line: its registers and its receive FIFO, without modem lines, loopback, DMA or time. All
 * zero is a port that nobody has set up; it sends and receives as if it were enabled. Its bytes are all of its state: it can be kept and
 * copied by them, and has no padding.
 */
#ifndef PL011_H
#define PL011_H

#include <stdbool.h>
#include <stdint.h>

#define PL011_SIZE 0x1000
#define PL011_FIFO 32 /* revision r1p5 */

struct pl011 {
	uint16_t kept[0x40 / 4];  /* registers below 0x40 that only hold what was written, by word */
	uint16_t raw;		  /* RIS */
	uint8_t fifo[PL011_FIFO]; /* received and not read: `count` bytes from `first` on, round its end */
	uint8_t first, count;
};

/* Of one whose bytes came from elsewhere: can a port have come to this? */
bool pl011_is_possible(const struct pl011 *p);

/* Reading may take a byte out of the FIFO. */
uint32_t pl011_read(struct pl011 *p, uint64_t offset);

/* The byte that was sent, or -1. */
int pl011_write(struct pl011 *p, uint64_t offset, uint32_t value);

/* The level of its interrupt line: to be looked at after each call of the others. */
bool pl011_interrupts(const struct pl011 *p);

/* Can another byte be received? */
bool pl011_takes(const struct pl011 *p);

/* A byte arrives: only while the port takes one. */
void pl011_receive(struct pl011 *p, uint8_t byte);

#endif
