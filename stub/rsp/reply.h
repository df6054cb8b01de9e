/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One outgoing packet, written piece by piece into a frame of fixed size. What does not fit sets `overflow`, which sticks, and
 * writes nothing; the frame then must not be sent.
 */
#ifndef RSP_REPLY_H
#define RSP_REPLY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct reply {
	size_t len; /* payload characters so far */
	bool overflow;
	char frame[1 + PACKET_MAX + 3]; /* '$' or '%', payload, '#', two digits */
};

void reply_start(struct reply *r);

/* Of a frame that answers nothing and that nobody acknowledges. */
void reply_start_notification(struct reply *r);

/* How many more characters fit, and the payload so far. */
size_t reply_room(const struct reply *r);
const char *reply_payload(const struct reply *r);

/* Text of our own: nothing in it may be one of the characters that framing needs. */
void reply_char(struct reply *r, char c);
void reply_text(struct reply *r, const char *text);

/* A number in hexadecimal, with no leading zeros. */
void reply_number(struct reply *r, uint64_t value);

/* Bytes as pairs of hexadecimal digits. */
void reply_hex(struct reply *r, const void *bytes, size_t n);

/* Bytes as they are, escaped where framing needs it: as many as fit, how many is returned. Never overflows. */
size_t reply_binary(struct reply *r, const void *bytes, size_t n);

/* At most 255 characters, which may be any: as pairs of digits, or escaped as framing needs it. */
void reply_formatted(struct reply *r, bool hex, const char *format, va_list ap) __attribute__((format(printf, 3, 0)));

/* The same of what is printed as printf() has it, escaped. */
void reply_format(struct reply *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text of others: what framing or a terminal could trip over becomes '?', and what does not fit is left out. */
void reply_sentence(struct reply *r, const char *text);

/* Closes the frame; its length on the wire. */
size_t reply_finish(struct reply *r);

#endif
