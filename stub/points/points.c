/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of points, and what follows from it: places of opcodes, debug registers, whose hit it was. See points.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fetch.h"
#include "../machine/machine.h"
#include "../memory/planted.h"
#include "points.h"
#include "programs.h"

static const char *const type_names[POINT_TYPES] = {
	[POINT_SOFTWARE] = "software breakpoint",
	[POINT_HARDWARE] = "hardware breakpoint",
	[POINT_WRITE] = "write watchpoint",
	[POINT_READ] = "read watchpoint",
	[POINT_ACCESS] = "access watchpoint",
};

static bool is_exec(enum point_type type)
{
	return type == POINT_SOFTWARE || type == POINT_HARDWARE;
}

bool points_possible(const struct machine *m, enum point_type type)
{
	switch (type) {
	case POINT_SOFTWARE:
		return m->caps.planted || m->caps.exec;
	case POINT_HARDWARE:
		return m->caps.exec;
	default:
		return type < POINT_TYPES && m->caps.watch[type];
	}
}

static struct point *find(struct points *ps, enum point_type type, uint64_t addr, uint64_t kind)
{
	for (unsigned i = 0; i < ps->n; i++) {
		struct point *p = &ps->point[i];

		if (p->type == type && p->addr == addr && (is_exec(type) || p->kind == kind))
			return p;
	}
	return NULL;
}

/* A point as the architecture takes it. */
static struct arch_point in_register(const struct point *p)
{
	return (struct arch_point){
		.type = is_exec(p->type) ? POINT_HARDWARE : p->type,
		.addr = p->addr,
		.len = p->size,
	};
}

static unsigned slots_of(const struct machine *m, const struct point *p)
{
	struct arch_point ap = in_register(p);

	return p->place || p->waits ? 0 : m->arch->debug.point_slots(&ap);
}

static unsigned slots_in_use(const struct machine *m, bool exec)
{
	unsigned used = 0;

	for (unsigned i = 0; i < m->points.n; i++)
		if (m->caps.shared_slots || is_exec(m->points.point[i].type) == exec)
			used += slots_of(m, &m->points.point[i]);
	return used;
}

static int take_slots(struct machine *m, const struct point *p)
{
	bool exec = is_exec(p->type);
	unsigned have = exec ? m->caps.exec_slots : m->caps.watch_slots;
	unsigned need = slots_of(m, p), used = slots_in_use(m, exec);

	if (!need)
		return machine_refuse(m, -EINVAL, "%s of %llu bytes at 0x%llx: the debug registers cannot do it",
			type_names[p->type], (unsigned long long)p->kind, (unsigned long long)p->addr);
	if (used + need > have)
		return machine_refuse(m, -ENOSPC, "%s at 0x%llx needs %u of the %u debug registers, and %u are taken",
			type_names[p->type], (unsigned long long)p->addr, need, have, used);
	return 0;
}

/* Where the opcode comes back as an error of KVM's instruction emulator, it does so unless the emulator knows it. */
static bool can_plant(struct vcpu *v)
{
	const struct machine *m = v->machine;
	bool emulated = m->caps.planted_by_error && m->arch->trap.is_emulated && m->arch->trap.is_emulated(&v->regs.view);

	return m->caps.planted && !emulated;
}

/* Why there is no opcode at pa, by what planted_add() says. */
static const char *place_error(int err)
{
	switch (err) {
	case -EBUSY:
		return "is in part under the opcode of another breakpoint";
	case -EROFS:
		return "cannot be written";
	case -ENOSPC:
		return "would be one place too many";
	default:
		return "is not RAM";
	}
}

static int refuse_place(struct machine *m, const struct point *p, uint64_t pa, int err)
{
	return machine_refuse(m, err, "no breakpoint at 0x%llx: guest-physical 0x%llx %s", (unsigned long long)p->addr,
		(unsigned long long)pa, place_error(err));
}

/* Who has an opcode there, or had, knows which. */
static int choose_trap(struct vcpu *v, const struct point *p, const struct arch_page *page, struct arch_opcode *trap)
{
	struct machine *m = v->machine;
	const struct place *place = planted_at(&m->planted, page->pa);
	int err = 0;

	if (!place)
		place = planted_last(&m->planted, page->pa);
	*trap = m->arch->trap.opcode;
	if (place)
		*trap = (struct arch_opcode){ place->trap, place->size };
	else if (m->arch->trap.at)
		err = m->arch->trap.at(&v->regs.view, p->addr, p->kind, page, trap);
	if (err)
		return machine_refuse(m, err, "no breakpoint at 0x%llx: %s", (unsigned long long)p->addr,
			err == -EILSEQ ? "it cannot be told which encoding the code there has, and another one's opcode is no breakpoint"
				       : v->regs.why);
	if (page->size < trap->size)
		return machine_refuse(m, -EFAULT, "no breakpoint at 0x%llx: its opcode would reach into the next page",
			(unsigned long long)p->addr);
	return 0;
}

