/* SPDX-License-Identifier: BSD-2-Clause */
/* How often something can be done in a second: the same clock and the same figures for the servers and for the floor. */
#ifndef RATE_H
#define RATE_H

#define RATE_ROUNDS_MAX 100

struct rate {
	double round[RATE_ROUNDS_MAX]; /* each one's, a second */
	unsigned rounds;
};

/* One round more: does it for that long. */
void rate_round(struct rate *r, unsigned milliseconds, void (*once)(void *arg), void *arg);

/* "rate COLUMN WHAT MEDIAN LOW HIGH", each times `unit`; half of the rounds are between LOW and HIGH. */
void rate_print(struct rate *r, const char *column, const char *what, double unit);

/* One time more; and "delay COLUMN WHAT MEDIAN WORST" in milliseconds. */
void rate_once(struct rate *r, void (*once)(void *arg), void *arg);
void rate_print_delay(struct rate *r, const char *column, const char *what);

/* What was measured elsewhere: a round more, of a value, or of a time in seconds. */
void rate_add(struct rate *r, double value);
void rate_add_delay(struct rate *r, double seconds);

/* Seconds, of a clock that only goes on. */
double rate_clock(void);

/* Ends the program with a sentence. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

#endif
