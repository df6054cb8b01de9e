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
	struct pl011 p = { { 0 }, 0 };
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

int main(void)
{
	test_uart();
	test_pl011();
	return done();
}
