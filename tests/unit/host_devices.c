/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial ports, register by register. */
#include "host/pl011.h"
#include "host/uart.h"
#include "tap.h"

static void test_uart(void)
{
	struct uart u = { 0 };

	is_int(uart_read(&u, 5), 0x60, "16550: always ready to send");
	is_int(uart_write(&u, 0, 'A'), 'A', "16550: a byte is sent");
	is_int(uart_write(&u, 3, 0x83), -1, "16550: the divisor is opened");
	is_int(uart_write(&u, 0, 'B'), -1, "16550: its low byte is not sent");
	is_int(uart_write(&u, 1, 7), -1, "16550: nor its high byte");
	is_int(uart_read(&u, 0), 'B', "16550: the divisor's low byte");
	is_int(uart_read(&u, 1), 7, "16550: and high byte");
	uart_write(&u, 3, 0x03);
	is_int(uart_read(&u, 3), 3, "16550: the line control is kept");
	is_int(uart_read(&u, 0), 0, "16550: nothing is received");
	is_int(uart_read(&u, 1), 0, "16550: the divisor is not the interrupt enable register");
	is_int(uart_write(&u, 0, 'C'), 'C', "16550: a byte is sent again");
	uart_write(&u, 7, 0x5a);
	is_int(uart_read(&u, 7), 0x5a, "16550: the scratch register");
	is_int(uart_read(&u, 2), 0x01, "16550: no interrupt");
	uart_write(&u, 2, 0x01);
	is_int(uart_read(&u, 2), 0xc1, "16550: FIFOs when they are on");
	uart_write(&u, 1, 0x02);
	is_int(uart_read(&u, 2), 0xc2, "16550: it can be asked whether it takes more");
	uart_write(&u, 1, 0x00);
	is_int(uart_read(&u, 2), 0xc1, "16550: and says nothing of it unasked");
	is_int(uart_read(&u, 8), 0, "16550: nothing behind");
	is_int(uart_write(&u, 8, 1), -1, "16550: nothing behind to write to");
}

static void test_pl011(void)
{
	struct pl011 p = { 0 };
	static const uint8_t id[] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	for (unsigned i = 0; i < 8; i++)
		is_int(pl011_read(&p, 0xfe0 + 4 * i), id[i], "PL011: an identification register");
	is_int(pl011_read(&p, 0x18), 0x90, "PL011: nothing to receive, all sent");
	is_int(pl011_write(&p, 0x00, 0x141), 'A', "PL011: a byte is sent");
	is_int(pl011_read(&p, 0x3c), 0x20, "PL011: which asks for an interrupt");
	is_int(pl011_read(&p, 0x40), 0, "PL011: that is masked");
	ok(!pl011_interrupts(&p), "PL011: the line is low");
	is_int(pl011_write(&p, 0x38, 0x20), -1, "PL011: no longer masked");
	is_int(pl011_read(&p, 0x40), 0x20, "PL011: it shows");
	ok(pl011_interrupts(&p), "PL011: the line is high");
	pl011_write(&p, 0x44, 0x7ff);
	ok(!pl011_interrupts(&p), "PL011: cleared, the line is low");
	is_int(pl011_read(&p, 0x3c), 0, "PL011: and nothing asks");
	pl011_write(&p, 0x24, 0x12345);
	is_int(pl011_read(&p, 0x24), 0x2345, "PL011: the divisor is 16 bits");
	pl011_write(&p, 0x18, 0xffff);
	is_int(pl011_read(&p, 0x18), 0x90, "PL011: flags are read only");
	pl011_write(&p, 0x3c, 0xffff);
	is_int(pl011_read(&p, 0x3c), 0, "PL011: the interrupt status too");
	for (uint64_t at = 0; at < PL011_SIZE; at++) {
		pl011_read(&p, at);
		if (at)
			pl011_write(&p, at, 0);
	}
	ok(true, "PL011: every offset can be reached");
}

static void receive(struct pl011 *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pl011_receive(p, (uint8_t)i);
}

/* Without FIFOs: DDI 0183, 2.8.2. */
static void test_pl011_receives_one(void)
{
	struct pl011 p = { 0 };

	ok(pl011_takes(&p), "PL011: there is room");
	pl011_receive(&p, 0xa5);
	pl011_receive(&p, 0x5a);
	ok(!pl011_takes(&p), "PL011: without FIFOs for one byte");
	is_int(pl011_read(&p, 0x18), 0xc0, "PL011: which the flags say, RXFF and not RXFE");
	is_int(pl011_read(&p, 0x3c), 0x10, "PL011: the receive interrupt is due");
	ok(!pl011_interrupts(&p), "PL011: and masked");
	pl011_write(&p, 0x38, 0x10);
	ok(pl011_interrupts(&p), "PL011: unmasked, the line is high");
	is_int(pl011_read(&p, 0x00), 0xa5, "PL011: the byte that came first");
	ok(!pl011_interrupts(&p), "PL011: read, the line is low");
	is_int(pl011_read(&p, 0x18), 0x90, "PL011: nothing more to receive");
	is_int(pl011_read(&p, 0x00), 0, "PL011: nothing to be read");
}

