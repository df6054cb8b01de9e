/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of National Semiconductor's PC16550D (data sheet, table II and section 8). There is no time: a byte is sent when it is
 * written, and received bytes below the FIFO's trigger level have waited long enough at once ("character timeout").
 */
#include "uart.h"

enum {
	UART_DATA = 0, /* THR, RBR; the divisor's low byte while DLAB is set */
	UART_IER = 1,  /* the divisor's high byte while DLAB is set */
	UART_IIR = 2,  /* FCR when written */
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_MSR = 6,
	UART_SCR = 7
};

#define IER_RECEIVED 0x01
#define IER_SENT 0x02
#define IER_LINE_STATUS 0x04
#define IER_MODEM_STATUS 0x08

/* IIR, in the order of their priority. */
#define IIR_LINE_STATUS 0x06
#define IIR_RECEIVED 0x04
#define IIR_TIMEOUT 0x0c
#define IIR_SENT 0x02
#define IIR_MODEM_STATUS 0x00
#define IIR_NONE 0x01
#define IIR_FIFOS 0xc0

#define FCR_ENABLE 0x01
#define FCR_CLEAR_RECEIVER 0x02
#define FCR_TRIGGER_SHIFT 6

#define LCR_DLAB 0x80

#define MCR_DTR 0x01
#define MCR_RTS 0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10

#define LSR_RECEIVED 0x01
#define LSR_OVERRUN 0x02
#define LSR_SENT 0x60 /* both transmitter registers are empty */

#define MSR_CTS 0x10
#define MSR_DSR 0x20
#define MSR_RI 0x40
#define MSR_DCD 0x80
#define MSR_CHANGES 4 /* a line's bit is so far above the one that says that it has changed */

/* The bits of what can be written and is read back, but for FCR. */
static const uint8_t writable[UART_REGISTERS] = {
	[UART_IER] = 0x0f, [UART_IIR] = 0xff, [UART_LCR] = 0xff, [UART_MCR] = 0x1f, [UART_SCR] = 0xff
};

static bool is_divisor(const struct uart *u, unsigned offset)
{
	return offset <= UART_IER && u->reg[UART_LCR] & LCR_DLAB;
}

static bool has_fifos(const struct uart *u)
{
	return u->reg[UART_IIR] & FCR_ENABLE;
}

static bool is_looped(const struct uart *u)
{
	return u->reg[UART_MCR] & MCR_LOOP;
}

/* Without the FIFO there is one register to receive into. */
static unsigned room(const struct uart *u)
{
	return has_fifos(u) ? UART_FIFO : 1;
}

static bool has_room(const struct uart *u)
{
	return u->count < room(u);
}

static bool is_at_trigger(const struct uart *u)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return u->count >= (has_fifos(u) ? levels[u->reg[UART_IIR] >> FCR_TRIGGER_SHIFT] : 1);
}

static uint8_t interrupt_id(const struct uart *u)
{
	uint8_t ier = u->reg[UART_IER];

	if (ier & IER_LINE_STATUS && u->overrun)
		return IIR_LINE_STATUS;
	if (ier & IER_RECEIVED && u->count)
		return is_at_trigger(u) ? IIR_RECEIVED : IIR_TIMEOUT;
	if (ier & IER_SENT && u->sent)
		return IIR_SENT;
	return ier & IER_MODEM_STATUS && u->delta ? IIR_MODEM_STATUS : IIR_NONE;
}

bool uart_irq(const struct uart *u)
{
	return interrupt_id(u) != IIR_NONE;
}

bool uart_takes(const struct uart *u)
{
	return has_room(u) && !is_looped(u);
}

void uart_receive(struct uart *u, uint8_t byte)
{
	if (has_room(u))
		u->fifo[(u->first + u->count++) % UART_FIFO] = byte;
	else
		u->overrun = 1;
}

