/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes to packets: one state machine that takes a byte at a time, so that it does not matter how a transport cuts the stream.
 *
 * A '$' inside a packet starts over: the sender gave up on the one before. 0x03 inside a packet is data, as binary writes need it.
 * Whatever comes between packets and is neither '-' nor an interrupt is dropped; '+' tells us nothing that we wait for.
 */
#include "packet.h"
#include "cursor.h"

void packet_reader_init(struct packet_reader *r)
{
	r->state = PACKET_BETWEEN;
	r->len = 0;
	r->fault = NULL;
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
	if (byte == '-')
		return PACKET_RESEND;
	return byte == PACKET_INTERRUPT_BYTE ? PACKET_INTERRUPT : PACKET_NOTHING;
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
	return step[r->state](r, byte);
}
