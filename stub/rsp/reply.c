/* SPDX-License-Identifier: BSD-2-Clause */
/* One outgoing packet: bounded writing, escapes and the checksum. Knows no packet's meaning and sends nothing. */
#include <stdio.h>
#include <string.h>

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
	int bits = value ? 64 - __builtin_clzll(value) : 1;

	for (int shift = (bits - 1) / 4 * 4; shift >= 0; shift -= 4)
		reply_char(r, digits[value >> shift & 0xf]);
}

void reply_hex(struct reply *r, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;
	char *to = r->frame + 1 + r->len;

	if (n > reply_room(r) / 2) {
		r->overflow = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		*to++ = digits[from[i] >> 4];
		*to++ = digits[from[i] & 0xf];
	}
	r->len += 2 * n;
}

/* '*' needs an escape only in replies: there it would announce a run. */
static const bool needs_escape[UINT8_MAX + 1] = { ['$'] = true, ['#'] = true, ['}'] = true, ['*'] = true };

size_t reply_binary(struct reply *r, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;
	char *to = r->frame + 1 + r->len, *end = to + reply_room(r);
	size_t i;

	for (i = 0; i < n && end - to > needs_escape[from[i]]; i++) {
		if (needs_escape[from[i]])
			*to++ = '}';
		*to++ = (char)(needs_escape[from[i]] ? from[i] ^ 0x20 : from[i]);
	}
	r->len = (size_t)(to - r->frame) - 1;
	return i;
}

void reply_formatted(struct reply *r, bool hex, const char *format, va_list ap)
{
	char text[256];
	size_t n;

	vsnprintf(text, sizeof(text), format, ap);
	n = strlen(text);
	if (hex)
		reply_hex(r, text, n);
	else if (reply_binary(r, text, n) < n)
		r->overflow = true;
}

void reply_format(struct reply *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	reply_formatted(r, false, format, ap);
	va_end(ap);
}

void reply_sentence(struct reply *r, const char *text)
{
	for (; *text && reply_room(r); text++) {
		uint8_t byte = (uint8_t)*text;

		reply_char(r, byte < ' ' || byte > '~' || needs_escape[byte] ? '?' : *text);
	}
}

/* The bytes of a word are added in lanes of 16 bits, four at a time; in so few words none of them overflows. */
#define LANES 0x00ff00ff00ff00ffull
#define WORDS_MAX 128

static uint8_t sum_words(const char *at, size_t words)
{
	uint64_t lanes = 0, word;

	for (size_t i = 0; i < words; i++) {
		memcpy(&word, at + 8 * i, sizeof(word));
		lanes += (word & LANES) + (word >> 8 & LANES);
	}
	return (uint8_t)(lanes + (lanes >> 16) + (lanes >> 32) + (lanes >> 48));
}

static uint8_t checksum(const char *at, size_t n)
{
	uint8_t sum = 0;

	while (n >= 8) {
		size_t words = n / 8 < WORDS_MAX ? n / 8 : WORDS_MAX;

		sum += sum_words(at, words);
		at += 8 * words;
		n -= 8 * words;
	}
	while (n--)
		sum += (uint8_t)*at++;
	return sum;
}

size_t reply_finish(struct reply *r)
{
	uint8_t sum = checksum(r->frame + 1, r->len);
	char *end = r->frame + 1 + r->len;

	end[0] = '#';
	end[1] = digits[sum >> 4];
	end[2] = digits[sum & 0xf];
	return r->len + 4;
}
