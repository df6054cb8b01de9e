/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16550's interrupts, FIFO, loopback and modem lines, as its data sheet has them. */
#include "host/uart.h"
#include "tap.h"

enum {
	DATA,
	IER,
	IIR,
	LCR,
	MCR,
	LSR,
	MSR,
	SCR
};

static void receive(struct uart *u, const char *bytes)
{
	while (*bytes && uart_takes(u))
		uart_receive(u, (uint8_t)*bytes++);
}

static void test_sent(void)
{
	struct uart u = { 0 };

	ok(!uart_irq(&u), "sent: quiet after a reset");
	uart_write(&u, DATA, 'A');
	ok(!uart_irq(&u), "sent: nobody has asked for an interrupt");
	uart_write(&u, IER, 0x02);
	ok(uart_irq(&u), "sent: who begins to ask is told that the transmitter is empty");
	is_int(uart_read(&u, IIR), 0x02, "sent: and by what");
	ok(!uart_irq(&u), "sent: having read that takes it back");
	is_int(uart_read(&u, IIR), 0x01, "sent: nothing more");
	uart_write(&u, IER, 0x02);
	ok(!uart_irq(&u), "sent: asking again is not beginning to ask");
	uart_write(&u, DATA, 'B');
	ok(uart_irq(&u), "sent: a byte, and the transmitter has become empty again");
	uart_write(&u, IER, 0x00);
	ok(!uart_irq(&u), "sent: nobody asks any more");
	uart_read(&u, IIR);
	uart_write(&u, IER, 0x02);
	ok(uart_irq(&u), "sent: each new beginning is told (Linux's serial8250_THRE_test)");
}

static void test_received(void)
{
	struct uart u = { 0 };

	ok(uart_takes(&u), "received: there is room");
	receive(&u, "AB");
	is_int(u.count, 1, "received: without FIFOs for one byte");
	ok(!uart_takes(&u), "received: and no more");
	is_int(uart_read(&u, LSR), 0x61, "received: the line status says so");
	ok(!uart_irq(&u), "received: nobody has asked for an interrupt");
	uart_write(&u, IER, 0x01);
	ok(uart_irq(&u), "received: the line is high");
	is_int(uart_read(&u, IIR), 0x04, "received: because of data");
	ok(uart_irq(&u), "received: knowing that does not take it back");
	is_int(uart_read(&u, DATA), 'A', "received: the byte");
	ok(!uart_irq(&u), "received: which does");
	is_int(uart_read(&u, LSR), 0x60, "received: nothing left");
	is_int(uart_read(&u, DATA), 0, "received: nothing to be read");
	is_int(u.count, 0, "received: and nothing goes below that");
}

static void test_fifo(void)
{
	struct uart u = { 0 };
	char name[64];

	uart_write(&u, IER, 0x01);
	uart_write(&u, IIR, 0x81);
	receive(&u, "0123456");
	is_int(uart_read(&u, IIR), 0xcc, "FIFO: below the trigger level it is a timeout");
	receive(&u, "7");
	is_int(uart_read(&u, IIR), 0xc4, "FIFO: at the trigger level it is data");
	receive(&u, "89abcdefX");
	is_int(u.count, 16, "FIFO: sixteen bytes fit");
	ok(!uart_takes(&u), "FIFO: and no more");
	for (unsigned i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "FIFO: byte %u, in order", i);
		is_int(uart_read(&u, DATA), "0123456789abcdef"[i], name);
	}
	ok(!uart_irq(&u), "FIFO: empty, the line is low");
	for (unsigned i = 0; i < 40; i++) {
		uart_receive(&u, (uint8_t)i);
		uart_receive(&u, (uint8_t)(i + 100));
		if (uart_read(&u, DATA) != i || uart_read(&u, DATA) != i + 100)
			break;
		if (i == 39)
			ok(true, "FIFO: round its end, many times");
	}
	receive(&u, "xyz");
	uart_write(&u, IIR, 0x83);
	is_int(u.count, 0, "FIFO: cleared");
	ok(!uart_irq(&u), "FIFO: then the line is low");
	receive(&u, "xyz");
	uart_write(&u, IIR, 0x80);
	is_int(u.count, 0, "FIFO: switching it off clears it");
	is_int(uart_read(&u, IIR), 0x01, "FIFO: off, with all that belongs to it");
}