static int plant(struct vcpu *v, struct point *p)
{
	struct machine *m = v->machine;
	struct arch_opcode trap;
	struct arch_page page;
	int err = memory_translate(v, p->addr, &page);

	if (!err)
		err = choose_trap(v, p, &page, &trap);
	if (err)
		return err;
	err = planted_add(&m->planted, page.pa, trap.bytes, trap.size, &p->place);
	return err ? refuse_place(m, p, page.pa, err) : 0;
}

/* Where the fetch would bring about an exception before an opcode is executed. 1: the opcode may be planted all the same. */
static int bar(struct vcpu *v, struct point *p)
{
	struct machine *m = v->machine;

	if (!fetch_is_barred(v, p->addr))
		return 1;
	if (m->arch->debug.exec_before_fetch && m->caps.exec && !take_slots(m, p))
		return 0;
	return fetch_returns(v, p->addr) ? fetch_plant(v, p) : 1;
}

/* Where nothing can be planted, an address that is not mapped yet above all, a debug register may do; the user is told. */
static int plant_or_take_slot(struct vcpu *v, struct point *p)
{
	struct machine *m = v->machine;
	int err = bar(v, p);

	if (err <= 0)
		return err;
	err = plant(v, p);
	if (!err || !m->caps.exec)
		return err;
	machine_log(m, "%s; a debug register is used", m->why);
	return take_slots(m, p);
}

/* Of an execution point, 0 when no instruction begins there: what the packet says of its kind says little to the hardware. */
static uint64_t size_of(struct vcpu *v, enum point_type type, uint64_t addr, uint64_t kind)
{
	const struct arch *arch = v->machine->arch;

	if (!is_exec(type))
		return kind;
	if (arch->debug.insn_at)
		return arch->debug.insn_at(&v->regs.view, addr, kind);
	return addr % arch->insn_align ? 0 : arch->insn_align;
}

static int add(struct vcpu *v, enum point_type type, uint64_t addr, uint64_t kind, struct programs *programs)
{
	struct machine *m = v->machine;
	struct point p = { .type = type, .addr = addr, .kind = kind, .size = size_of(v, type, addr, kind), .programs = programs };
	int err;

	if (m->points.n == POINTS_MAX)
		return machine_refuse(m, -ENOSPC, "there are %d points already", POINTS_MAX);
	if (is_exec(type) && !p.size)
		return machine_refuse(m, -EINVAL, "no instruction begins at 0x%llx", (unsigned long long)addr);
	err = type == POINT_SOFTWARE && can_plant(v) ? plant_or_take_slot(v, &p) : take_slots(m, &p);
	if (err)
		return err;
	m->points.point[m->points.n++] = p;
	m->points.planted += p.place != NULL;
	return 0;
}

static void remove_point(struct machine *m, struct point *p)
{
	struct points *ps = &m->points;

	if (p->place)
		planted_drop(&m->planted, p->place);
	ps->planted -= p->place != NULL;
	ps->waiting -= p->waits;
	programs_free(p->programs);
	memmove(p, p + 1, (char *)&ps->point[ps->n] - (char *)(p + 1));
	ps->n--;
}

/* One that is there stays where it is. The guest may have written over its opcode. */
static int set_again(struct vcpu *v, struct point *p, struct programs *programs)
{
	struct machine *m = v->machine;
	int err = p->place ? planted_again(&m->planted, p->place) : 0;

	if (p->barred)
		fetch_remember(v, p);
	programs_free(p->programs);
	p->programs = programs;
	return err ? refuse_place(m, p, p->place->pa, err) : 0;
}

int points_set(struct vcpu *v, enum point_type type, uint64_t addr, uint64_t kind, const struct point_programs *programs)
{
	struct machine *m = v->machine;
	struct programs *built;
	struct point *old;
	int err = programs_build(v, programs, &built);

	if (err)
		return err;
	old = find(&m->points, type, addr, kind);
	if (old && !old->waits)
		return set_again(v, old, built);
	if (old)
		remove_point(m, old);
	err = add(v, type, addr, kind, built);
	if (err)
		programs_free(built);
	return err;
}

int points_clear(struct machine *m, enum point_type type, uint64_t addr, uint64_t kind)
{
	struct point *p = find(&m->points, type, addr, kind);

	if (p)
		remove_point(m, p);
	return 0;
}

void points_clear_all(struct machine *m, bool memory_gone)
{
	if (memory_gone)
		planted_forget(&m->planted);
	for (unsigned i = 0; i < m->points.n; i++) {
		struct point *p = &m->points.point[i];

		if (p->place && !memory_gone)
			planted_drop(&m->planted, p->place);
		programs_free(p->programs);
	}
	m->points.n = m->points.planted = m->points.waiting = 0;
}

/* ---- the machine starts over ---- */

void points_remember(struct machine *m)
{
	planted_remember(&m->planted);
}

