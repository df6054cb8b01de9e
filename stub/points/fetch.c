/* SPDX-License-Identifier: BSD-2-Clause */
/* What the vCPU has before a call, and what becomes of the exception behind it. See fetch.h and struct arch_fetch. */
#include "fetch.h"

#include <errno.h>

#include "../memory/planted.h"

bool fetch_is_barred(struct space *s, uint64_t addr)
{
	struct arch_page page;

	return memory_find(s, addr, &page, NULL) || !(page.access & (ARCH_PAGE_EXEC | ARCH_PAGE_BARE));
}

/* Where the architecture has no register for the return address, it is on the stack. */
bool fetch_returns(struct space *s, uint64_t addr)
{
	const struct tdesc *d = s->regs->tdesc;
	int ra = tdesc_by_generic(d, "ra"), sp = tdesc_by_generic(d, "sp");
	uint64_t value = 0, at = 0;

	if (ra >= 0)
		return regfile_read(s->regs, (unsigned)ra, &value, sizeof(value)) > 0 && value == addr;
	if (sp < 0 || regfile_read(s->regs, (unsigned)sp, &at, sizeof(at)) < 0)
		return false;
	return memory_peek(s, at, &value, d->regs[sp].size) == (ssize_t)d->regs[sp].size && value == addr;
}

void fetch_remember(struct space *s, struct point *p)
{
	const struct arch_fetch *fetch = s->memory->arch->debug.fetch;

	for (unsigned i = 0; i < ARCH_FETCH_KEYS && fetch->keys[i]; i++)
		s->regs->view.get(&s->regs->view, fetch->keys[i], &p->was[i]);
	p->vcpu = s->regs->vcpu;
}

static int refuse_point(struct space *s, const struct point *p, int err, const char *why)
{
	return refuse(&s->memory->why, err,
		"no breakpoint at 0x%llx, where the guest may not execute: %s; a function called would not come back",
		(unsigned long long)p->addr, why);
}

int fetch_plant(struct space *s, struct point *p)
{
	struct memory *m = s->memory;
	const struct arch *arch = m->arch;
	struct arch_page page;
	int err;

	if (!arch->debug.fetch)
		return refuse_point(s, p, -EFAULT,
			arch->debug.exec_before_fetch ? "no debug register is free"
						      : "it is not known here what becomes of that");
	err = arch->debug.fetch->handler(&s->regs->view, &page);
	if (err)
		return refuse_point(s, p, err, "the guest has no handler for that");
	err = planted_add(&m->planted, page.pa, arch->trap.opcode.bytes, arch->trap.opcode.size, &p->place);
	if (err)
		return refuse_point(s, p, err, "nothing can be planted at its handler for that");
	p->barred = true;
	fetch_remember(s, p);
	return 0;
}

bool fetch_is_met(struct space *s, const struct point *p)
{
	return s->regs->vcpu == p->vcpu && s->memory->arch->debug.fetch->undo(&s->regs->view, p->addr, p->was) > 0;
}
