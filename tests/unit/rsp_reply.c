/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing packets, and reading what is in them. */
#include "rsp/cursor.h"
#include "rsp/reply.h"
#include "tap.h"

static struct {
	struct reply reply;
	char guard[64];
} r;

static void start(void)
{
	memset(r.guard, '!', sizeof(r.guard));
	reply_start(&r.reply);
}

static void is_frame(const char *want, const char *name)
{
	size_t n = reply_finish(&r.reply);

	r.guard[0] = '!';
	if (!ok(n == strlen(want) && !memcmp(r.reply.frame, want, n), "%s", name))
		printf("# got %.*s\n", (int)n, r.reply.frame);
}

static void test_pieces(void)
{
	start();
	is_frame("$#00", "an empty packet");
	start();
	reply_text(&r.reply, "OK");
	is_frame("$OK#9a", "text");
	start();
	reply_hex(&r.reply, "\x00\x7f\xff", 3);
	is_frame("$007fff#c9", "bytes in hexadecimal");
	start();
	is_int((int64_t)reply_binary(&r.reply, "a$#}*\0z", 7), 7, "bytes as they are");
	is_int((int64_t)r.reply.len, 11, "four of them escaped");
	ok(!memcmp(reply_payload(&r.reply), "a}\x04}\x03}]}\n\0z", 11), "in the right way");
	start();
	reply_sentence(&r.reply, "no #1: $x }*\n\t\x7f\xc3\xa9 ~");
	ok(!strncmp(reply_payload(&r.reply), "no ?1: ?x ??????? ~", 18) && r.reply.len == 19, "a sentence is made safe");
}

static void is_number(uint64_t value, const char *want)
{
	char got[20];

	start();
	reply_number(&r.reply, value);
	snprintf(got, sizeof(got), "%.*s", (int)r.reply.len, reply_payload(&r.reply));
	is_str(got, want, want);
}

static void test_numbers(void)
{
	is_number(0, "0");
	is_number(1, "1");
	is_number(0xf, "f");
	is_number(0x10, "10");
	is_number(0x4000, "4000");
	is_number(0xdeadbeef, "deadbeef");
	is_number(UINT64_MAX, "ffffffffffffffff");
	is_number(0x1000000000000000, "1000000000000000");
}

static void test_bounds(void)
{
	static const char many[PACKET_MAX + 10];

	start();
	reply_hex(&r.reply, many, PACKET_MAX / 2);
	ok(r.reply.len == PACKET_MAX && !r.reply.overflow && !reply_room(&r.reply), "a full packet");
	reply_finish(&r.reply);
	ok(r.guard[0] == '!', "its checksum fits behind it");
	reply_char(&r.reply, 'x');
	ok(r.reply.overflow && r.reply.len == PACKET_MAX, "one more overflows");
	reply_start(&r.reply);
	ok(!r.reply.overflow && !r.reply.len, "a fresh one has not");

	reply_hex(&r.reply, many, PACKET_MAX / 2 - 1);
	reply_char(&r.reply, 'x');
	is_int((int64_t)reply_binary(&r.reply, "#", 1), 0, "half an escape is not written");
	is_int((int64_t)reply_binary(&r.reply, "ab", 2), 1, "a plain byte is");
	ok(!r.reply.overflow, "and that is no overflow");
	reply_text(&r.reply, "ab");
	ok(r.reply.overflow && r.reply.len == PACKET_MAX, "too much text");
	start();
	is_int((int64_t)reply_binary(&r.reply, many, sizeof(many)), PACKET_MAX, "too many bytes are cut");
	ok(r.guard[0] == '!', "nothing is written behind the frame");
}

/* Of every length up to one of many words, with bytes of every value: as they add up one by one. */
static void test_checksums(void)
{
	bool good = true;
	uint8_t bytes[3000], sum;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(255 - i * 7 % 256);
	for (size_t n = 0; n < sizeof(bytes); n += n < 40 ? 1 : 97) {
		char want[4];
		size_t len;

		start();
		reply_binary(&r.reply, bytes, n);
		len = reply_finish(&r.reply);
		sum = 0;
		for (size_t i = 1; i < len - 3; i++)
			sum += (uint8_t)r.reply.frame[i];
		snprintf(want, sizeof(want), "#%02x", sum);
		good &= !memcmp(r.reply.frame + len - 3, want, 3);
	}
	ok(good, "checksums");
}

