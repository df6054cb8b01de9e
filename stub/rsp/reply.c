/* SPDX-License-Identifier: BSD-2-Clause */
/* One outgoing packet: bounded writing, escapes and the checksum. Knows no packet's meaning and sends nothing. */
#include "reply.h"

static const char digits[] = "0123456789abcdef";

void reply_start(struct reply *r)
{
	r->len = 0;
	r->overflow = false;
	r->frame[0] = '$';
}

void reply_start_notification(struct reply *r)
{
	reply_start(r);
	r->frame[0] = '%';
}

size_t reply_room(const struct reply *r)
{
	return PACKET_MAX - r->len;
}

const char *reply_payload(const struct reply *r)
{
	return r->frame + 1;
}

void reply_char(struct reply *r, char c)
{
	if (reply_room(r))
		r->frame[1 + r->len++] = c;
	else
		r->overflow = true;
}

void reply_text(struct reply *r, const char *text)
{
	while (*text)
		reply_char(r, *text++);
}

void reply_number(struct reply *r, uint64_t value)
{
	int shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		reply_char(r, digits[value >> shift & 0xf]);
}

void reply_hex(struct reply *r, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < n; i++) {
		reply_char(r, digits[from[i] >> 4]);
		reply_char(r, digits[from[i] & 0xf]);
	}
}

/* '*' needs an escape only in replies: there it would announce a run. */
static bool needs_escape(uint8_t byte)
{
	return byte == '$' || byte == '#' || byte == '}' || byte == '*';
}

size_t reply_binary(struct reply *r, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;
	size_t i;

	for (i = 0; i < n && reply_room(r) >= 1u + needs_escape(from[i]); i++) {
		if (needs_escape(from[i]))
			reply_char(r, '}');
		reply_char(r, (char)(needs_escape(from[i]) ? from[i] ^ 0x20 : from[i]));
	}
	return i;
}

void reply_sentence(struct reply *r, const char *text)
{
	for (; *text && reply_room(r); text++) {
		uint8_t byte = (uint8_t)*text;

		reply_char(r, byte < ' ' || byte > '~' || needs_escape(byte) ? '?' : *text);
	}
}

size_t reply_finish(struct reply *r)
{
	uint8_t sum = 0;
	char *end = r->frame + 1 + r->len;

	for (const char *at = r->frame + 1; at < end; at++)
		sum += (uint8_t)*at;
	end[0] = '#';
	end[1] = digits[sum >> 4];
	end[2] = digits[sum & 0xf];
	return r->len + 4;
}
