/* SPDX-License-Identifier: BSD-2-Clause */
/* All breakpoints at one place, one after the other. See judge.h. */
#include "judge.h"

#include <stdio.h>

#include "fetch.h"
#include "programs.h"

/*
 * Commands take the place of the report: gdb sends them for dprintfs alone, and only when no other breakpoint is at the place (GDB
 * manual, "Packets", Z0: cmd_list; gdbserver does the same).
 */
static bool is_reported(struct space *s, const struct point *p, const struct judgement *j)
{
	char why[AGENT_WHY];

	if (p->barred && !fetch_is_met(s, p))
		return false;
	if (!programs_hold(p->programs, s, why))
		return false;
	if (why[0])
		snprintf(j->text, j->size, "the condition of the breakpoint at 0x%llx: %s", (unsigned long long)p->addr, why);
	if (!programs_has_commands(p->programs))
		return true;
	programs_run_commands(p->programs, s, p->addr, j->said);
	return false;
}

const struct point *judge_met(const struct points *ps, struct space *s, const struct point *met, const struct judgement *j)
{
	const struct point *report = NULL;
	struct spot spot = { .addr = memory_of_pc(s), .place = met->place };

	if (!spot.place)
		spot = points_spot(ps, s, spot.addr);
	j->text[0] = '\0';
	for (unsigned i = 0; i < ps->n; i++) {
		const struct point *p = &ps->point[i];

		if (points_is_at(p, &spot) && is_reported(s, p, j) && report != met)
			report = p;
	}
	return report;
}