/* 3.3.7, 3.3.9: levels and the timeout. */
static void test_pl011_fifo(void)
{
	static const uint8_t levels[] = { 4, 8, 16, 24, 28 };
	char name[80];

	for (unsigned i = 0; i < sizeof(levels); i++) {
		struct pl011 p = { 0 };

		pl011_write(&p, 0x2c, 0x10);
		pl011_write(&p, 0x34, i << 3);
		receive(&p, levels[i] - 1u);
		snprintf(name, sizeof(name), "PL011: one less than %u bytes are a timeout", levels[i]);
		is_int(pl011_read(&p, 0x3c), 0x40, name);
		pl011_receive(&p, 0xff);
		snprintf(name, sizeof(name), "PL011: %u bytes are the level", levels[i]);
		is_int(pl011_read(&p, 0x3c), 0x50, name);
		pl011_write(&p, 0x44, 0x7ff);
		pl011_receive(&p, 0xff);
		is_int(pl011_read(&p, 0x3c), 0x10, "PL011: cleared, one more asks again");
		pl011_read(&p, 0x00);
		pl011_read(&p, 0x00);
		is_int(pl011_read(&p, 0x3c), 0x40, "PL011: what is left below the level is a timeout");
	}
}

static void test_pl011_order(void)
{
	struct pl011 p = { 0 };
	bool good = true;

	pl011_write(&p, 0x2c, 0x70);
	for (unsigned i = 0; i < 50; i++) {
		receive(&p, 3);
		for (unsigned j = 0; j < 3; j++)
			good = pl011_read(&p, 0x00) == j && good;
	}
	ok(good, "PL011: in order, round the end of the FIFO");
	receive(&p, 33);
	is_int(p.count, 32, "PL011: 32 bytes fit");
	ok(!pl011_takes(&p), "PL011: and no more");
	for (unsigned i = 0; i < 32; i++)
		good = pl011_read(&p, 0x00) == i && good;
	ok(good, "PL011: they are the first ones");
	is_int(pl011_read(&p, 0x3c), 0, "PL011: all read, nothing asks");
	receive(&p, 20);
	pl011_write(&p, 0x2c, 0x60);
	is_int(pl011_read(&p, 0x18), 0x90, "PL011: switching the FIFOs off empties them");
	is_int(pl011_read(&p, 0x3c), 0, "PL011: and nothing asks");
}

/* What a port can have come to, and what not. */
static void test_pl011_possible(void)
{
	struct pl011 p = { 0 };
	bool good = true;

	ok(pl011_is_possible(&p), "PL011: possible: nobody has set it up");
	for (unsigned at = 0; at < 0x48; at += 4)
		pl011_write(&p, at, 0xffffffff);
	for (unsigned i = 0; i < 1000; i++) {
		pl011_receive(&p, (uint8_t)i);
		if (i % 3)
			pl011_read(&p, 0);
		pl011_write(&p, i % 0x12 * 4, i * 0x9e3779b1u);
		good = pl011_is_possible(&p) && good;
	}
	ok(good, "PL011: possible: whatever is written to it");
	p = (struct pl011){ .kept[0x2c / 4] = 0x10, .first = 31, .count = 32, .raw = 0x70 };
	ok(pl011_is_possible(&p), "PL011: possible: full");
	p.first = 32;
	ok(!pl011_is_possible(&p), "PL011: impossible: it begins behind the end of the FIFO");
	p = (struct pl011){ .kept[0x2c / 4] = 0x10, .count = 33 };
	ok(!pl011_is_possible(&p), "PL011: impossible: more than full");
	p = (struct pl011){ .count = 2 };
	ok(!pl011_is_possible(&p), "PL011: impossible: two bytes without a FIFO");
	p = (struct pl011){ .raw = 0x10 };
	ok(!pl011_is_possible(&p), "PL011: impossible: it has received, and has nothing");
	p = (struct pl011){ .raw = 0x400 };
	ok(!pl011_is_possible(&p), "PL011: impossible: an interrupt of what it has not got");
	p = (struct pl011){ .kept[0x28 / 4] = 0x40 };
	ok(!pl011_is_possible(&p), "PL011: impossible: a bit that is not there");
}

int main(void)
{
	test_uart();
	test_pl011();
	test_pl011_receives_one();
	test_pl011_fifo();
	test_pl011_order();
	test_pl011_possible();
	return done();
}
