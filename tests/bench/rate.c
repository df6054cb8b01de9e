/* SPDX-License-Identifier: BSD-2-Clause */
/* Measuring and printing. See rate.h. */
#include "rate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double rate_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void rate_round(struct rate *r, unsigned milliseconds, void (*once)(void *arg), void *arg)
{
	double start = rate_clock(), end = start + milliseconds / 1e3, t;
	unsigned long n = 0;

	do {
		once(arg);
		n++;
		t = rate_clock();
	} while (t < end);
	r->round[r->rounds++] = n / (t - start);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void rate_print(struct rate *r, const char *column, const char *what, double unit)
{
	unsigned n = r->rounds;

	qsort(r->round, n, sizeof(*r->round), compare);
	printf("rate %s %s %g %g %g\n", column, what, (r->round[(n - 1) / 2] + r->round[n / 2]) / 2 * unit,
		r->round[n / 4] * unit, r->round[n - 1 - n / 4] * unit);
}

void rate_add(struct rate *r, double value)
{
	if (r->rounds < RATE_ROUNDS_MAX)
		r->round[r->rounds++] = value;
}

void rate_add_delay(struct rate *r, double seconds)
{
	rate_add(r, 1 / seconds);
}

void rate_once(struct rate *r, void (*once)(void *arg), void *arg)
{
	double start = rate_clock();

	once(arg);
	rate_add_delay(r, rate_clock() - start);
}

void rate_print_delay(struct rate *r, const char *column, const char *what)
{
	unsigned n = r->rounds;

	qsort(r->round, n, sizeof(*r->round), compare);
	printf("delay %s %s %.3f %.3f\n", column, what, 1e3 / r->round[n / 2], 1e3 / r->round[0]);
}

void die(const char *format, ...)
{
	va_list ap;
	int err = errno;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, err ? " (%s)\n" : "\n", strerror(err));
	exit(1);
}