/* The modem's lines: somebody is there and ready, or, looped back, what the port says of itself. */
static uint8_t modem_lines(const struct uart *u)
{
	uint8_t mcr = u->reg[UART_MCR];

	if (!is_looped(u))
		return MSR_DCD | MSR_DSR | MSR_CTS;
	return (mcr & MCR_DTR ? MSR_DSR : 0) | (mcr & MCR_RTS ? MSR_CTS : 0) | (mcr & MCR_OUT1 ? MSR_RI : 0) |
	       (mcr & MCR_OUT2 ? MSR_DCD : 0);
}

int uart_take(struct uart *u)
{
	uint8_t byte;

	if (!u->count)
		return -1;
	byte = u->fifo[u->first];
	u->first = (u->first + 1) % UART_FIFO;
	u->count--;
	return byte;
}

/* Reading that the transmitter is empty takes that back; the others stay until what they tell of is seen to. */
static uint8_t read_interrupt_id(struct uart *u)
{
	uint8_t what = interrupt_id(u);

	if (what == IIR_SENT)
		u->sent = 0;
	return what | (has_fifos(u) ? IIR_FIFOS : 0);
}

static uint8_t read_line_status(struct uart *u)
{
	uint8_t status = LSR_SENT | (u->count ? LSR_RECEIVED : 0) | (u->overrun ? LSR_OVERRUN : 0);

	u->overrun = 0;
	return status;
}

static uint8_t read_modem_status(struct uart *u)
{
	uint8_t status = modem_lines(u) | u->delta;

	u->delta = 0;
	return status;
}

uint8_t uart_read(struct uart *u, unsigned offset)
{
	if (is_divisor(u, offset))
		return u->divisor[offset];
	switch (offset) {
	case UART_DATA:
		return u->count ? (uint8_t)uart_take(u) : 0;
	case UART_IIR:
		return read_interrupt_id(u);
	case UART_LSR:
		return read_line_status(u);
	case UART_MSR:
		return read_modem_status(u);
	default:
		return offset < UART_REGISTERS ? u->reg[offset] : 0;
	}
}

static int send(struct uart *u, uint8_t byte)
{
	u->sent = 1;
	if (!is_looped(u))
		return byte;
	uart_receive(u, byte);
	return -1;
}

/* Turning the FIFOs on or off empties them; the other bits count only where they stay or become on. */
static void control_fifos(struct uart *u, uint8_t value)
{
	if ((value ^ u->reg[UART_IIR]) & FCR_ENABLE || value & FCR_CLEAR_RECEIVER)
		u->count = 0;
	u->reg[UART_IIR] = value & FCR_ENABLE ? value : 0;
}

/* A ring's start is no event, only its end is. */
static void control_modem(struct uart *u, uint8_t value)
{
	uint8_t before = modem_lines(u), changed;

	u->reg[UART_MCR] = value & writable[UART_MCR];
	changed = before ^ modem_lines(u);
	if (!(before & MSR_RI))
		changed &= (uint8_t)~MSR_RI;
	u->delta |= changed >> MSR_CHANGES;
}

int uart_write(struct uart *u, unsigned offset, uint8_t value)
{
	if (is_divisor(u, offset)) {
		u->divisor[offset] = value;
		return -1;
	}
	switch (offset) {
	case UART_DATA:
		return send(u, value);
	case UART_IER: /* whoever begins to ask is told that the transmitter is empty */
		if (value & ~u->reg[UART_IER] & IER_SENT)
			u->sent = 1;
		break;
	case UART_IIR:
		control_fifos(u, value);
		return -1;
	case UART_MCR:
		control_modem(u, value);
		return -1;
	}
	if (offset < UART_REGISTERS)
		u->reg[offset] = value & writable[offset];
	return -1;
}

_Static_assert(sizeof(struct uart) == UART_REGISTERS + 2 + UART_FIFO + 5, "no padding");

/* FCR is nothing while the FIFOs are off. */
bool uart_is_possible(const struct uart *u)
{
	for (unsigned i = 0; i < UART_REGISTERS; i++)
		if (u->reg[i] & ~writable[i])
			return false;
	return (has_fifos(u) || !u->reg[UART_IIR]) && u->first < UART_FIFO && u->count <= room(u) && u->sent <= 1 &&
	       u->overrun <= 1 && u->delta < 1 << MSR_CHANGES;
}
