/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of points: what becomes of each, an opcode in memory (plant.c) or debug registers (hardware.c), when it is set and when the
 * machine starts over. See points.h.
 */
#include "points.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../capabilities.h"
#include "fetch.h"
#include "plant.h"
#include "programs.h"

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

bool points_possible(const struct points *ps, enum point_type type)
{
	switch (type) {
	/* Where nothing was tried they are refused: gdb would plant opcodes by itself where they are not served. */
	case POINT_SOFTWARE:
		return ps->caps->planted || ps->caps->exec || ps->caps->untried;
	case POINT_HARDWARE:
		return ps->caps->exec || ps->caps->untried;
	default:
		return type < POINT_TYPES && ps->caps->watch[type];
	}
}

static struct point *find(struct points *ps, enum point_type type, uint64_t addr, uint64_t kind)
{
	for (unsigned i = 0; i < ps->n; i++) {
		struct point *p = &ps->point[i];

		if (p->type == type && p->addr == addr && (type_is_exec(type) || p->kind == kind))
			return p;
	}
	return NULL;
}

/* ---- set ---- */

/* Where the fetch would bring about an exception before an opcode is executed. 1: the opcode may be planted all the same. */
static int bar(struct points *ps, struct space *s, struct point *p)
{
	if (!fetch_is_barred(s, p->addr))
		return 1;
	if (s->memory->arch->debug.exec_before_fetch && ps->caps->exec && !hardware_room(ps, p))
		return 0;
	return fetch_returns(s, p->addr) ? fetch_plant(s, p) : 1;
}

/* Where nothing can be planted, an address that is not mapped yet above all, a debug register may do; the user is told. */
static int plant_or_take_register(struct points *ps, struct space *s, struct point *p)
{
	int err = bar(ps, s, p);

	if (err <= 0)
		return err;
	err = plant_opcode(ps, s, p);
	if (!err || !ps->caps->exec)
		return err;
	tell(ps, "%s; a debug register is used", s->memory->why.text);
	return hardware_room(ps, p);
}

/* Of an execution point, 0 when no instruction begins there: what the packet says of its kind says little to the hardware. */
static uint64_t size_of(struct space *s, enum point_type type, uint64_t addr, uint64_t kind)
{
	const struct arch *arch = s->memory->arch;

	if (!type_is_exec(type))
		return kind;
	if (arch->debug.insn_at)
		return arch->debug.insn_at(&s->regs->view, addr, kind);
	return addr % arch->insn_align ? 0 : arch->insn_align;
}

/* Adds it to the table; p->programs stay the caller's where that fails. */
static int add(struct points *ps, struct space *s, struct point *p)
{
	const struct refusal *why = &s->memory->why;
	int err;

	if (ps->n == POINTS_MAX)
		return refuse(why, -ENOSPC, "there are %d points already", POINTS_MAX);
	p->size = size_of(s, p->type, p->addr, p->kind);
	if (point_is_exec(p) && !p->size)
		return refuse(why, -EINVAL, "no instruction begins at 0x%llx", (unsigned long long)p->addr);
	if (p->type == POINT_SOFTWARE && plant_possible(ps, s))
		err = plant_or_take_register(ps, s, p);
	else
		err = hardware_room(ps, p);
	if (err)
		return err;
	ps->point[ps->n++] = *p;
	ps->planted += p->place != NULL;
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

/* One that is there stays where it is. */
static int set_again(struct points *ps, struct space *s, struct point *p, struct programs *programs)
{
	if (p->barred)
		fetch_remember(s, p);
	programs_free(p->programs);
	p->programs = programs;
	return p->place ? plant_again(ps, p) : 0;
}

int points_set(struct points *ps, struct space *s, enum point_type type, uint64_t addr, uint64_t kind,
	const struct point_programs *programs)
{
	struct point p = { .type = type, .addr = addr, .kind = kind };
	struct point *old;
	int err = programs_build(s, programs, &p.programs);

	if (err)
		return err;
	old = find(ps, type, addr, kind);
	if (old && !old->waits)
		return set_again(ps, s, old, p.programs);
	if (old)
		remove_point(ps, old);
	err = add(ps, s, &p);
	if (err)
		programs_free(p.programs);
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
	if (ps->caps->exec && !hardware_room(ps, &instead))
		p->waits = false;
	ps->waiting += p->waits;
	tell(ps, "after the reset there is other code where the breakpoint at 0x%llx was; %s", (unsigned long long)p->addr,
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

	if (memory_translate(s, p->addr, &page) || page.access & ARCH_PAGE_BARE || plant_opcode(ps, s, p))
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
