/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer entry point: arbitrary bytes from a client, and a machine that refuses and stops arbitrarily. What is checked, besides
 * what the sanitizers see: every frame that is sent is well formed and no longer than a packet may be; every packet that is
 * taken gets exactly one answer (a resume gets its at the stop; k and R get none); while the machine runs,
 * nothing is called that target.h does not allow then.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined -I stub -I tests/unit, tests/unit/fake_*.c and stub/rsp.
 *
 * The input is a list of chunks: a byte that says what happens to the machine, one that says how, a length of two bytes, and as
 * many bytes from the client. With AS_PACKET they are framed first, so that the fuzzer need not find out about checksums.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_target.h"
#include "rsp/input.h"
#include "rsp/unasked.h"

/* Of a chunk. */
#define HEADER 4

/* As the last byte: the client does not say who it is. */
#define STRANGER 's'

enum happening {
	STOP = 1,
	REFUSE = 2,
	HEAL = 4,
	LACK = 8,
	AS_PACKET = 16,
	FEW = 32,
};

struct client {
	struct fake fake;
	struct session session;
	unsigned asked, answered;
};

static void require(bool good)
{
	if (!good)
		abort();
}

static void check_frame(const char *frame, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum = 0;

	require(n >= 4 && n <= PACKET_MAX + 4 && frame[n - 3] == '#');
	for (size_t i = 1; i < n - 3; i++) {
		require(frame[i] != '$' && frame[i] != '#' && frame[i] != '*');
		sum += (uint8_t)frame[i];
	}
	require(frame[n - 2] == digits[sum >> 4] && frame[n - 1] == digits[sum & 0xf]);
}

static void receive(void *arg, const void *bytes, size_t n)
{
	const char *text = bytes;

	(void)arg;
	if (n == 1)
		require(*text == '+' || *text == '-');
	else
		check_frame(text, n);
}

/* Console output is no answer: O and digits. OK is one, and so are bare bytes of memory. */
static bool is_console(const struct client *c, const char *text)
{
	return text[0] == 'O' && text[1] != 'K' && c->session.in.data[0] != 'x';
}

static void count(void *arg, const char *line)
{
	struct client *c = arg;

	require(strlen(line) >= 3 && strlen(line) < 500);
	if (!strncmp(line, "<- ", 3))
		c->asked++;
	if (!strncmp(line, "-> ", 3) && !is_console(c, line + 3))
		c->answered++;
}

static void stop(struct client *c, uint8_t how)
{
	struct stop stop = {
		.kind = (enum stop_kind)(how % (STOP_EXITED + 1)),
		.thread = how / 8 % (c->fake.threads + 1),
		.signal = how,
		.point = (enum point_type)(how % POINT_TYPES),
		.addr = how,
		.text = how & 64 ? "it stopped" : NULL,
	};

	c->fake.running = false;
	session_stopped(&c->session, &stop);
}

static void happen(struct client *c, uint8_t what, uint8_t how)
{
	if (what & STOP)
		stop(c, how);
	if (what & REFUSE)
		c->fake.fail[how % FAKE_OPS] = how / FAKE_OPS * 40;
	if (what & HEAL)
		memset(c->fake.fail, 0, sizeof(c->fake.fail));
	if (what & LACK)
		c->fake.lacks[how % POINT_TYPES] ^= true;
	if (what & FEW)
		c->fake.readable = how * 16;
}

static bool over(const struct client *c)
{
	return session_is_over(c->session.state);
}

/* One packet at most at a time, so that each can be seen to be answered. */
static void feed(struct client *c, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n && !over(c); i++) {
		unsigned asked = c->asked, answered = c->answered;
		enum session_state before = c->session.state;
		const char *packet = c->session.in.data;

		require(session_input(&c->session, bytes + i, 1) == 1);
		require(c->session.in.len <= PACKET_MAX && c->asked <= asked + 1);
		require(!c->fake.trespasses);
		if (c->asked == asked) /* nothing whole: at most a complaint about the checksum */
			require(c->answered <= answered + c->session.no_ack);
		else if (session_stands(before) && c->session.state == SESSION_RUNNING)
			require(c->answered == answered);
		else if (packet[0] == 'k' || packet[0] == 'R')
			require(c->answered <= answered + 1);
		else
			require(c->answered == answered + 1);
	}
}

static void feed_packet(struct client *c, const uint8_t *bytes, size_t n)
{
	uint8_t tail[8], sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += bytes[i];
	snprintf((char *)tail, sizeof(tail), "#%02x", sum);
	feed(c, (const uint8_t *)"$", 1);
	feed(c, bytes, n);
	feed(c, tail, 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct client c;
	struct target target;

	memset(&c, 0, sizeof(c));
	fake_init(&c.fake);
	target = fake_target(&c.fake);
	session_init(&c.session, receive, NULL);
	session_attach(&c.session, &target);
	if (!n || bytes[n - 1] != STRANGER)
		session_input(&c.session, (const uint8_t *)"$qSupported#37", 14);
	session_trace(&c.session, count, &c);
	while (n >= HEADER && !over(&c)) {
		size_t told = bytes[2] | bytes[3] << 8, len = told < n - HEADER ? told : n - HEADER;

		happen(&c, bytes[0], bytes[1]);
		if (bytes[0] & AS_PACKET)
			feed_packet(&c, bytes + HEADER, len);
		else
			feed(&c, bytes + HEADER, len);
		bytes += HEADER + len;
		n -= HEADER + len;
	}
	return 0;
}
