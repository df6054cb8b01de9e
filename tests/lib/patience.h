/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting, in tests. How fast a computer is, and what else it does, must turn no test red: so a test waits for a state, and asserts no time. Its
 * bound is for what never comes.
 */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#define PATIENCE 60000 /* ms: longer than anything takes, also in an emulated machine on a busy computer */

__attribute__((unused)) static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* All of it, whatever signals come. */
__attribute__((unused)) static void sleep_us(unsigned us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000l };

	while (nanosleep(&t, &t) < 0)
		;
}

__attribute__((unused)) static void sleep_ms(unsigned ms)
{
	sleep_us(ms * 1000);
}

/* Is it so, now or at last? */
#define comes_true(condition)                                     \
	({                                                        \
		int64_t until_ = now_ms() + PATIENCE;             \
		bool is_;                                         \
		while (!(is_ = (condition)) && now_ms() < until_) \
			sleep_us(200);                            \
		is_;                                              \
	})

/* What /proc shows of a thread: R, S, D, t, ... (proc(5), /proc/PID/stat); 0: nothing. */
__attribute__((unused)) static char thread_state(pid_t tid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (f)
		fclose(f);
	return state;
}

/* How often it has slept. */
__attribute__((unused)) static unsigned long thread_sleeps_so_far(pid_t tid)
{
	char path[64], line[256];
	unsigned long n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

/* One that spins is never seen asleep several times in a row, however little of a processor it gets. */
__attribute__((unused)) static bool thread_sleeps(pid_t tid)
{
	for (unsigned i = 0; i < 10; i++, sleep_ms(2))
		if (thread_state(tid) != 'S')
			return false;
	return true;
}

#endif
