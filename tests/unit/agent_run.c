/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Agent expressions without a machine: every instruction by what it leaves, everything that is refused, and random programs: what
 * the verifier lets through runs to an end, or fails with a sentence.
 */
#include "agent_fixture.h"

#define RANDOM_PROGRAMS 300000

static void leaves(const char *text, uint64_t want)
{
	uint8_t bytes[256], *code;
	char why[AGENT_WHY] = "";
	uint64_t value = ~want;
	size_t size = assemble(text, bytes);
	int err;

	code = exact(bytes, size);
	err = agent_verify(code, size, AGENT_CONDITION, &view, why);
	if (!err)
		err = agent_run(code, &view, NULL, &value, why);
	if (!ok(!err && value == want, "%s leaves 0x%" PRIx64, text, want))
		printf("# got 0x%" PRIx64 ", error %d: %s\n", value, err, why);
	free(code);
}

static void fails(const char *text, int want, const char *sentence)
{
	uint8_t bytes[256], *code;
	char why[AGENT_WHY] = "";
	uint64_t value;
	size_t size = assemble(text, bytes);

	code = exact(bytes, size);
	ok(!agent_verify(code, size, AGENT_CONDITION, &view, why), "%s can be run", text);
	is_int(agent_run(code, &view, NULL, &value, why), want, "... and fails");
	is_str(why, sentence, sentence);
	free(code);
}

static void refused(const char *text, const char *sentence)
{
	refused_as(AGENT_CONDITION, text, sentence);
}

/* a and b as 64-bit constants, then the instruction. */
static void binary(const char *op, uint64_t a, uint64_t b, uint64_t want)
{
	char text[128];

	snprintf(text, sizeof(text), "25 %016" PRIx64 " 25 %016" PRIx64 " %s 27", a, b, op);
	leaves(text, want);
}

static void test_arithmetic(void)
{
	binary("02", 5, UINT64_MAX, 4);
	binary("03", 5, 7, (uint64_t)-2);
	binary("04", 0x100000001, 0x100000001, 0x200000001);
	binary("05", (uint64_t)-7, 2, (uint64_t)-3);
	binary("05", (uint64_t)INT64_MIN, UINT64_MAX, (uint64_t)INT64_MIN);
	binary("06", (uint64_t)-7, 2, 0x7ffffffffffffffc);
	binary("07", (uint64_t)-7, 2, (uint64_t)-1);
	binary("07", (uint64_t)INT64_MIN, UINT64_MAX, 0);
	binary("08", (uint64_t)-7, 16, 9);
	binary("09", 3, 63, 0x8000000000000000);
	binary("09", 3, 64, 0);
	binary("0a", (uint64_t)-8, 2, (uint64_t)-2);
	binary("0a", (uint64_t)-8, 1000, UINT64_MAX);
	binary("0a", 8, UINT64_MAX, 0);
	binary("0b", (uint64_t)-8, 60, 15);
	binary("0b", 8, 64, 0);
	binary("0f", 0xff00, 0x0ff0, 0x0f00);
	binary("10", 0xff00, 0x0ff0, 0xfff0);
	binary("11", 0xff00, 0x0ff0, 0xf0f0);
	binary("13", 7, 7, 1);
	binary("13", 7, 8, 0);
	binary("14", (uint64_t)-1, 1, 1);
	binary("14", 1, 1, 0);
	binary("15", (uint64_t)-1, 1, 0);
	binary("15", 1, UINT64_MAX, 1);
	leaves("22 00 0e 27", 1);
	leaves("22 80 0e 27", 0);
	leaves("22 0f 12 27", ~UINT64_C(15));
}

static void test_values(void)
{
	leaves("22 80 27", 0x80);
	leaves("23 8001 27", 0x8001);
	leaves("24 80000001 27", 0x80000001);
	leaves("25 8000000000000001 27", 0x8000000000000001);
	leaves("22 80 16 08 27", (uint64_t)-128);
	leaves("22 7f 16 08 27", 127);
	leaves("22 01 16 01 27", UINT64_MAX);
	leaves("22 80 16 40 27", 0x80);
	leaves("22 80 16 ff 27", 0x80);
	leaves("23 ff80 2a 08 27", 0x80);
	leaves("23 ff80 2a 40 27", 0xff80);
	leaves("23 ff80 2a 00 27", 0);
	leaves("26 0000 27", 0);
	leaves("26 0007 27", 0x7777777777777777);
	leaves("26 0003 27", 0x80000000);
	for (unsigned i = 0; i < 8; i++)
		memory[i] = (uint8_t)(0x81 + i);
	leaves("23 1000 17 27", 0x81);
	leaves("23 1000 18 27", __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 0x8182 : 0x8281);
	leaves("23 1000 19 27", __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 0x81828384 : 0x84838281);
	leaves("23 1000 1a 27", __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 0x8182838485868788 : 0x8887868584838281);
}

