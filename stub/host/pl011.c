/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of ARM's PrimeCell UART (PL011) Technical Reference Manual, DDI 0183, chapter 3. The FIFO is always empty. */
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

#define FR_IDLE 0x90 /* TXFE, RXFE */
#define INT_TX 0x20

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

uint32_t pl011_read(const struct pl011 *p, uint64_t offset)
{
	if (offset >= PL011_ID && offset < PL011_ID + 4 * sizeof(id))
		return id[(offset - PL011_ID) / 4];
	switch (offset) {
	case PL011_FR:
		return FR_IDLE;
	case PL011_RIS:
		return p->raw;
	case PL011_MIS:
		return p->raw & p->kept[PL011_IMSC / 4];
	default:
		return offset < sizeof(writable) / sizeof(writable[0]) * 4 ? p->kept[offset / 4] : 0;
	}
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
		p->kept[offset / 4] = value & writable[offset / 4];
	return -1;
}

bool pl011_interrupts(const struct pl011 *p)
{
	return p->raw & p->kept[PL011_IMSC / 4];
}
