/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of registers as a person writes them, or as gdb prints them. */
#include <errno.h>

#include "monitor/value.h"
#include "tap.h"

static char why[200];

/* The bytes, the lowest first, in hexadecimal; or the sentence. */
static const char *parsed(const char *text, unsigned base, unsigned size)
{
	static char shown[256];
	const struct refusal refusal = { why, sizeof(why) };
	uint8_t value[64];

	memset(value, 0xee, sizeof(value));
	if (value_parse(text, base, value, size, &refusal))
		return why;
	for (unsigned i = 0; i < size; i++)
		sprintf(shown + 2 * i, "%02x", value[i]);
	return value[size] == 0xee ? shown : "it wrote behind the value";
}

static void is(const char *text, unsigned size, const char *want)
{
	is_str(parsed(text, 10, size), want, text);
}

static void numbers(void)
{
	is("10", 8, "0a00000000000000");
	is("0x10", 4, "10000000");
	is("0XfF", 1, "ff");
	is(" 7 ", 2, "0700");
	is("255", 1, "ff");
	is("256", 1, "256: more than 1 byte");
	is("-1", 4, "ffffffff");
	is("-128", 1, "80");
	is("-129", 1, "-129: more than 1 byte");
	is("-0", 2, "0000");
	is("18446744073709551615", 8, "ffffffffffffffff");
	is("18446744073709551616", 8, "18446744073709551616: more than 8 bytes");
	is("340282366920938463463374607431768211455", 16, "ffffffffffffffffffffffffffffffff");
	is("-2", 16, "feffffffffffffffffffffffffffffff");
	is("0x0102030405060708090a", 10, "0a090807060504030201");
	is("", 8, ": not a number");
	is("0x", 8, "0x: not a number");
	is("-", 8, "-: not a number");
	is("1.5", 8, "1.5: not a number");
	is("12ab", 8, "12ab: not a number");
	is("1 2", 8, "2: nothing is to follow the value");
	is("1}", 8, "}: nothing is to follow the value");
	is_str(parsed("10", 16, 2), "1000", "base 16: 10");
	is_str(parsed("xyz", 16, 2), "xyz: not a hexadecimal number", "base 16: no number");
}

static void lists(void)
{
	is("{1, 2, 0x3, -1}", 16, "010000000200000003000000ffffffff");
	is("{1,2}", 16, "01000000000000000200000000000000");
	is("{0 <repeats 15 times>, 255}", 16, "000000000000000000000000000000ff");
	is("{0x5 <repeats 16 times>}", 16, "05050505050505050505050505050505");
	is("{7}", 4, "07000000");
	is("{1, 2, 3}", 16, "3 numbers, where there are 16 bytes");
	is("{0 <repeats 17 times>}", 16, "a list of more than 16 numbers");
	is("{1, 2, 3, 4, 5}", 4, "a list of more than 4 numbers");
	is("{0 <repeats 99999999999999999999 times>}", 16, "<repeats 99999999999999999999 times>}: how often?");
	is("{0 <repeats 0 times>}", 16, "<repeats 0 times>}: how often?");
	is("{256 <repeats 16 times>}", 16, "256 <repeats 16 times>}: more than 1 byte");
	is("{1, 2", 16, ": a list goes on by a comma, or ends by }");
	is("{1, 2}}", 16, "}: nothing is to follow the value");
	is("{}", 16, "}: not a number");
	is("{1.5, 2}", 16, "1.5, 2}: not a number");
	is("{0, 1...}", 16, "1...}: not a number");
}

/* As gdb prints $v0 and $xmm0. */
static void views(void)
{
	is("{d = {f = {0, 0}, u = {1, 2}, s = {1, 2}}, b = {u = {1, 0 <repeats 15 times>}}, q = {u = {258}, s = {258}}}", 16,
		"02010000000000000000000000000000");
	is("{v4_float = {1, 0, 0, 0}, v2_int64 = {1065353216, 0}, uint128 = 1065353216}", 16,
		"0000803f000000000000000000000000");
	is("{w = {1, 2, 3, 4}, b = {0x1, 0x2 <repeats 15 times>}}", 16, "01020202020202020202020202020202");
	is("{q = {1.5}}", 16, "1.5}}: not a number");
	is("{q = {1}} 2", 16, "2: nothing is to follow the value");
}

static void bytes(void)
{
	is("000102030405060708090a0b0c0d0e0f", 16, "000102030405060708090a0b0c0d0e0f");
	is("11111111", 4, "c78aa900");
	is_str(parsed("000102030405060708090a0b0c0d0e0f", 16, 16), "0f0e0d0c0b0a09080706050403020100", "base 16: a number");
}

int main(void)
{
	numbers();
	lists();
	views();
	bytes();
	return done();
}
