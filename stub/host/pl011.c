/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of ARM's PrimeCell UART (PL011) Technical Reference Manual, DDI 0183, chapter 3. There is no time: a byte is sent when it
 * is written, and received bytes below the FIFO's level have waited long enough at once (2.8.4, UARTRTINTR).
 */
#include "pl011.h"

#include <stddef.h>

enum {
	PL011_DR = 0x00,
	PL011_FR = 0x18,
	PL011_ILPR = 0x20,
	PL011_IBRD = 0x24,
	PL011_FBRD = 0x28,
	PL011_LCR_H = 0x2c,
	PL011_CR = 0x30,
	PL011_IFLS = 0x34,
	PL011_IMSC = 0x38,
	PL011_RIS = 0x3c,
	PL011_MIS = 0x40,
	PL011_ICR = 0x44,
	PL011_ID = 0xfe0
};

#define FR_ALL_SENT 0x80 /* TXFE */
#define FR_EMPTY 0x10	 /* RXFE */
#define FR_FULL 0x40	 /* RXFF */

#define LCR_H_FIFOS 0x10
#define IFLS_RECEIVE_SHIFT 3

#define INT_RECEIVED 0x10
#define INT_TX 0x20
#define INT_TIMEOUT 0x40
#define INT_OF_DATA (INT_RECEIVED | INT_TIMEOUT)

/* What may be written to and is read back: offset / 4, and the bits that there are. */
static const uint16_t writable[0x40 / 4] = {
	[PL011_ILPR / 4] = 0xff,
	[PL011_IBRD / 4] = 0xffff,
	[PL011_FBRD / 4] = 0x3f,
	[PL011_LCR_H / 4] = 0xff,
	[PL011_CR / 4] = 0xff87,
	[PL011_IFLS / 4] = 0x3f,
	[PL011_IMSC / 4] = 0x7ff,
};

/* PeriphID0..3 (revision r1p5) and PCellID0..3, a byte in each word. */
static const uint8_t id[] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

/* Without the FIFOs there is one register to receive into. */
static unsigned room(const struct pl011 *p)
{
	return p->kept[PL011_LCR_H / 4] & LCR_H_FIFOS ? PL011_FIFO : 1;
}

/* How many bytes make the receive interrupt: an eighth of the FIFO, a quarter, a half, three quarters, seven eighths. */
static unsigned level(const struct pl011 *p)
{
	static const uint8_t eighths[] = { 1, 2, 4, 6, 7, 7, 7, 7 };

	return room(p) == 1 ? 1 : PL011_FIFO / 8 * eighths[p->kept[PL011_IFLS / 4] >> IFLS_RECEIVE_SHIFT];
}

static uint32_t flags(const struct pl011 *p)
{
	return FR_ALL_SENT | (p->count ? 0 : FR_EMPTY) | (p->count < room(p) ? 0 : FR_FULL);
}

bool pl011_takes(const struct pl011 *p)
{
	return p->count < room(p);
}

void pl011_receive(struct pl011 *p, uint8_t byte)
{
	if (!pl011_takes(p))
		return;
	p->fifo[(p->first + p->count++) % PL011_FIFO] = byte;
	p->raw |= p->count < level(p) ? INT_TIMEOUT : INT_RECEIVED;
}

/* What is left below the level has waited, too. */
static uint8_t read_data(struct pl011 *p)
{
	uint8_t byte;

	if (!p->count)
		return 0;
	byte = p->fifo[p->first];
	p->first = (p->first + 1) % PL011_FIFO;
	p->count--;
	if (p->raw & INT_RECEIVED && p->count < level(p)) {
		p->raw &= (uint16_t)~INT_RECEIVED;
		p->raw |= INT_TIMEOUT;
	}
	if (!p->count)
		p->raw &= (uint16_t)~INT_TIMEOUT;
	return byte;
}

uint32_t pl011_read(struct pl011 *p, uint64_t offset)
{
	if (offset >= PL011_ID && offset < PL011_ID + 4 * sizeof(id))
		return id[(offset - PL011_ID) / 4];
	switch (offset) {
	case PL011_DR:
		return read_data(p);
	case PL011_FR:
		return flags(p);
	case PL011_RIS:
		return p->raw;
	case PL011_MIS:
		return p->raw & p->kept[PL011_IMSC / 4];
	default:
		return offset < sizeof(writable) / sizeof(writable[0]) * 4 ? p->kept[offset / 4] : 0;
	}
}

/* Switching the FIFOs on or off empties them. */
static void empty(struct pl011 *p)
{
	p->count = 0;
	p->raw &= (uint16_t)~INT_OF_DATA;
}

static void keep(struct pl011 *p, unsigned word, uint32_t value)
{
	uint16_t before = p->kept[word];

	p->kept[word] = value & writable[word];
	if (word == PL011_LCR_H / 4 && (before ^ p->kept[word]) & LCR_H_FIFOS)
		empty(p);
}

int pl011_write(struct pl011 *p, uint64_t offset, uint32_t value)
{
	if (offset == PL011_DR) {
		p->raw |= INT_TX; /* sent at once: the FIFO has become empty */
		return value & 0xff;
	}
	if (offset == PL011_ICR)
		p->raw &= (uint16_t)~value;
	else if (offset < sizeof(writable) / sizeof(writable[0]) * 4)
		keep(p, (unsigned)(offset / 4), value);
	return -1;
}

bool pl011_interrupts(const struct pl011 *p)
{
	return p->raw & p->kept[PL011_IMSC / 4];
}

_Static_assert(sizeof(struct pl011) == sizeof(writable) + 2 + PL011_FIFO + 2, "no padding");

/* No data, no interrupt for them. */
bool pl011_is_possible(const struct pl011 *p)
{
	for (unsigned i = 0; i < sizeof(writable) / sizeof(writable[0]); i++)
		if (p->kept[i] & ~writable[i])
			return false;
	return !(p->raw & ~(INT_OF_DATA | INT_TX)) && (p->count || !(p->raw & INT_OF_DATA)) && p->first < PL011_FIFO &&
	       p->count <= room(p);
}
