/* SPDX-License-Identifier: BSD-2-Clause */
/* Points, and where vCPUs are: which breakpoint is meant is a matter of place. See hits.h. */
#include "hits.h"

static struct place *place_by_address(const struct points *ps, uint64_t addr)
{
	for (unsigned i = 0; i < ps->n; i++)
		if (ps->point[i].place && ps->point[i].addr == addr && !ps->point[i].barred)
			return ps->point[i].place;
	return NULL;
}

struct spot points_spot(const struct points *ps, struct space *s, uint64_t addr)
{
	struct spot spot = { .addr = addr };
	struct arch_page page;

	if (!planted_any(&ps->memory->planted))
		return spot;
	spot.untold = memory_find(s, addr, &page, NULL) != 0;
	spot.place = spot.untold ? place_by_address(ps, addr) : planted_at(&ps->memory->planted, page.pa);
	return spot;
}

bool points_is_at(const struct point *p, const struct spot *spot)
{
	if (p->place)
		return p->place == spot->place;
	return point_is_exec(p) && !p->waits && p->addr == spot->addr;
}

const struct point *points_planted_at(const struct points *ps, const struct spot *spot)
{
	const struct point *found = NULL;

	for (unsigned i = 0; i < ps->n; i++) {
		const struct point *p = &ps->point[i];

		if (p->place && p->place == spot->place && (!found || p->addr == spot->addr))
			found = p;
	}
	return found;
}

const struct point *points_in_register_at(const struct points *ps, uint64_t addr)
{
	const struct spot spot = { .addr = addr };

	for (unsigned i = 0; i < ps->n; i++)
		if (points_is_at(&ps->point[i], &spot))
			return &ps->point[i];
	return NULL;
}

bool points_watched(const struct points *ps, enum point_type type, uint64_t addr)
{
	for (unsigned i = 0; i < ps->n; i++) {
		const struct point *p = &ps->point[i];

		if (p->type == type && addr - p->addr < p->kind)
			return true;
	}
	return false;
}

/* The hardware may name any address of the access; the nearest watchpoint at or around it is meant (Arm ARM, FAR_ELx). */
const struct point *points_of_access(const struct points *ps, uint64_t addr)
{
	const struct point *nearest = NULL;
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < ps->n; i++) {
		const struct point *p = &ps->point[i];
		uint64_t far = addr < p->addr ? p->addr - addr : addr - p->addr < p->kind ? 0 : addr - p->addr - p->kind + 1;

		if (!point_is_exec(p) && far < best) {
			best = far;
			nearest = p;
		}
	}
	return nearest;
}
