/* SPDX-License-Identifier: BSD-2-Clause */
/* Test Anything Protocol for the unit tests: ok() for each check, return done() from main. */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failures;

__attribute__((format(printf, 2, 3), unused)) static bool ok(bool good, const char *format, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	tap_failures += !good;
	return good;
}

__attribute__((unused)) static void diag(const char *what, const char *got)
{
	printf("# %s: %s\n", what, got);
}

__attribute__((unused)) static bool is_str(const char *got, const char *want, const char *name)
{
	bool good = ok(!strcmp(got, want), "%s", name);

	if (!good) {
		diag("got", got);
		diag("want", want);
	}
	return good;
}

__attribute__((unused)) static bool is_int(int64_t got, int64_t want, const char *name)
{
	bool good = ok(got == want, "%s", name);

	if (!good)
		printf("# got %" PRId64 " (0x%" PRIx64 "), want %" PRId64 " (0x%" PRIx64 ")\n", got, got, want, want);
	return good;
}

/* A test that cannot run here, by name and with the reason. */
__attribute__((unused)) static void skip(const char *name, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, name, reason);
}

__attribute__((unused)) static int done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures != 0;
}

#endif
