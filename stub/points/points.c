/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of points, and what follows from it: places of opcodes, debug registers, whose hit it was. See points.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fetch.h"
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

static __attribute__((format(printf, 2, 3))) void tell(const struct points *ps, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (ps->tell)
		ps->tell(ps->tell_arg, text);
}

static bool is_exec(enum point_type type)
{
	return type == POINT_SOFTWARE || type == POINT_HARDWARE;
}

bool points_possible(const struct points *ps, enum point_type type)
{
	switch (type) {
	case POINT_SOFTWARE:
		return ps->caps->planted || ps->caps->exec;
	case POINT_HARDWARE:
		return ps->caps->exec;
	default:
		return type < POINT_TYPES && ps->caps->watch[type];
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

static unsigned slots_of(const struct points *ps, const struct point *p)
{
	struct arch_point ap = in_register(p);

	return p->place || p->waits ? 0 : ps->memory->arch->debug.point_slots(&ap);
}

static unsigned slots_in_use(const struct points *ps, bool exec)
{
	unsigned used = 0;

	for (unsigned i = 0; i < ps->n; i++)
		if (ps->caps->shared_slots || is_exec(ps->point[i].type) == exec)
			used += slots_of(ps, &ps->point[i]);
	return used;
}

static int take_slots(struct points *ps, const struct point *p)
{
	bool exec = is_exec(p->type);
	unsigned have = exec ? ps->caps->exec_slots : ps->caps->watch_slots;
	unsigned need = slots_of(ps, p), used = slots_in_use(ps, exec);

	if (!need)
		return refuse(&ps->memory->why, -EINVAL, "%s of %llu bytes at 0x%llx: the debug registers cannot do it",
			type_names[p->type], (unsigned long long)p->kind, (unsigned long long)p->addr);
	if (used + need > have)
		return refuse(&ps->memory->why, -ENOSPC, "%s at 0x%llx needs %u of the %u debug registers, and %u are taken",
			type_names[p->type], (unsigned long long)p->addr, need, have, used);
	return 0;
}

/* Where the opcode comes back as an error of KVM's instruction emulator, it does so unless the emulator knows it. */
static bool can_plant(struct points *ps, struct space *s)
{
	bool emulated = ps->caps->planted_by_error && ps->memory->arch->trap.is_emulated && ps->memory->arch->trap.is_emulated(&s->regs->view);

	return ps->caps->planted && !emulated;
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

static int refuse_place(struct points *ps, const struct point *p, uint64_t pa, int err)
{
	return refuse(&ps->memory->why, err, "no breakpoint at 0x%llx: guest-physical 0x%llx %s", (unsigned long long)p->addr,
		(unsigned long long)pa, place_error(err));
}

/* Who has an opcode there, or had, knows which. */
static int choose_trap(struct points *ps, struct space *s, const struct point *p, const struct arch_page *page, struct arch_opcode *trap)
{
	const struct place *place = planted_at(&ps->memory->planted, page->pa);
	int err = 0;

	if (!place)
		place = planted_last(&ps->memory->planted, page->pa);
	*trap = ps->memory->arch->trap.opcode;
	if (place)
		*trap = (struct arch_opcode){ place->trap, place->size };
	else if (ps->memory->arch->trap.at)
		err = ps->memory->arch->trap.at(&s->regs->view, p->addr, p->kind, page, trap);
	if (err)
		return refuse(&ps->memory->why, err, "no breakpoint at 0x%llx: %s", (unsigned long long)p->addr,
			err == -EILSEQ ? "it cannot be told which encoding the code there has, and another one's opcode is no breakpoint"
				       : s->regs->why);
	if (page->size < trap->size)
		return refuse(&ps->memory->why, -EFAULT, "no breakpoint at 0x%llx: its opcode would reach into the next page",
			(unsigned long long)p->addr);
	return 0;
}

static int plant(struct points *ps, struct space *s, struct point *p)
{
	struct arch_opcode trap;
	struct arch_page page;
	int err = memory_translate(s, p->addr, &page);

	if (!err)
		err = choose_trap(ps, s, p, &page, &trap);
	if (err)
		return err;
	err = planted_add(&ps->memory->planted, page.pa, trap.bytes, trap.size, &p->place);
	return err ? refuse_place(ps, p, page.pa, err) : 0;
}

/* Where the fetch would bring about an exception before an opcode is executed. 1: the opcode may be planted all the same. */
static int bar(struct points *ps, struct space *s, struct point *p)
{

	if (!fetch_is_barred(s, p->addr))
		return 1;
	if (ps->memory->arch->debug.exec_before_fetch && ps->caps->exec && !take_slots(ps, p))
		return 0;
	return fetch_returns(s, p->addr) ? fetch_plant(s, p) : 1;
}

/* Where nothing can be planted, an address that is not mapped yet above all, a debug register may do; the user is told. */
static int plant_or_take_slot(struct points *ps, struct space *s, struct point *p)
{
	int err = bar(ps, s, p);

	if (err <= 0)
		return err;
	err = plant(ps, s, p);
	if (!err || !ps->caps->exec)
		return err;
	tell(ps, "%s; a debug register is used", ps->memory->why.text);
	return take_slots(ps, p);
}

/* Of an execution point, 0 when no instruction begins there: what the packet says of its kind says little to the hardware. */
static uint64_t size_of(struct points *ps, struct space *s, enum point_type type, uint64_t addr, uint64_t kind)
{
	const struct arch *arch = ps->memory->arch;

	if (!is_exec(type))
		return kind;
	if (arch->debug.insn_at)
		return arch->debug.insn_at(&s->regs->view, addr, kind);
	return addr % arch->insn_align ? 0 : arch->insn_align;
}

static int add(struct points *ps, struct space *s, enum point_type type, uint64_t addr, uint64_t kind, struct programs *programs)
{
	struct point p = { .type = type, .addr = addr, .kind = kind, .size = size_of(ps, s, type, addr, kind), .programs = programs };
	int err;

	if (ps->n == POINTS_MAX)
		return refuse(&ps->memory->why, -ENOSPC, "there are %d points already", POINTS_MAX);
	if (is_exec(type) && !p.size)
		return refuse(&ps->memory->why, -EINVAL, "no instruction begins at 0x%llx", (unsigned long long)addr);
	err = type == POINT_SOFTWARE && can_plant(ps, s) ? plant_or_take_slot(ps, s, &p) : take_slots(ps, &p);
	if (err)
		return err;
	ps->point[ps->n++] = p;
	ps->planted += p.place != NULL;
	return 0;
}

static void remove_point(struct points *ps, struct point *p)
{

	if (p->place)
		planted_drop(&ps->memory->planted, p->place);
	ps->planted -= p->place != NULL;
	ps->waiting -= p->waits;
	programs_free(p->programs);
	memmove(p, p + 1, (char *)&ps->point[ps->n] - (char *)(p + 1));
	ps->n--;
}

/* One that is there stays where it is. The guest may have written over its opcode. */
static int set_again(struct points *ps, struct space *s, struct point *p, struct programs *programs)
{
	int err = p->place ? planted_again(&ps->memory->planted, p->place) : 0;

	if (p->barred)
		fetch_remember(s, p);
	programs_free(p->programs);
	p->programs = programs;
	return err ? refuse_place(ps, p, p->place->pa, err) : 0;
}

int points_set(struct points *ps, struct space *s, enum point_type type, uint64_t addr, uint64_t kind, const struct point_programs *programs)
{
	struct programs *built;
	struct point *old;
	int err = programs_build(s, programs, &built);

	if (err)
		return err;
	old = find(ps, type, addr, kind);
	if (old && !old->waits)
		return set_again(ps, s, old, built);
	if (old)
		remove_point(ps, old);
	err = add(ps, s, type, addr, kind, built);
	if (err)
		programs_free(built);
	return err;
}

int points_clear(struct points *ps, enum point_type type, uint64_t addr, uint64_t kind)
{
	struct point *p = find(ps, type, addr, kind);

	if (p)
		remove_point(ps, p);
	return 0;
}

void points_clear_all(struct points *ps, bool memory_gone)
{
	if (memory_gone)
		planted_forget(&ps->memory->planted);
	for (unsigned i = 0; i < ps->n; i++) {
		struct point *p = &ps->point[i];

		if (p->place && !memory_gone)
			planted_drop(&ps->memory->planted, p->place);
		programs_free(p->programs);
	}
	ps->n = ps->planted = ps->waiting = 0;
}

/* ---- the machine starts over ---- */

void points_remember(struct points *ps)
{
	planted_remember(&ps->memory->planted);
}

/* What was meant is not there any more. A debug register knows it by its address; without one it waits until it is there again. */
static void let_go(struct points *ps, struct point *p)
{
	struct point instead = *p;

	planted_drop(&ps->memory->planted, p->place);
	ps->planted--;
	p->place = instead.place = NULL;
	p->barred = instead.barred = false;
	p->waits = true;
	if (ps->caps->exec && !take_slots(ps, &instead))
		p->waits = false;
	ps->waiting += p->waits;
	tell(ps, "after the reset there is other code where the breakpoint at 0x%llx was; %s",
		(unsigned long long)p->addr,
		p->waits ? "it comes back when the guest is resumed with its address mapped" : "a debug register is used");
}

void points_after_reset(struct points *ps)
{
	planted_reloaded(&ps->memory->planted);
	for (unsigned i = 0; i < ps->n; i++) {
		struct point *p = &ps->point[i];

		if (p->place && (!p->place->known || planted_again(&ps->memory->planted, p->place)))
			let_go(ps, p);
	}
}

/* Where nothing is translated yet, the address is that of something else. */
static void plant_waiting(struct points *ps, struct space *s, struct point *p)
{
	struct arch_page page;

	if (memory_translate(s, p->addr, &page) || page.access & ARCH_PAGE_BARE || plant(ps, s, p))
		return;
	p->waits = false;
	ps->waiting--;
	ps->planted++;
}

void points_plant_waiting(struct points *ps, struct space *s)
{

	for (unsigned i = 0; ps->waiting && i < ps->n; i++)
		if (ps->point[i].waits)
			plant_waiting(ps, s, &ps->point[i]);
}

/* ---- where a vCPU is ---- */

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
	char why[1];

	if (!planted_any(&ps->memory->planted))
		return spot;
	spot.untold = memory_find(s, addr, &page, why, sizeof(why)) != 0;
	spot.place = spot.untold ? place_by_address(ps, addr) : planted_at(&ps->memory->planted, page.pa);
	return spot;
}

bool points_is_at(const struct point *p, const struct spot *spot)
{
	if (p->place)
		return p->place == spot->place;
	return is_exec(p->type) && !p->waits && p->addr == spot->addr;
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

static bool armed(const struct point *p, uint64_t skip)
{
	return !p->place && !p->waits && !(is_exec(p->type) && p->addr == skip);
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

/* The hardware may name any address of the access; the nearest watchpoint at or around it is meant (Arm ARM, FAR_ELx). */
const struct point *points_of_access(const struct points *ps, uint64_t addr)
{
	const struct point *nearest = NULL;
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < ps->n; i++) {
		const struct point *p = &ps->point[i];
		uint64_t far = addr < p->addr ? p->addr - addr : addr - p->addr < p->kind ? 0 : addr - p->addr - p->kind + 1;

		if (!is_exec(p->type) && far < best) {
			best = far;
			nearest = p;
		}
	}
	return nearest;
}