static void test_stack(void)
{
	leaves("22 05 28 02 27", 10);
	leaves("22 05 22 06 29 27", 5);
	leaves("22 05 22 03 2b 03 27", (uint64_t)-2);
	leaves("22 05 22 06 32 00 27", 6);
	leaves("22 05 22 06 32 01 27", 5);
	/* a b c becomes c a b: from the top b a c. */
	leaves("22 01 22 02 22 03 33 27", 2);
	leaves("22 01 22 02 22 03 33 29 27", 1);
	leaves("22 01 22 02 22 03 33 29 29 27", 3);
	leaves("22 00 20 0008 22 02 27 22 03 27", 2);
}

static void test_jumps(void)
{
	/* 0: const8 c  2: if_goto 9  5: const8 2  7: goto b  ... */
	leaves("22 00 20 000a 22 02 21 000c 22 03 27", 2);
	leaves("22 01 20 000a 22 02 21 000c 22 03 27", 3);
	/* Counts down from 200, adding up. */
	leaves("22 00 22 c8 28 33 02 2b 22 01 03 28 20 0004 29 27", 20100);
	/* What no way leads to is not looked at. */
	leaves("22 07 27 ff ff", 7);
	fails("22 01 21 0002", -ELOOP, "it took more than 10000 instructions");
}

static void test_failures(void)
{
	fails("22 01 22 00 05 27", -EDOM, "a division by zero");
	fails("22 01 22 00 06 27", -EDOM, "a division by zero");
	fails("22 01 22 00 07 27", -EDOM, "a division by zero");
	fails("22 01 22 00 08 27", -EDOM, "a division by zero");
	fails("22 10 17 27", -EFAULT, "1 bytes at 0x10 cannot be read");
	fails("23 1fff 18 27", -EFAULT, "2 bytes at 0x1fff cannot be read");
	fails("25 fffffffffffffffc 1a 27", -EFAULT, "8 bytes at 0xfffffffffffffffc cannot be read");
	fails("26 0009 27", -EIO, "register 9 cannot be read: Input/output error");
}

static void test_refused(void)
{
	static const char tracing[] = "is for tracepoints", floating[] = "is for floating-point numbers";
	static const struct {
		const char *text, *name, *why;
	} ops[] = { { "01", "float", floating }, { "0c", "trace", tracing }, { "0d", "trace_quick", tracing },
		{ "1b", "ref_float", floating }, { "1c", "ref_double", floating }, { "1d", "ref_long_double", floating },
		{ "1e", "l_to_d", floating }, { "1f", "d_to_l", floating }, { "2c", "getv", tracing },
		{ "2d", "setv", tracing }, { "2e", "tracev", tracing }, { "2f", "tracenz", tracing },
		{ "30", "trace16", tracing } };
	char text[32], want[AGENT_WHY];

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		snprintf(text, sizeof(text), "22 01 %s 00 00 27", ops[i].text);
		snprintf(want, sizeof(want), "the expression cannot be evaluated here: %s (0x%s) %s", ops[i].name, ops[i].text,
			ops[i].why);
		refused(text, want);
	}
	refused("00", "the expression has an unknown instruction, 0x00 at byte 0");
	refused("22 01 31 27", "the expression has an unknown instruction, 0x31 at byte 2");
	refused("35", "the expression has an unknown instruction, 0x35 at byte 0");
	refused("ff", "the expression has an unknown instruction, 0xff at byte 0");
	refused("26 000a 27", "the expression reads register 10, and there is none");
	refused("26 ffff 27", "the expression reads register 65535, and there is none");
	refused("26 0008 27", "the expression reads register 8, which is wider than 64 bits");
}

