/* SPDX-License-Identifier: BSD-2-Clause */
/* What arch.h promises of every walk, whatever registers and tables are: for tests with tables made by hand, by chance, or by a fuzzer. */
#ifndef WALK_CHECK_H
#define WALK_CHECK_H

#include "fake_vcpu.h"

#define WALK_MOST 6 /* entries of one walk: ppc64's process table, and five levels */

struct walker {
	struct fake_vcpu f; /* first: arch/ is given its view */
	const struct arch *arch;
	unsigned lost; /* reads that were outside RAM */
	struct arch_entry seen[WALK_MOST];
	unsigned nseen; /* may be more than there is room for */
};

static inline int walk_read_phys(struct view *v, uint64_t gpa, void *buf, size_t len)
{
	int err = fake_read(v, gpa, buf, len);

	((struct walker *)v)->lost += err != 0;
	return err;
}

static inline void walk_saw(struct view *v, const struct arch_entry *entry)
{
	struct walker *w = (struct walker *)v;

	if (w->nseen < WALK_MOST)
		w->seen[w->nseen] = *entry;
	w->nseen++;
}

/* Nothing in memory, no register; RAM at these two addresses. */
static inline void walk_init(struct walker *w, const struct arch *arch, uint64_t base0, uint64_t base1)
{
	fake_init(&w->f, base0, base1);
	w->f.view.read_phys = walk_read_phys;
	w->f.view.saw = walk_saw;
	w->arch = arch;
}

static inline int walk_once(struct walker *w, uint64_t va, struct arch_page *page)
{
	memset(page, 0x55, sizeof(*page));
	w->f.reads = w->lost = w->nseen = 0;
	return w->arch->walk.translate(&w->f.view, va, page);
}

/* The entries that were told of: what RAM has there, and only the last one maps. */
static inline const char *walk_check_seen(const struct walker *w, int err)
{
	for (unsigned i = 0; i < w->nseen; i++) {
		const struct arch_entry *e = &w->seen[i];
		const uint8_t *at = fake_at((struct fake_vcpu *)&w->f, e->gpa, 4);
		uint64_t little = 0, big = 0;

		if (!at)
			return "an entry is not in RAM";
		for (unsigned n = 0; n < 8; n++) {
			little |= (uint64_t)at[n] << 8 * n;
			big = big << 8 | at[n];
		}
		if (e->value != little && e->value != big && e->value != (uint32_t)little)
			return "an entry is not what RAM has";
		if (e->leaf && i + 1 < w->nseen)
			return "a walk goes on behind a page";
	}
	return !err && w->nseen && !w->seen[w->nseen - 1].leaf ? "a page of an entry that has none" : NULL;
}

/* ppc64 has pages that permit nothing to anybody; and when only data, or only instructions, are translated, a walk may be for nothing. */
static inline bool walk_is_ppc64(const struct walker *w)
{
	return w->arch == &arch_ppc64le;
}

static inline const char *walk_check_page(const struct walker *w, uint64_t va, int err, const struct arch_page *page)
{
	if (err && (page->pa || page->access))
		return "nothing is there, and has an address or permits something";
	if (err && err != -EFAULT && err != -EIO)
		return page->size || (w->nseen && !walk_is_ppc64(w)) ? "what is not known has a size or entries" : NULL;
	if (page->size && va + (page->size - 1) < va)
		return "a page goes on at address 0";
	if (!err && (!page->size || !(page->access & ARCH_PAGE_ANY || walk_is_ppc64(w))))
		return "a page has no size, or permits nothing";
	return !err && !w->nseen != !!(page->access & ARCH_PAGE_BARE) ? "a page without an entry, or an entry without a page"
								      : NULL;
}

/* What is told of an address and those behind it is told of one of these, too. */
static inline const char *walk_check_behind(
	struct walker *w, uint64_t va, uint64_t offset, int err, const struct arch_page *page)
{
	struct arch_page other;

	if (walk_once(w, va + offset, &other) != err)
		return "not all of a page or hole is one";
	if (err)
		return NULL; /* how far it goes is told at the least */
	if (other.size != page->size - offset)
		return "a page ends elsewhere, seen from within";
	if (other.pa != page->pa + offset || other.access != page->access)
		return "not all of a page is the same";
	return NULL;
}

/* Walks to va. NULL, or what is not as it should be. *err is what translate() has returned. */
static inline const char *walk_check(struct walker *w, uint64_t va, int *err, struct arch_page *page)
{
	const char *bad = NULL;

	*err = walk_once(w, va, page);
	if (w->f.reads > WALK_MOST)
		bad = "a walk without end";
	else if (w->lost && (w->lost > 1 || *err != -EIO))
		bad = "what is not RAM is no end";
	else if (w->nseen + w->lost != w->f.reads)
		bad = "entries were read and not told of";
	if (!bad)
		bad = walk_check_page(w, va, *err, page);
	if (!bad)
		bad = walk_check_seen(w, *err);
	if (!bad && page->size > 1)
		bad = walk_check_behind(w, va, page->size - 1, *err, page);
	if (!bad && page->size > 2)
		bad = walk_check_behind(w, va, page->size / 2, *err, page);
	return bad;
}

#endif