static void is_parsed(const char *text, uint64_t want, bool good)
{
	struct cursor c = cursor_over(text, strlen(text));
	uint64_t got = cursor_number(&c);

	cursor_end(&c);
	ok(!c.bad == good && got == (good ? want : got), "number \"%s\"", text);
}

static void test_cursor_numbers(void)
{
	is_parsed("0", 0, true);
	is_parsed("aBcDeF09", 0xabcdef09, true);
	is_parsed("ffffffffffffffff", UINT64_MAX, true);
	is_parsed("0000000000000001", 1, true);
	is_parsed("10000000000000000", 0, false);
	is_parsed("", 0, false);
	is_parsed("-1", 0, false);
	is_parsed("0x10", 0, false);
	is_parsed("g", 0, false);
	is_parsed("1 ", 0, false);
	for (int c = 0; c < 256; c++)
		if ((hex_digit((char)c) >= 0) != (c && strchr("0123456789abcdefABCDEF", c)))
			ok(false, "digit %d", c);
}

static void test_cursor_sticks(void)
{
	struct cursor c = cursor_over("12,x,34", 7);

	is_int((int64_t)cursor_number(&c), 0x12, "a good number");
	cursor_expect(&c, ',');
	is_int((int64_t)cursor_number(&c), 0, "a bad one is 0");
	ok(c.bad != NULL, "and an error");
	cursor_expect(&c, 'x');
	is_int((int64_t)cursor_number(&c), 0, "that sticks");
	is_int((int64_t)cursor_left(&c), 4, "with no step further");
	ok(cursor_next(&c) == '\0' && cursor_peek(&c) == '\0', "no character comes");
}

static void is_hex(const char *text, size_t cap, int want)
{
	uint8_t bytes[4] = { 0 };
	struct cursor c = cursor_over(text, strlen(text));
	size_t n = cursor_hex(&c, bytes, cap);

	is_int(c.bad ? -1 : (int)n, want, text);
}

static void test_cursor_hex(void)
{
	is_hex("", 4, 0);
	is_hex("00fF", 4, 2);
	is_hex("01020304", 4, 4);
	is_hex("0102030405", 4, -1);
	is_hex("010", 4, -1);
	is_hex("0g", 4, -1);
	is_hex("g0", 4, -1);
	is_hex("0102g4", 4, -1);
}

static void is_id(const char *text, bool multiprocess, const char *want)
{
	struct cursor c = cursor_over(text, strlen(text));
	struct thread_id id = cursor_thread(&c, multiprocess);
	char got[64];

	cursor_end(&c);
	snprintf(got, sizeof(got), "%" PRId64 ".%" PRId64, (int64_t)id.process, (int64_t)id.thread);
	is_str(c.bad ? "bad" : got, want, text);
}

static void test_cursor_threads(void)
{
	is_id("1", false, "0.1");
	is_id("-1", false, "0.-1");
	is_id("0001", true, "0.1");
	is_id("0", true, "0.0");
	is_id("p1.2", true, "1.2");
	is_id("p1.-1", true, "1.-1");
	is_id("p0.0", true, "0.0");
	is_id("p-1.-1", true, "-1.-1");
	is_id("p3", true, "3.-1");
	is_id("p1.2", false, "bad");
	is_id("", true, "bad");
	is_id("p", true, "bad");
	is_id("p1.", true, "bad");
	is_id("-", true, "bad");
	is_id("-2", true, "bad");
	is_id("p1.2.3", true, "bad");
	is_id("1.2", true, "bad");
}

int main(void)
{
	test_pieces();
	test_numbers();
	test_bounds();
	test_checksums();
	test_cursor_numbers();
	test_cursor_sticks();
	test_cursor_hex();
	test_cursor_threads();
	return done();
}
