/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What there is in a vCPU's address space, from its page tables: pages that follow each other are joined, and so are holes. Nothing
 * is kept: it is looked up anew each time.
 */
#include "region.h"

#include <errno.h>

#include "memory.h"

#define PAGE_LEAST 4096ull

/* What is at addr, up to where it ends or where it may be something else. 0, or -errno: it cannot be said. */
static int look(struct space *s, uint64_t addr, struct memory_region *r)
{
	const struct arch *arch = s->memory->arch;
	struct arch_page page = { .size = arch->walk.aliases ? arch->walk.aliases(&s->regs->view, addr) : 0 };
	int err = page.size ? -EFAULT : arch->walk.translate(&s->regs->view, addr, &page);

	if (err && err != -EFAULT && err != -EIO)
		return err;
	*r = (struct memory_region){
		.start = addr,
		.size = page.size,
		.mapped = !err,
		.read = page.access & ARCH_PAGE_READ,
		.write = page.access & ARCH_PAGE_WRITE,
		.execute = page.access & ARCH_PAGE_EXEC,
		.user = page.access & ARCH_PAGE_USER,
	};
	if (!r->size)
		r->size = PAGE_LEAST;
	return 0;
}

static bool alike(const struct memory_region *a, const struct memory_region *b)
{
	return a->mapped == b->mapped && a->read == b->read && a->write == b->write && a->execute == b->execute &&
	       a->user == b->user;
}

/* The last address cannot be told apart from the one before it: a size does not reach further than that. */
static bool add(struct memory_region *r, uint64_t size)
{
	bool ends = size >= UINT64_MAX - r->start - r->size;

	r->size = ends ? UINT64_MAX - r->start : r->size + size;
	return !ends;
}

int region_find(struct space *s, uint64_t addr, struct memory_region *region, unsigned *looks)
{
	struct memory_region next;
	struct arch_page page;
	int err = look(s, addr & ~(PAGE_LEAST - 1), &next);

	if (err)
		return memory_find(s, addr, &page, &s->memory->why);
	*region = next;
	region->size = 0;
	while (add(region, next.size) && *looks && --*looks)
		if (look(s, region->start + region->size, &next) || !alike(region, &next))
			break;
	return 0;
}
