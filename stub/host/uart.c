/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of National Semiconductor's PC16550D (data sheet, table II), always idle. */
#include "uart.h"

enum {
	UART_DATA = 0, /* THR, RBR; the divisor's low byte while DLAB is set */
	UART_IER = 1,  /* the divisor's high byte while DLAB is set */
	UART_IIR = 2,  /* FCR when written */
	UART_LCR = 3,
	UART_LSR = 5,
	UART_MSR = 6
};

#define FCR_ENABLE 0x01
#define IER_THRI 0x02 /* the transmitter's interrupt is wanted */
#define IIR_NONE 0x01 /* no interrupt pending */
#define IIR_THRI 0x02 /* the transmitter is empty */
#define IIR_FIFOS 0xc0
#define LCR_DLAB 0x80
#define LSR_IDLE 0x60	/* both transmitter registers empty, nothing received */
#define MSR_ONLINE 0xb0 /* DCD, DSR, CTS */

static int is_divisor(const struct uart *u, unsigned offset)
{
	return offset <= UART_IER && u->reg[UART_LCR] & LCR_DLAB;
}

/* There is no line for interrupts, but a driver that polls for want of one looks for them here (Linux: serial8250_timeout). */
static uint8_t interrupt_id(const struct uart *u)
{
	return (u->reg[UART_IER] & IER_THRI ? IIR_THRI : IIR_NONE) | (u->reg[UART_IIR] & FCR_ENABLE ? IIR_FIFOS : 0);
}

uint8_t uart_read(const struct uart *u, unsigned offset)
{
	if (is_divisor(u, offset))
		return u->divisor[offset];
	switch (offset) {
	case UART_DATA:
		return 0;
	case UART_IIR:
		return interrupt_id(u);
	case UART_LSR:
		return LSR_IDLE;
	case UART_MSR:
		return MSR_ONLINE;
	default:
		return offset < UART_REGISTERS ? u->reg[offset] : 0;
	}
}

int uart_write(struct uart *u, unsigned offset, uint8_t value)
{
	if (is_divisor(u, offset)) {
		u->divisor[offset] = value;
		return -1;
	}
	if (offset == UART_DATA)
		return value;
	if (offset < UART_REGISTERS)
		u->reg[offset] = value;
	return -1;
}
