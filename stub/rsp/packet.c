/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes to packets: one state machine that takes a byte at a time, so that it does not matter how a transport cuts the stream.
 *
 * A '$' inside a packet starts over: the sender gave up on the one before. 0x03 inside a packet is data, as binary writes need it.
 * Web pages can have a browser connect to any port of its computer, and send much of what they like behind a request line, as method
 * even packets. What can be no debugger's is foreign, so that nothing behind it is looked at: anything but '+', '-' and interrupts between
 * packets, and in one, blanks and what is not printable before the first ':' or ';', which are in no method. (X and qSearch have their
 * binary bytes behind them.)
 */
#include <stdio.h>

#include "packet.h"
#include "cursor.h"

void packet_reader_init(struct packet_reader *r)
{
	r->state = PACKET_BETWEEN;
	r->len = 0;
	r->fault = NULL;
	r->binary = false;
	r->data[0] = '\0';
}

static enum packet_event start(struct packet_reader *r)
{
	packet_reader_init(r);
	r->state = PACKET_DATA;
	r->sum = 0;
	return PACKET_NOTHING;
}

static enum packet_event between(struct packet_reader *r, uint8_t byte)
{
	(void)r;
	switch (byte) {
	case '+':
		return PACKET_ARRIVED;
	case '-':
		return PACKET_RESEND;
	case PACKET_INTERRUPT_BYTE:
		return PACKET_INTERRUPT;
	default:
		return PACKET_FOREIGN;
	}
}

static void append(struct packet_reader *r, uint8_t byte)
{
	if (r->len < PACKET_MAX)
		r->data[r->len++] = (char)byte;
	else
		r->fault = "it is longer than PacketSize";
}

static enum packet_event data(struct packet_reader *r, uint8_t byte)
{
	if (byte == '#') {
		r->state = PACKET_SUM_HIGH;
		return PACKET_NOTHING;
	}
	r->sum += byte;
	r->binary |= byte == ':' || byte == ';';
	if (byte == '}')
		r->state = PACKET_ESCAPED;
	else
		append(r, byte);
	return PACKET_NOTHING;
}

static enum packet_event escaped(struct packet_reader *r, uint8_t byte)
{
	r->state = PACKET_DATA;
	if (byte == '#') {
		r->fault = "it ends in the middle of an escape";
		return data(r, byte);
	}
	r->sum += byte;
	append(r, byte ^ 0x20);
	return PACKET_NOTHING;
}

static enum packet_event sum_high(struct packet_reader *r, uint8_t byte)
{
	r->claimed = hex_digit((char)byte);
	r->state = PACKET_SUM_LOW;
	return PACKET_NOTHING;
}

static enum packet_event sum_low(struct packet_reader *r, uint8_t byte)
{
	int low = hex_digit((char)byte);

	r->state = PACKET_BETWEEN;
	r->data[r->len] = '\0';
	if (r->claimed < 0 || low < 0 || r->claimed * 16 + low != r->sum)
		return PACKET_DAMAGED;
	return PACKET_WHOLE;
}

static bool is_foreign(const struct packet_reader *r, uint8_t byte)
{
	bool anything = r->binary && (r->state == PACKET_DATA || r->state == PACKET_ESCAPED);

	return r->state != PACKET_BETWEEN && !anything && (byte <= ' ' || byte > '~');
}

enum packet_event packet_feed(struct packet_reader *r, uint8_t byte)
{
	static enum packet_event (*const step[])(struct packet_reader *, uint8_t) = {
		[PACKET_BETWEEN] = between,
		[PACKET_DATA] = data,
		[PACKET_ESCAPED] = escaped,
		[PACKET_SUM_HIGH] = sum_high,
		[PACKET_SUM_LOW] = sum_low,
	};

	if (byte == '$')
		return start(r);
	if (is_foreign(r, byte))
		return PACKET_FOREIGN;
	return step[r->state](r, byte);
}

/* Enough to know a request by. */
#define FOREIGN_SHOWN 40

void packet_tell_foreign(const uint8_t *bytes, size_t n, char *text, size_t size)
{
	char shown[FOREIGN_SHOWN + 1];
	size_t len = 0;

	for (; len < n && len < FOREIGN_SHOWN && bytes[len] != '\r' && bytes[len] != '\n'; len++)
		shown[len] = bytes[len] >= ' ' && bytes[len] <= '~' ? (char)bytes[len] : '?';
	shown[len] = '\0';
	snprintf(text, size, "what no debugger sends, from 0x%02x on: \"%s\"; the connection is closed", n ? bytes[0] : 0,
		shown);
}
