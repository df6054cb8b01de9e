/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that looks all the time who traces the vCPUs' threads: what lies between two tracers, as the VMM has it. */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "victim.h"

#define ALL_BLOCKED 0xfffffffffffbfeff /* but SIGKILL and SIGSTOP */

/* Of a vCPU's thread, in seconds of check_clock(); what is how long is in microseconds. */
struct watched {
	int status;	       /* its file; -1 */
	int tracer;	       /* the last that was seen; 0: none yet */
	double traced, free;   /* when it was seen with that last; the longest time until there was another */
	double since, blocked; /* since when all signals are blocked, 0: they are not; the longest time */
};

static struct {
	struct watched of[MACHINE_VCPUS];
	unsigned n;
	const uint8_t *place; /* in the guest's memory, or NULL */
	uint8_t was;
	double planted; /* how long it was as at first after one of them was free; -1: it is still */
	volatile bool ends;
	pthread_t thread;
	bool is_there;
} watch;

static uint64_t field(const char *status, const char *name, int base)
{
	const char *at = strstr(status, name);

	return at ? strtoull(at + strlen(name), NULL, base) : 0;
}

static void longer(double *time, double from, double to)
{
	if ((to - from) * 1e6 > *time)
		*time = (to - from) * 1e6;
}

static void look(struct watched *w)
{
	char status[4096];
	ssize_t n = pread(w->status, status, sizeof(status) - 1, 0);
	double now = check_clock();
	int tracer;

	if (n <= 0)
		return;
	status[n] = '\0';
	tracer = (int)field(status, "TracerPid:", 10);
	if (tracer && w->tracer && tracer != w->tracer)
		longer(&w->free, w->traced, now);
	if (tracer) {
		w->tracer = tracer;
		w->traced = now;
	}
	if (field(status, "SigBlk:", 16) != ALL_BLOCKED)
		w->since = 0;
	else if (!w->since)
		w->since = now;
	else
		longer(&w->blocked, w->since, now);
}

/* Since when is the first of them free? */
static double first_free(void)
{
	double first = check_clock();

	for (unsigned i = 0; i < watch.n; i++)
		if (watch.of[i].tracer && watch.of[i].traced < first)
			first = watch.of[i].traced;
	return first;
}

static void *run_watch(void *arg)
{
	while (!watch.ends) {
		for (unsigned i = 0; i < watch.n; i++)
			look(&watch.of[i]);
		if (!watch.place || watch.planted >= 0 || *(const volatile uint8_t *)watch.place == watch.was)
			continue;
		watch.planted = 0;
		longer(&watch.planted, first_free(), check_clock());
	}
	return arg;
}

void watch_begin(struct victim *v, uint64_t gpa)
{
	char path[64];

	memset(&watch, 0, sizeof(watch));
	watch.n = v->machine.n;
	watch.planted = -1;
	if (gpa >= board_ram && gpa < board_ram + MACHINE_RAM) {
		watch.place = v->machine.ram + (gpa - board_ram);
		watch.was = *(const volatile uint8_t *)watch.place;
	}
	for (unsigned i = 0; i < watch.n; i++) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/status", v->seats[i].tid);
		watch.of[i].status = open(path, O_RDONLY | O_CLOEXEC);
	}
	watch.is_there = !pthread_create(&watch.thread, NULL, run_watch, NULL);
	if (!watch.is_there)
		errx(1, "no thread");
}

void watch_end(FILE *answer)
{
	struct watched sum = { 0 };

	if (!watch.is_there)
		return;
	watch.ends = true;
	pthread_join(watch.thread, NULL);
	watch.is_there = false;
	for (unsigned i = 0; i < watch.n; i++) {
		sum.free = watch.of[i].free > sum.free ? watch.of[i].free : sum.free;
		sum.blocked = watch.of[i].blocked > sum.blocked ? watch.of[i].blocked : sum.blocked;
		close(watch.of[i].status);
	}
	fprintf(answer, "free=%.0f planted=%.0f blocked=%.0f", sum.free, watch.planted, sum.blocked);
}
