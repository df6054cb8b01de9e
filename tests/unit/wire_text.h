/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes as transcripts write them. */
#ifndef WIRE_TEXT_H
#define WIRE_TEXT_H

#include <stdint.h>
#include <stdio.h>

/* \xNN to bytes. */
static size_t unescape(const char *text, uint8_t *bytes)
{
	size_t n = 0;
	unsigned byte;

	while (*text) {
		if (sscanf(text, "\\x%2x", &byte) == 1) {
			bytes[n++] = (uint8_t)byte;
			text += 4;
		} else {
			bytes[n++] = (uint8_t)*text++;
		}
	}
	return n;
}

static void escape(char *text, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] < ' ' || bytes[i] > '~' || bytes[i] == '\\')
			text += sprintf(text, "\\x%02x", bytes[i]);
		else
			*text++ = (char)bytes[i];
	}
	*text = '\0';
}

#endif
