/* SPDX-License-Identifier: BSD-2-Clause */
/* Points and debug registers. These are taken in the order of the table. See hardware.h. */
#include "hardware.h"

#include <errno.h>

#include "../capabilities.h"
#include "../memory/memory.h"

static const char *const type_names[POINT_TYPES] = {
	[POINT_SOFTWARE] = "software breakpoint",
	[POINT_HARDWARE] = "hardware breakpoint",
	[POINT_WRITE] = "write watchpoint",
	[POINT_READ] = "read watchpoint",
	[POINT_ACCESS] = "access watchpoint",
};

/* A point as the architecture takes it. */
static struct arch_point in_register(const struct point *p)
{
	return (struct arch_point){
		.type = point_is_exec(p) ? POINT_HARDWARE : p->type,
		.addr = p->addr,
		.len = p->size,
	};
}

static unsigned slots_of(const struct points *ps, const struct point *p)
{
	struct arch_point ap = in_register(p);

	return p->place || p->waits ? 0 : ps->memory->arch->debug.point_slots(&ap);
}

static unsigned slots_in_use(const struct points *ps, bool exec)
{
	unsigned used = 0;

	for (unsigned i = 0; i < ps->n; i++)
		if (ps->caps->shared_slots || point_is_exec(&ps->point[i]) == exec)
			used += slots_of(ps, &ps->point[i]);
	return used;
}

int hardware_room(const struct points *ps, const struct point *p)
{
	const struct refusal *why = &ps->memory->why;
	bool exec = point_is_exec(p);
	unsigned have = exec ? ps->caps->exec_slots : ps->caps->watch_slots;
	unsigned need = slots_of(ps, p), used = slots_in_use(ps, exec);

	if (ps->caps->untried)
		return refuse(why, -EOPNOTSUPP, "it was not tried what this host's KVM does: `monitor capabilities` says why");
	if (!need)
		return refuse(why, -EINVAL, "%s of %llu bytes at 0x%llx: the debug registers cannot do it", type_names[p->type],
			(unsigned long long)p->kind, (unsigned long long)p->addr);
	if (used + need > have)
		return refuse(why, -ENOSPC, "%s at 0x%llx needs %u of the %u debug registers, and %u are taken",
			type_names[p->type], (unsigned long long)p->addr, need, have, used);
	return 0;
}

static bool armed(const struct point *p, uint64_t skip)
{
	return !p->place && !p->waits && !(point_is_exec(p) && p->addr == skip);
}

void points_debug(const struct points *ps, struct debug_request *d, uint64_t skip)
{
	for (unsigned i = 0; i < ps->n && d->n < ARCH_HW_MAX; i++)
		if (armed(&ps->point[i], skip))
			d->hw[d->n++] = in_register(&ps->point[i]);
}

const struct point *points_of_slots(const struct points *ps, unsigned slots, uint64_t skip)
{
	unsigned first = 0;

	for (unsigned i = 0; i < ps->n; i++) {
		const struct point *p = &ps->point[i];
		unsigned n = armed(p, skip) ? slots_of(ps, p) : 0;

		if (n && slots >> first & ((1u << n) - 1))
			return p;
		first += n;
	}
	return NULL;
}
