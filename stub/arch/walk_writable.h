/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a store by the kernel goes that changes nothing but memory: no fault, and nothing for the processor to note in a table. */
#ifndef ARCH_WALK_WRITABLE_H
#define ARCH_WALK_WRITABLE_H

#include "walk_common.h"

/* A walk that looks at the entries: all are to have the bits `all`, the last one `leaf` as well. */
struct noted_walk {
	struct view view;
	struct view *real;
	uint64_t all, leaf, last;
	bool lacks;
};

static inline int noted_get(struct view *v, uint64_t key, uint64_t *value)
{
	struct view *real = ((struct noted_walk *)v)->real;

	return real->get(real, key, value);
}

static inline int noted_read(struct view *v, uint64_t gpa, void *buf, size_t len)
{
	struct view *real = ((struct noted_walk *)v)->real;

	return real->read_phys(real, gpa, buf, len);
}

static inline void noted_saw(struct view *v, const struct arch_entry *entry)
{
	struct noted_walk *w = (struct noted_walk *)v;

	w->last = entry->value;
	w->lacks |= (entry->value & w->all) != w->all || (entry->leaf && (entry->value & w->leaf) != w->leaf);
}

/*
 * Of size bytes at va, aligned to their size, a power of 2: where they are, *entry the last on the way there. 0; -ENOENT: the kernel may not
 * write there, or a process may, or an entry lacks a bit; or as translate().
 */
static inline int walk_writable(struct view *v, int (*translate)(struct view *v, uint64_t va, struct arch_page *page),
	uint64_t all, uint64_t leaf, uint64_t va, unsigned size, uint64_t *pa, uint64_t *entry)
{
	struct noted_walk w = {
		.view = { .get = noted_get, .read_phys = noted_read, .saw = noted_saw },
		.real = v,
		.all = all,
		.leaf = leaf,
	};
	struct arch_page page;
	int err = va % size ? -ENOENT : translate(&w.view, va, &page);

	if (err)
		return err;
	if (w.lacks || (page.access & (ARCH_PAGE_WRITE | ARCH_PAGE_USER | ARCH_PAGE_BARE)) != ARCH_PAGE_WRITE)
		return -ENOENT;
	*pa = page.pa;
	*entry = w.last;
	return 0;
}

#endif