static void test_shape(void)
{
	refused("", "the expression runs past its end, to byte 0 of 0");
	refused("22 01", "the expression runs past its end, to byte 2 of 2");
	refused("22", "the expression ends inside const8, at byte 0");
	refused("25 00000000000000", "the expression ends inside const64, at byte 0");
	refused("22 01 20 00", "the expression ends inside if_goto, at byte 2");
	refused("21 0003", "the expression runs past its end, to byte 3 of 3");
	refused("21 ffff", "the expression runs past its end, to byte 65535 of 3");
	refused("22 01 20 0001 27", "the expression jumps into the middle of an instruction, to byte 1");
	refused("22 01 20 0006 23 2727 27", "the expression jumps into the middle of const16, to byte 6");
	refused("27", "end at byte 0 finds 0 values on the stack and needs 1");
	refused("02", "add at byte 0 finds 0 values on the stack and needs 2");
	refused("22 01 02 27", "add at byte 2 finds 1 values on the stack and needs 2");
	refused("22 01 22 02 33 27", "rot at byte 4 finds 2 values on the stack and needs 3");
	refused("22 01 32 01 27", "pick at byte 2 finds 1 values on the stack and needs 2");
	refused("22 01 32 ff 27", "pick at byte 2 finds 1 values on the stack and needs 256");
	refused("20 0000", "if_goto at byte 0 finds 0 values on the stack and needs 1");
	/* One way to byte 7 brings a value more than the other. */
	refused("22 01 20 0007 22 02 22 03 27", "the expression comes to byte 7 with 0 and with 1 values on the stack");
	/* A loop that would push for ever. */
	refused("22 01 21 0000", "the expression comes to byte 0 with 0 and with 1 values on the stack");
}

static void test_sizes(void)
{
	uint8_t code[AGENT_SIZE_MAX + 1];
	char why[AGENT_WHY], want[AGENT_WHY];

	memset(code, 0x22, sizeof(code));
	code[2 * AGENT_STACK_MAX] = 0x27;
	is_int(agent_verify(code, sizeof(code) - 1, AGENT_CONDITION, &view, why), 0, "as many values as there is room for");
	code[2 * AGENT_STACK_MAX] = 0x28;
	is_int(agent_verify(code, sizeof(code) - 1, AGENT_CONDITION, &view, why), -EINVAL, "one too many");
	snprintf(want, sizeof(want), "the expression needs more than %d values on the stack", AGENT_STACK_MAX);
	is_str(why, want, want);
	memset(code, 0x0e, sizeof(code));
	code[0] = 0x22;
	code[AGENT_SIZE_MAX - 1] = 0x27;
	is_int(agent_verify(code, AGENT_SIZE_MAX, AGENT_CONDITION, &view, why), 0, "as long as may be");
	is_int(agent_verify(code, AGENT_SIZE_MAX + 1, AGENT_CONDITION, &view, why), -EINVAL, "one byte too long");
	snprintf(want, sizeof(want), "an expression of %d bytes is too long, %d are taken", AGENT_SIZE_MAX + 1, AGENT_SIZE_MAX);
	is_str(why, want, want);
}

/* ---- random programs ---- */

static uint64_t seed = 1;

static unsigned random_below(unsigned n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(seed >> 33) % n;
}

/* Mostly instructions that exist, and small operands, so that a fair part of the programs is let through. */
static size_t random_program(uint8_t *code)
{
	size_t size = 1 + random_below(24);

	for (size_t i = 0; i < size; i++)
		code[i] = (uint8_t)(random_below(4)   ? random_below(0x36)
				    : random_below(8) ? random_below(24)
						      : random_below(256));
	if (random_below(2))
		code[0] = 0x22;
	code[size - 1] = 0x27;
	return size;
}

static void test_random(void)
{
	static struct agent_text out;
	unsigned passed = 0, ran = 0, bad = 0;

	for (unsigned i = 0; i < RANDOM_PROGRAMS; i++) {
		enum agent_use use = i % 2 ? AGENT_COMMAND : AGENT_CONDITION;
		uint8_t bytes[32], *code;
		size_t size = random_program(bytes);
		char why[AGENT_WHY] = "";
		uint64_t value;
		int err;

		code = exact(bytes, size);
		err = agent_verify(code, size, use, &view, why);
		bad += err && (err != -EINVAL || !why[0]);
		out.len = 0;
		why[0] = '\0';
		passed += !err;
		if (!err) {
			err = agent_run(code, &view, &out, &value, why);
			ran += !err;
			bad += err && !why[0];
		}
		free(code);
	}
	printf("# %d random programs: %u were let through, %u of them ran to their end\n", RANDOM_PROGRAMS, passed, ran);
	ok(passed > RANDOM_PROGRAMS / 100 && ran && ran < passed && !bad,
		"random programs are refused or run, with a sentence");
}

int main(void)
{
	test_arithmetic();
	test_values();
	test_stack();
	test_jumps();
	test_failures();
	test_refused();
	test_shape();
	test_sizes();
	test_random();
	return done();
}
