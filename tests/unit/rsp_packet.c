/* SPDX-License-Identifier: BSD-2-Clause */
/* Framing: every way to cut, damage or overfill a packet. */
#include <stdlib.h>

#include "rsp/packet.h"
#include "tap.h"

static struct packet_reader reader;

/* The events of these bytes, a letter each: nothing is '.'; and the last whole packet stays in the reader. */
static const char *events(const void *bytes, size_t n)
{
	static char seen[PACKET_MAX * 3];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		enum packet_event event = packet_feed(&reader, ((const uint8_t *)bytes)[i]);

		if (event != PACKET_NOTHING)
			seen[len++] = "?WDRIAF"[event];
	}
	seen[len] = '\0';
	return seen;
}

static void test_plain(void)
{
	packet_reader_init(&reader);
	is_str(events("$qC#b4", 6), "W", "a packet");
	is_str(reader.data, "qC", "its payload");
	is_int((int64_t)reader.len, 2, "its length");
	is_str(events("$#00", 4), "W", "an empty packet");
	is_int((int64_t)reader.len, 0, "has no payload");
	is_str(events("$qC#B4", 6), "W", "a checksum in capitals");
	is_str(events("+$qC#b4+$qC#b4", 14), "AWAW", "two packets and acknowledgements");
	is_str(events("-\x03-", 3), "RIR", "a request to send again, and an interrupt");
}

static void test_split(void)
{
	static const char bytes[] = "+$X0,3:a}]\x03#5f\x03";
	size_t n = sizeof(bytes) - 1;

	for (size_t cut = 0; cut <= n; cut++) {
		char all[8];

		packet_reader_init(&reader);
		strcpy(all, events(bytes, cut));
		strcat(all, events(bytes + cut, n - cut));
		ok(!strcmp(all, "AWI") && reader.len == 8 && !memcmp(reader.data, "X0,3:a}\x03", 9), "cut after %zu bytes",
			cut);
	}
}

static void test_damaged(void)
{
	packet_reader_init(&reader);
	is_str(events("$qC#b5", 6), "D", "a wrong checksum");
	is_str(events("$qC#4b", 6), "D", "a checksum the wrong way round");
	is_str(events("$qC#g4", 6), "D", "no digit first");
	is_str(events("$qC#b~", 6), "D", "no digit second");
	is_str(events("$O#5g", 5), "D", "nor one that would count as -1");
	is_str(events("$qC#b4", 6), "W", "and a good one after that");
}

static void test_restart(void)
{
	packet_reader_init(&reader);
	is_str(events("$qX$qC#b4", 9), "W", "a packet cut short by the next");
	is_str(reader.data, "qC", "the next counts");
	is_str(events("$qX#$qC#b4", 10), "W", "cut in its checksum");
	is_str(events("$qX#1$qC#b4", 11), "W", "between the digits of it");
	is_str(events("$qX}$qC#b4", 10), "W", "in an escape");
	is_str(reader.data, "qC", "the next counts there too");
}

static void test_bytes(void)
{
	packet_reader_init(&reader);
	is_str(events("$:\0b\x03-+*#21", 11), "W", "NUL, 0x03, '-', '+' and '*' inside a packet");
	ok(reader.len == 7 && !memcmp(reader.data, ":\0b\x03-+*", 8), "are data");
	is_str(events("$;}\x03}\x04}]}\n#9d", 13), "W", "escapes");
	is_str(reader.data, ";#$}*", "are undone");
	ok(!reader.fault, "and no fault");
	is_str(events("$a}#de", 6), "W", "an escape of nothing");
	ok(reader.fault != NULL, "is a fault");
	is_str(events("$qC#b4", 6), "W", "a good one after that");
	ok(!reader.fault, "has none");
}

static void feed_long(size_t n, size_t escapes)
{
	uint8_t sum = 0;
	char tail[4];

	events("$", 1);
	for (size_t i = 0; i < n; i++, sum += 'a')
		packet_feed(&reader, 'a');
	for (size_t i = 0; i < escapes; i++, sum += '}' + ']') {
		packet_feed(&reader, '}');
		packet_feed(&reader, ']');
	}
	snprintf(tail, sizeof(tail), "#%02x", sum);
	is_str(events(tail, 3), "W", "a long packet arrives");
}

static void test_oversized(void)
{
	packet_reader_init(&reader);
	feed_long(PACKET_MAX, 0);
	ok(reader.len == PACKET_MAX && !reader.fault && !reader.data[PACKET_MAX], "the longest that fits");
	feed_long(PACKET_MAX - 1, 1);
	ok(reader.len == PACKET_MAX && !reader.fault && reader.data[PACKET_MAX - 1] == '}', "with an escape at its end");
	feed_long(PACKET_MAX + 1, 0);
	ok(reader.len == PACKET_MAX && reader.fault, "one more is a fault");
	feed_long(PACKET_MAX, 1);
	ok(reader.len == PACKET_MAX && reader.fault, "as an escape, too");
	feed_long(PACKET_MAX * 5, 7);
	ok(reader.len == PACKET_MAX && reader.fault, "far too many");
	is_str(events("$qC#b4", 6), "W", "a good one after that");
	ok(reader.len == 2 && !reader.fault, "is whole");
}

/* Each of them between packets, and then in a packet in front of the first ':' or ';'. */
static void test_foreign(void)
{
	unsigned between = 0, within = 0, behind = 0;

	for (unsigned byte = 0; byte < 256; byte++) {
		char bytes[] = { '$', 'a', (char)byte }, more[] = { '$', ';', (char)byte };

		packet_reader_init(&reader);
		between += packet_feed(&reader, (uint8_t)byte) == PACKET_FOREIGN;
		packet_reader_init(&reader);
		within += *events(bytes, 3) == 'F';
		packet_reader_init(&reader);
		behind += *events(more, 3) == 'F';
	}
	is_int(between, 256 - 4, "between packets all but four bytes are foreign");
	is_int(within, 256 - 94, "in a packet blanks and what is not printable");
	is_int(behind, 0, "but none behind a ':' or a ';'");
	packet_reader_init(&reader);
	is_str(events("$a# ", 4), "F", "nor may there be a blank in a checksum");
	packet_reader_init(&reader);
	is_str(events("$a:\n#b ", 7), "F", "whatever is in front of it");
	packet_reader_init(&reader);
	is_str(events("$:\n$a\n", 6), "F", "the next packet begins anew");
}

static void test_foreign_text(void)
{
	static const uint8_t request[] = "GET /a\x1b[2J\xff HTTP/1.1\r\nHost: x\r\n", pages[4096] = "long";
	char text[256];

	packet_tell_foreign(request, sizeof(request) - 1, text, sizeof(text));
	is_str(text, "what no debugger sends, from 0x47 on: \"GET /a?[2J? HTTP/1.1\"; the connection is closed",
		"a line of it is shown, printable");
	packet_tell_foreign(pages, sizeof(pages), text, sizeof(text));
	ok(strlen(text) < 130, "and not much of it");
	packet_tell_foreign((const uint8_t *)"\x16\x03", 1, text, sizeof(text));
	is_str(text, "what no debugger sends, from 0x16 on: \"?\"; the connection is closed", "no more than has come");
}

int main(void)
{
	test_plain();
	test_split();
	test_damaged();
	test_restart();
	test_bytes();
	test_oversized();
	test_foreign();
	test_foreign_text();
	return done();
}
