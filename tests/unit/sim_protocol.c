/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold after every transition of the threads' protocol, told in machine/machine.h. The files of run/ that make them are built
 * for tests so that each ends here. It is linked into tests only, and is no test itself.
 */
#define THREADS_CHECKED
#include <stdio.h>
#include <stdlib.h>

#include "run/threads.h"

static const char *const states[VCPU_STATES] = { "stands", "waits", "made way", "pauses", "admitted", "inside", "called" };

static void tell(const struct machine *m, const char *what)
{
	fprintf(stderr, "# the threads' protocol: %s\n# machine: state %d, alone %d, hold %d, asked %d, baton %d, watching %d\n", what,
		m->state, m->alone ? (int)m->alone->nr : -1, m->hold, m->asked, m->baton ? (int)m->baton->nr : -1, m->watching);
	for (unsigned i = 0; i < m->n; i++) {
		const struct vcpu *v = &m->vcpus[i];

		fprintf(stderr, "# vCPU %u: %s, over %d, alone %d, halting %d, pending %d, text %zu\n", i, states[v->state], v->over,
			v->alone, v->halting, v->pending, v->said.len);
	}
}

static void must(const struct machine *m, bool holds, const char *what)
{
	if (holds)
		return;
	tell(m, what);
	abort();
}

static bool keeps_out(const struct machine *m, const struct vcpu *v)
{
	return m->state == MACHINE_STOPPING || m->hold == HOLD_ALL || (m->hold == HOLD_READ && (v->alone || v == m->looked_into));
}

/* It would enter, were it not for the others. */
static bool would(const struct machine *m, const struct vcpu *v)
{
	return (v->state == VCPU_WAITS || v->state == VCPU_MADE_WAY) && !v->said.len && !keeps_out(m, v);
}

struct seen {
	unsigned count[VCPU_STATES];
	unsigned lone, lone_inside, lone_would, first_would, would;
};

static void look(const struct machine *m, const struct vcpu *v, struct seen *seen)
{
	seen->count[v->state]++;
	seen->lone += v->state != VCPU_STANDS && v->alone;
	seen->lone_inside += (vcpu_is_inside(v) || v->state == VCPU_ADMITTED) && v->alone;
	seen->would += would(m, v);
	seen->lone_would += would(m, v) && v->alone;
	seen->first_would += v->state == VCPU_MADE_WAY && would(m, v);
	must(m, v->state == VCPU_STANDS || !v->halting || (m->state == MACHINE_NON_STOP && v->state == VCPU_CALLED), "one that is to halt is on its way out");
	must(m, v->state == VCPU_STANDS || !v->pending, "one that runs has nothing to report");
	must(m, !(v->state == VCPU_INSIDE && keeps_out(m, v)), "one that is to be kept out was called");
	must(m, !(v->state == VCPU_ADMITTED && keeps_out(m, v)), "one that is to be kept out is not let in");
}

static void check_counts(const struct machine *m, const struct seen *seen)
{
	for (unsigned i = 0; i < VCPU_STATES; i++)
		must(m, seen->count[i] == m->count[i], "the counts are right");
	must(m, seen->lone == m->lone, "those that have to be alone are counted");
}

static void check_machine(const struct machine *m, unsigned running, unsigned inside)
{
	switch (m->state) {
	case MACHINE_STOPPED:
		must(m, !running, "a machine that is stopped runs no vCPU");
		break;
	case MACHINE_RUNNING:
		must(m, running, "a machine that runs has a vCPU that does");
		break;
	case MACHINE_STOPPING:
		must(m, inside && inside == running, "a machine that is stopping waits for vCPUs that are inside");
		break;
	case MACHINE_NON_STOP:
		must(m, !m->reporter, "in non-stop nobody reports for all");
		break;
	}
	must(m, !m->baton || m->state == MACHINE_STOPPED, "a vCPU's thread has the baton only while the machine is stopped");
	must(m, !(m->baton && m->watching), "the baton is one");
	must(m, m->asked == ASKED_NOTHING || m->state == MACHINE_STOPPED, "what was asked for has begun");
	must(m, m->hold == HOLD_NOBODY || m->state == MACHINE_NON_STOP, "only in non-stop somebody is kept out");
}

/* Who could enter by now has been admitted. */
static void check_nobody_forgotten(const struct machine *m, const struct seen *seen)
{
	unsigned inside = seen->count[VCPU_INSIDE] + seen->count[VCPU_CALLED], admitted = seen->count[VCPU_ADMITTED];

	must(m, !seen->lone_inside || inside + admitted == 1, "one that has to be alone is alone");
	must(m, !seen->lone_would || inside + admitted, "one that has to be alone is let in when nobody else is inside");
	must(m, !seen->lone_would || !seen->count[VCPU_INSIDE] || seen->lone_inside, "... and the others are called out");
	must(m, seen->lone || !seen->first_would, "those that made way go in again");
	must(m, seen->lone || admitted || !seen->would, "... and then all");
}

void locked_check(const struct machine *m)
{
	struct seen seen = { 0 };

	for (unsigned i = 0; i < m->n; i++)
		look(m, &m->vcpus[i], &seen);
	check_counts(m, &seen);
	check_machine(m, m->n - seen.count[VCPU_STANDS], seen.count[VCPU_INSIDE] + seen.count[VCPU_CALLED]);
	check_nobody_forgotten(m, &seen);
}
