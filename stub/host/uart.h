/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 16550 serial port, and its interrupt line: its registers and its receiver's FIFO, without time. What is sent is sent at once. All zero
 * is a port after its reset. Its bytes are all of its state: it can be kept and copied by them, and has no padding.
 */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_REGISTERS 8
#define UART_FIFO 16

struct uart {
	uint8_t reg[UART_REGISTERS]; /* as last written, with the bits that there are */
	uint8_t divisor[2];
	uint8_t fifo[UART_FIFO]; /* received and not read: `count` bytes from `first` on, round its end */
	uint8_t first, count;
	uint8_t sent;	 /* 1: the transmitter's interrupt is due: it became empty, and nobody was told yet */
	uint8_t overrun; /* 1: a byte came that there was no room for; the line status register has not been read since */
	uint8_t delta;	 /* of the modem status register: what changed since it was read */
};

/* Of one whose bytes came from elsewhere: can a port have come to this? */
bool uart_is_possible(const struct uart *u);

/* An offset behind the registers reads zero and takes anything. Reading may take a byte out of the FIFO, or an interrupt back. */
uint8_t uart_read(struct uart *u, unsigned offset);

/* The byte that was sent, or -1. */
int uart_write(struct uart *u, unsigned offset, uint8_t value);

/* The oldest byte that was received and not read, which is now taken out; or -1. */
int uart_take(struct uart *u);

/* The level of its interrupt line: to be looked at after each call of the others. */
bool uart_irq(const struct uart *u);

/* Can another byte be received? While the port is looped back to itself, none can. */
bool uart_takes(const struct uart *u);

/* A byte arrives: only while the port takes one. */
void uart_receive(struct uart *u, uint8_t byte);

#endif
