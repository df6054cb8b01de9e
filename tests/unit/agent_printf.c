/* SPDX-License-Identifier: BSD-2-Clause */
/* printf in agent expressions: what it prints, and the formats that are refused. */
#include "agent_fixture.h"

/* As gdb compiles a dprintf: the arguments from last to first, channel and function, the format. */
static size_t compile(uint8_t *code, const char *format, unsigned nargs, const uint64_t *args)
{
	size_t n = 0, len = strlen(format) + 1;

	for (unsigned i = nargs + 2; i-- > 0;) {
		code[n++] = 0x25;
		for (int shift = 56; shift >= 0; shift -= 8)
			code[n++] = (uint8_t)(i < nargs ? args[i] >> shift : 0);
	}
	/* The two zeros were compiled first; gdb has them last. */
	memmove(code, code + 18, n - 18);
	memset(code + n - 18, 0, 18);
	code[n - 18] = code[n - 9] = 0x25;
	code[n++] = 0x34;
	code[n++] = (uint8_t)nargs;
	code[n++] = (uint8_t)(len >> 8);
	code[n++] = (uint8_t)len;
	memcpy(code + n, format, len);
	n += len;
	code[n++] = 0x27;
	return n;
}

static void prints(const char *want, const char *format, unsigned nargs, const uint64_t *args)
{
	static struct agent_text out;
	uint8_t bytes[1024], *code;
	char why[AGENT_WHY] = "";
	size_t size = compile(bytes, format, nargs, args);
	uint64_t value;
	int err;

	out.len = 0;
	code = exact(bytes, size);
	err = agent_verify(code, size, AGENT_COMMAND, &view, why);
	if (!err)
		err = agent_run(code, &view, &out, &value, why);
	if (!ok(!err && out.len == strlen(want) && !memcmp(out.text, want, out.len), "%s", format))
		printf("# got '%.*s', error %d: %s\n", (int)out.len, out.text, err, why);
	free(code);
}

#define ARGS(...)                                                   \
	sizeof((uint64_t[]){ __VA_ARGS__ }) / 8, (const uint64_t[]) \
	{                                                           \
		__VA_ARGS__                                         \
	}

static void test_printf(void)
{
	strcpy((char *)memory + 0x100, "guest");
	memset(memory + 0x200, 'x', 10);
	strcpy((char *)memory + MEMORY - 4, "end");
	prints("nothing to say\n", "nothing to say\\n", 0, NULL);
	prints("100% \\ \" \t\a\b\033\f\r\v\n", "100%% \\\\ \\\" \\t\\a\\b\\e\\f\\r\\v\\n", 0, NULL);
	prints("-1 4294967295 ffffffff FFFFFFFF 37777777777", "%d %u %x %X %o",
		ARGS(UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX));
	prints("-2 18446744073709551614 fffffffffffffffe", "%ld %llu %lx", ARGS(-2, -2, -2));
	prints("-1 255 -1 65535", "%hhd %hhu %hi %hu", ARGS(0xffff, 0xffff, 0x1ffff, 0x1ffff));
	prints("1 2 3", "%jd %zd %td", ARGS(1, 2, 3));
	prints("2147483648 -2147483648", "%ld %d", ARGS(0x80000000, 0x80000000));
	prints("[   42][42   ][00042][+42][ 42][0x2a][  042]", "[%5d][%-5d][%05d][%+d][% d][%#x][%5.3d]",
		ARGS(42, 42, 42, 42, 42, 42, 42));
	prints("A    B|C   |", "%c%5c|%-4c|", ARGS('A', 0x100 + 'B', 'C'));
	prints("", "%c", ARGS(0));
	prints("guest|gue|     guest|guest     |", "%s|%.3s|%10s|%-10s|", ARGS(0x1100, 0x1100, 0x1100, 0x1100));
	prints("xxxxxxxxxx", "%s", ARGS(0x1200));
	prints("(null) <0x10 cannot be read> end|    (null)|", "%s %s %s|%10s|", ARGS(0, 0x10, 0x1ffc, 0));
	prints("0x1234 (nil)      0x12|", "%p %p %9p|", ARGS(0x1234, 0, 0x12));
}

