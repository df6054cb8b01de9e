/* SPDX-License-Identifier: BSD-2-Clause */
/* A 16550 serial port that only sends: its registers, without interrupts, input or time. */
#ifndef UART_H
#define UART_H

#include <stdint.h>

#define UART_REGISTERS 8

struct uart {
	uint8_t reg[UART_REGISTERS]; /* as last written */
	uint8_t divisor[2];
};

uint8_t uart_read(const struct uart *u, unsigned offset);

/* The byte that was sent, or -1. */
int uart_write(struct uart *u, unsigned offset, uint8_t value);

#endif