static void test_priority(void)
{
	struct uart u = { 0 };

	uart_write(&u, IER, 0xff);
	is_int(uart_read(&u, IER), 0x0f, "priority: four interrupts can be asked for");
	uart_write(&u, MCR, 0x10);
	uart_write(&u, DATA, 'A');
	uart_write(&u, DATA, 'B');
	is_int(uart_read(&u, IIR), 0x06, "priority: an overrun comes first");
	is_int(uart_read(&u, LSR), 0x63, "priority: the line status tells of it");
	is_int(uart_read(&u, LSR), 0x61, "priority: once");
	is_int(uart_read(&u, IIR), 0x04, "priority: data come second");
	is_int(uart_read(&u, DATA), 'A', "priority: the byte that was there first is there");
	is_int(uart_read(&u, IIR), 0x02, "priority: then the transmitter");
	is_int(uart_read(&u, IIR), 0x00, "priority: then the modem");
	ok(uart_irq(&u), "priority: whose interrupt is one, too");
	is_int(uart_read(&u, MSR) & 0x0f, 0x0b, "priority: CTS, DSR and DCD have changed");
	is_int(uart_read(&u, MSR) & 0x0f, 0, "priority: since it was looked at: nothing");
	ok(!uart_irq(&u), "priority: and all are seen to");
}

static void test_loopback(void)
{
	struct uart u = { 0 };

	is_int(uart_read(&u, MSR), 0xb0, "loopback: off, the modem's lines are up");
	uart_write(&u, MCR, 0xfa);
	is_int(uart_read(&u, MCR), 0x1a, "loopback: five bits are kept");
	is_int(uart_read(&u, MSR) & 0xf0, 0x90, "loopback: RTS is CTS, OUT2 is DCD (Linux's autoconfig)");
	uart_write(&u, MCR, 0x15);
	is_int(uart_read(&u, MSR) & 0xf0, 0x60, "loopback: DTR is DSR, OUT1 is RI");
	uart_write(&u, MCR, 0x11);
	is_int(uart_read(&u, MSR) & 0x0f, 0x04, "loopback: the end of a ring is told");
	uart_write(&u, MCR, 0x15);
	is_int(uart_read(&u, MSR) & 0x0f, 0x00, "loopback: its start is not");
	is_int(uart_write(&u, DATA, 'A'), -1, "loopback: nothing leaves");
	ok(!uart_takes(&u), "loopback: nor comes from outside");
	is_int(uart_read(&u, DATA), 'A', "loopback: what is sent is received");
	ok(!uart_takes(&u), "loopback: with room, too, nothing comes from outside");
	uart_write(&u, MCR, 0x00);
	ok(uart_takes(&u), "loopback: off again");
	is_int(uart_write(&u, DATA, 'B'), 'B', "loopback: and bytes leave again");
}

static void test_divisor(void)
{
	struct uart u = { 0 };

	receive(&u, "A");
	uart_write(&u, LCR, 0x80);
	uart_write(&u, IER, 0x02);
	ok(!uart_irq(&u), "divisor: its high byte asks for no interrupt");
	is_int(uart_read(&u, DATA), 0, "divisor: its low byte");
	uart_write(&u, LCR, 0x03);
	is_int(uart_read(&u, DATA), 'A', "divisor: which took nothing out of the receiver");
}

/* What a port can have come to, and what not. */
static void test_possible(void)
{
	static const struct {
		const char *what;
		struct uart u;
	} impossible[] = {
		{ "it begins behind the end of the FIFO", { .first = UART_FIFO } },
		{ "more than full", { .reg[IIR] = 0x01, .count = UART_FIFO + 1 } },
		{ "two bytes without a FIFO", { .count = 2 } },
		{ "a bit of IER that is not there", { .reg[IER] = 0x10 } },
		{ "a bit of MCR that is not there", { .reg[MCR] = 0x20 } },
		{ "LSR is not kept", { .reg[LSR] = 0x01 } },
		{ "the FIFOs are off, and have a level", { .reg[IIR] = 0xc0 } },
		{ "sent is neither yes nor no", { .sent = 2 } },
		{ "nor is the overrun", { .overrun = 0x80 } },
		{ "a change of what does not change", { .delta = 0x10 } },
	};
	struct uart u = { 0 };
	bool good = true;

	ok(uart_is_possible(&u), "possible: after a reset");
	for (unsigned i = 0; i < 2000; i++) {
		uart_receive(&u, (uint8_t)i);
		if (i % 3)
			uart_read(&u, i % 8);
		uart_write(&u, i % 8, (uint8_t)(i * 0x9e3779b1u >> 20));
		good = uart_is_possible(&u) && good;
	}
	ok(good, "possible: whatever is written to it");
	u = (struct uart){
		.reg[IIR] = 0xc1, .first = UART_FIFO - 1, .count = UART_FIFO, .sent = 1, .overrun = 1, .delta = 0x0f
	};
	ok(uart_is_possible(&u), "possible: full");
	for (unsigned i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++)
		ok(!uart_is_possible(&impossible[i].u), "impossible: %s", impossible[i].what);
}

int main(void)
{
	test_sent();
	test_received();
	test_fifo();
	test_priority();
	test_loopback();
	test_divisor();
	test_possible();
	return done();
}
