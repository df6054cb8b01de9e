/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold after every transition of the threads' protocol, told in run/vcpu.h. The files of run/ that make them are built
 * for tests so that each ends here. It is linked into tests only, and is no test itself.
 */
#define THREADS_CHECKED
#include <stdio.h>
#include <stdlib.h>

#include "run/locked.h"

static const char *const states[VCPU_STATES] = { "stands", "free", "settles", "waits", "made way", "pauses", "admitted",
	"inside", "called" };

static void tell(const struct guest *g, const char *what)
{
	fprintf(stderr, "# the threads' protocol: %s\n# machine: state %d, alone %d, hold %d, asked %d, baton %d of %d\n", what,
		g->state, g->alone ? (int)g->alone->nr : -1, g->hold, g->asked, g->baton, g->server ? (int)g->server->nr : -1);
	for (unsigned i = 0; i < g->n; i++) {
		const struct vcpu *v = g->vcpus[i];

		fprintf(stderr, "# vCPU %u: %s, first %d, alone %d, halting %d, pending %d, text %zu\n", i, states[v->state],
			v->first, v->alone, v->halting, v->pending, v->said.len);
	}
}

static void must(const struct guest *g, bool holds, const char *what)
{
	if (holds)
		return;
	tell(g, what);
	abort();
}

static bool keeps_out(const struct guest *g, const struct vcpu *v)
{
	return g->state == GUEST_STOPPING || g->hold == HOLD_ALL || (g->hold == HOLD_READ && (v->alone || v == g->looked_into));
}

/* It would enter, were it not for the others. */
static bool would(const struct guest *g, const struct vcpu *v)
{
	return (v->state == VCPU_WAITS || v->state == VCPU_MADE_WAY) && v->home && !v->said.len && !keeps_out(g, v);
}

struct seen {
	unsigned count[VCPU_STATES];
	unsigned lone, lone_inside, lone_would, first_would, would;
};

static void look(const struct guest *g, const struct vcpu *v, struct seen *seen)
{
	seen->count[v->state]++;
	seen->lone += v->state != VCPU_STANDS && v->alone;
	seen->lone_inside += (vcpu_is_inside(v) || v->state == VCPU_ADMITTED) && v->alone;
	seen->would += would(g, v);
	seen->lone_would += would(g, v) && v->alone;
	seen->first_would += v->state == VCPU_MADE_WAY && would(g, v);
	must(g, v->state == VCPU_STANDS || !v->halting || (g->state == GUEST_NON_STOP && v->state == VCPU_CALLED),
		"one that is to halt is on its way out");
	must(g, v->state == VCPU_STANDS || !v->pending, "one that runs has nothing to report");
	must(g, !(v->state == VCPU_INSIDE && keeps_out(g, v)), "one that is to be kept out was called");
	must(g, !(v->state == VCPU_ADMITTED && keeps_out(g, v)), "one that is to be kept out is not let in");
}

static void check_counts(const struct guest *g, const struct seen *seen)
{
	for (unsigned i = 0; i < VCPU_STATES; i++)
		must(g, seen->count[i] == g->count[i], "the counts are right");
	must(g, seen->lone == g->lone, "those that have to be alone are counted");
}

static void check_machine(const struct guest *g, unsigned running, unsigned inside, unsigned settles)
{
	switch (g->state) {
	case GUEST_STOPPED:
		must(g, !running, "a machine that is stopped runs no vCPU");
		break;
	case GUEST_RUNNING:
		must(g, running || g->host->borrowed, "a machine that runs has a vCPU that does");
		break;
	case GUEST_STOPPING:
		must(g, running && inside + settles == running,
			"a machine that is stopping waits for vCPUs that are inside, or settle");
		break;
	case GUEST_NON_STOP:
		must(g, !g->reporter, "in non-stop nobody reports for all");
		break;
	}
	must(g, g->baton == BATON_NOBODY || g->baton == BATON_WATCHES || g->state == GUEST_STOPPED,
		"a stop is served while the machine is stopped");
	must(g, g->asked == ASKED_NOTHING || g->state == GUEST_STOPPED, "what was asked for has begun");
	must(g, g->hold == HOLD_NOBODY || g->state == GUEST_NON_STOP || g->host->borrowed,
		"only in non-stop somebody is kept out");
}

/* Where the baton may go, from where it is: a bit for each. */
#define TO(where) (1u << BATON_##where)

static const unsigned passes[BATONS] = {
	[BATON_NOBODY] = TO(NOBODY) | TO(VCPU_NEXT) | TO(WATCHER_NEXT) | TO(WATCHES),
	[BATON_VCPU_NEXT] = TO(VCPU) | TO(VCPU_NEXT) | TO(WATCHER_NEXT) | TO(WATCHER),
	[BATON_VCPU] = TO(NOBODY) | TO(VCPU_NEXT) | TO(WATCHER_NEXT),
	[BATON_WATCHER_NEXT] = TO(WATCHER) | TO(WATCHER_NEXT) | TO(VCPU_NEXT),
	[BATON_WATCHER] = TO(NOBODY),
	[BATON_WATCHES] = TO(NOBODY) | TO(VCPU_NEXT) | TO(WATCHER_NEXT),
};

void locked_check_baton(const struct guest *g, enum baton to)
{
	must(g, passes[g->baton] >> to & 1, "the baton goes from who has it to who may have it");
}

/* Who could enter by now has been admitted. */
static void check_nobody_forgotten(const struct guest *g, const struct seen *seen)
{
	unsigned inside = seen->count[VCPU_INSIDE] + seen->count[VCPU_CALLED], admitted = seen->count[VCPU_ADMITTED];

	must(g, !seen->lone_inside || inside + admitted == 1, "one that has to be alone is alone");
	must(g, !seen->lone_would || inside + admitted, "one that has to be alone is let in when nobody else is inside");
	must(g, !seen->lone_would || !seen->count[VCPU_INSIDE] || seen->lone_inside, "... and the others are called out");
	must(g, seen->lone || !seen->first_would, "those that made way go in again");
	must(g, seen->lone || admitted || !seen->would, "... and then all");
}

void locked_check(const struct guest *g)
{
	struct seen seen = { 0 };

	for (unsigned i = 0; i < g->n; i++)
		look(g, g->vcpus[i], &seen);
	check_counts(g, &seen);
	check_machine(
		g, g->n - seen.count[VCPU_STANDS], seen.count[VCPU_INSIDE] + seen.count[VCPU_CALLED], seen.count[VCPU_SETTLES]);
	check_nobody_forgotten(g, &seen);
}
