/* SPDX-License-Identifier: BSD-2-Clause */
/* Breakpoints and opcodes. What lies there and who shares it is memory/planted.c's. See plant.h. */
#include "plant.h"

#include <errno.h>

#include "../capabilities.h"

/* Where the opcode comes back as an error of KVM's instruction emulator, it does so unless the emulator knows it. */
bool plant_possible(const struct points *ps, struct space *s)
{
	const struct arch_trap *trap = &s->memory->arch->trap;
	bool emulated = ps->caps->planted_by_error && trap->is_emulated && trap->is_emulated(&s->regs->view);

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

static int refuse_place(const struct points *ps, const struct point *p, uint64_t pa, int err)
{
	const char *unknown = memory_unknown(ps->memory);

	if (unknown)
		return refuse(&ps->memory->why, err, "no breakpoint at 0x%llx: %s", (unsigned long long)p->addr, unknown);
	return refuse(&ps->memory->why, err, "no breakpoint at 0x%llx: guest-physical 0x%llx %s", (unsigned long long)p->addr,
		(unsigned long long)pa, place_error(err));
}

static int refuse_trap(struct space *s, const struct point *p, int err)
{
	return refuse(&s->memory->why, err, "no breakpoint at 0x%llx: %s", (unsigned long long)p->addr,
		err == -EILSEQ
			? "it cannot be told which encoding the code there has, and another one's opcode is no breakpoint"
			: s->regs->why);
}

/* Who has an opcode there, or had, knows which. */
static int choose_trap(struct space *s, const struct point *p, const struct arch_page *page, struct arch_opcode *opcode)
{
	struct memory *m = s->memory;
	const struct place *place = planted_at(&m->planted, page->pa);
	int err = 0;

	if (!place)
		place = planted_last(&m->planted, page->pa);
	*opcode = m->arch->trap.opcode;
	if (place)
		*opcode = (struct arch_opcode){ place->trap, place->size };
	else if (m->arch->trap.at)
		err = m->arch->trap.at(&s->regs->view, p->addr, p->kind, page, opcode);
	if (err)
		return refuse_trap(s, p, err);
	if (page->size < opcode->size)
		return refuse(&m->why, -EFAULT, "no breakpoint at 0x%llx: its opcode would reach into the next page",
			(unsigned long long)p->addr);
	return 0;
}

int plant_opcode(struct points *ps, struct space *s, struct point *p)
{
	struct arch_opcode opcode;
	struct arch_page page;
	int err = memory_translate(s, p->addr, &page);

	if (!err)
		err = choose_trap(s, p, &page, &opcode);
	if (err)
		return err;
	err = planted_add(&s->memory->planted, page.pa, opcode.bytes, opcode.size, &p->place);
	return err ? refuse_place(ps, p, page.pa, err) : 0;
}

int plant_again(struct points *ps, struct point *p)
{
	int err = planted_again(&ps->memory->planted, p->place);

	return err ? refuse_place(ps, p, p->place->pa, err) : 0;
}