/* What was meant is not there any more. A debug register knows it by its address; without one it waits until it is there again. */
static void let_go(struct machine *m, struct point *p)
{
	struct point instead = *p;

	planted_drop(&m->planted, p->place);
	m->points.planted--;
	p->place = instead.place = NULL;
	p->barred = instead.barred = false;
	p->waits = true;
	if (m->caps.exec && !take_slots(m, &instead))
		p->waits = false;
	m->points.waiting += p->waits;
	machine_log(m, "after the reset there is other code where the breakpoint at 0x%llx was; %s",
		(unsigned long long)p->addr,
		p->waits ? "it comes back when the guest is resumed with its address mapped" : "a debug register is used");
}

void points_after_reset(struct machine *m)
{
	planted_reloaded(&m->planted);
	for (unsigned i = 0; i < m->points.n; i++) {
		struct point *p = &m->points.point[i];

		if (p->place && (!p->place->known || planted_again(&m->planted, p->place)))
			let_go(m, p);
	}
}

/* Where nothing is translated yet, the address is that of something else. */
static void plant_waiting(struct vcpu *v, struct point *p)
{
	struct machine *m = v->machine;
	struct arch_page page;

	if (memory_translate(v, p->addr, &page) || page.access & ARCH_PAGE_BARE || plant(v, p))
		return;
	p->waits = false;
	m->points.waiting--;
	m->points.planted++;
}

void points_plant_waiting(struct vcpu *v)
{
	struct points *ps = &v->machine->points;

	for (unsigned i = 0; ps->waiting && i < ps->n; i++)
		if (ps->point[i].waits)
			plant_waiting(v, &ps->point[i]);
}

/* ---- where a vCPU is ---- */

static struct place *place_by_address(const struct machine *m, uint64_t addr)
{
	for (unsigned i = 0; i < m->points.n; i++)
		if (m->points.point[i].place && m->points.point[i].addr == addr && !m->points.point[i].barred)
			return m->points.point[i].place;
	return NULL;
}

struct spot points_spot(struct vcpu *v, uint64_t addr)
{
	struct machine *m = v->machine;
	struct spot spot = { .addr = addr };
	struct arch_page page;
	char why[1];

	if (!m->points.planted && !v->nends)
		return spot;
	spot.untold = memory_find(v, addr, &page, why, sizeof(why)) != 0;
	spot.place = spot.untold ? place_by_address(m, addr) : planted_at(&m->planted, page.pa);
	return spot;
}

bool points_is_at(const struct point *p, const struct spot *spot)
{
	if (p->place)
		return p->place == spot->place;
	return is_exec(p->type) && !p->waits && p->addr == spot->addr;
}

const struct point *points_planted_at(const struct machine *m, const struct spot *spot)
{
	const struct point *found = NULL;

	for (unsigned i = 0; i < m->points.n; i++) {
		const struct point *p = &m->points.point[i];

		if (p->place && p->place == spot->place && (!found || p->addr == spot->addr))
			found = p;
	}
	return found;
}

const struct point *points_in_register_at(const struct machine *m, uint64_t addr)
{
	const struct spot spot = { .addr = addr };

	for (unsigned i = 0; i < m->points.n; i++)
		if (points_is_at(&m->points.point[i], &spot))
			return &m->points.point[i];
	return NULL;
}

bool points_is_exec(const struct point *p)
{
	return is_exec(p->type);
}

bool points_watched(const struct machine *m, enum point_type type, uint64_t addr)
{
	for (unsigned i = 0; i < m->points.n; i++) {
		const struct point *p = &m->points.point[i];

		if (p->type == type && addr - p->addr < p->kind)
			return true;
	}
	return false;
}

static bool armed(const struct point *p, uint64_t skip)
{
	return !p->place && !p->waits && !(is_exec(p->type) && p->addr == skip);
}

void points_debug(const struct machine *m, struct debug_request *d, uint64_t skip)
{
	for (unsigned i = 0; i < m->points.n && d->n < ARCH_HW_MAX; i++)
		if (armed(&m->points.point[i], skip))
			d->hw[d->n++] = in_register(&m->points.point[i]);
}

const struct point *points_of_slots(const struct machine *m, unsigned slots, uint64_t skip)
{
	unsigned first = 0;

	for (unsigned i = 0; i < m->points.n; i++) {
		const struct point *p = &m->points.point[i];
		unsigned n = armed(p, skip) ? slots_of(m, p) : 0;

		if (n && slots >> first & ((1u << n) - 1))
			return p;
		first += n;
	}
	return NULL;
}

/* The hardware may name any address of the access; the nearest watchpoint at or around it is meant (Arm ARM, FAR_ELx). */
const struct point *points_of_access(const struct machine *m, uint64_t addr)
{
	const struct point *nearest = NULL;
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < m->points.n; i++) {
		const struct point *p = &m->points.point[i];
		uint64_t far = addr < p->addr ? p->addr - addr : addr - p->addr < p->kind ? 0 : addr - p->addr - p->kind + 1;

		if (!is_exec(p->type) && far < best) {
			best = far;
			nearest = p;
		}
	}
	return nearest;
}