static void test_long_text(void)
{
	static struct agent_text out;
	char want[AGENT_STRING_MAX + 4];
	uint64_t value;
	uint8_t code[256];
	char why[AGENT_WHY];

	memset(memory + 0x300, 'y', MEMORY - 0x300);
	memset(want, 'y', AGENT_STRING_MAX);
	strcpy(want + AGENT_STRING_MAX, "...");
	prints(want, "%s", ARGS(0x1300));
	prints("<0x2000 cannot be read>", "%s", ARGS(0x2000 - 100));
	out.len = 0;
	compile(code, "%s%s%s", ARGS(0x1300, 0x1300, 0x1300));
	agent_run(code, &view, &out, &value, why);
	ok(out.cut && out.len == AGENT_TEXT_MAX && !memcmp(out.text + AGENT_TEXT_MAX - 6, "yy...\n", 6),
		"what does not fit is left out, and that is said");
}

static void refused_format(const char *format, unsigned nargs, const char *phrase)
{
	static const uint64_t args[8];
	uint8_t code[1024];
	char why[AGENT_WHY] = "", want[AGENT_WHY];
	size_t size = compile(code, format, nargs, args);

	snprintf(want, sizeof(want), "a format cannot be printed: %s", phrase);
	is_int(agent_verify(code, size, AGENT_COMMAND, &view, why), -EINVAL, format);
	is_str(why, want, want);
}

static void test_refused_formats(void)
{
	static const char *const floats[] = { "%f", "%e", "%g", "%a", "%G", "%lf", "%5.2f" };
	static const char *const unknown[] = { "%n", "%ln", "%", "%5", "%l", "%m", "%5%", "%Lf", "%'d", "%1$d", "%y" };
	static const char *const unfit[] = { "%ls", "%lc", "%hs", "%lp", "%05s", "%+s", "%#p", "%.3p", "%.1c", "% c", "%-0s" };

	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++)
		refused_format(floats[i], 1, "it prints floating-point numbers");
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		refused_format(unknown[i], 1, "it has an unknown conversion");
	for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++)
		refused_format(unfit[i], 1, "a flag, length or precision does not go with its conversion");
	refused_format("%*d", 2, "a width or precision is not given");
	refused_format("%.*d", 2, "a width or precision is not given");
	refused_format("%201d", 1, "a width or precision is too large");
	refused_format("%.99999999999999999999d", 1, "a width or precision is too large");
	refused_format("%-----------------------d", 1, "a directive has too many flags");
	refused_format("\\q", 0, "it has an unknown escape");
	refused_format("\\", 0, "it has an unknown escape");
	refused_format("%d", 0, "the number of its arguments is another");
	refused_format("%d", 2, "the number of its arguments is another");
	refused_format("", 1, "the number of its arguments is another");
}

static void test_refused_printf(void)
{
	static const char end[] = "a format cannot be printed: it does not end where it should";

	refused_as(AGENT_CONDITION, "22 00 22 00 34 00 0001 00 22 01 27", "a condition does not print (printf at byte 4)");
	refused_as(AGENT_COMMAND, "22 00 22 00 34 00 0000 27", end);
	refused_as(AGENT_COMMAND, "22 00 22 00 34 00 0002 61 62 27", end);
	refused_as(AGENT_COMMAND, "22 00 22 00 34 00 0003 61 00 00 27", end);
	refused_as(AGENT_COMMAND, "22 00 22 00 34 00 0002 61", "the expression ends inside printf, at byte 4");
	refused_as(AGENT_COMMAND, "22 00 22 00 34 00 ffff 61 00 27", "the expression ends inside printf, at byte 4");
	refused_as(AGENT_COMMAND, "22 00 34 00 0001 00 27", "printf at byte 2 finds 1 values on the stack and needs 2");
	refused_as(AGENT_COMMAND, "22 00 22 00 34 01 0003 25 64 00 27",
		"printf at byte 4 finds 2 values on the stack and needs 3");
	refused_as(AGENT_COMMAND, "22 00 22 00 22 00 20 000d 34 00 0003 27 27 00 27",
		"the expression jumps into the middle of printf, to byte 13");
}

int main(void)
{
	test_printf();
	test_long_text();
	test_refused_formats();
	test_refused_printf();
	return done();
}
