/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `monitor translate` and `monitor page-tables`: where an address is, and the entries that lead there, as arch/ finds them in the
 * guest's tables now. What an entry's bits mean is arch/'s as well.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tables.h"

#define FLAGS_MAX 160 /* of an entry, as text */

/* A walk that is looked at: what it asks for is had from the vCPU's own view. */
struct watched {
	struct view view;
	struct view *real;
	const struct arch_flag *flags;
	const struct printer *out;
};

static int watched_get(struct view *v, uint64_t key, uint64_t *value)
{
	struct view *real = ((struct watched *)v)->real;

	return real->get(real, key, value);
}

static int watched_read(struct view *v, uint64_t gpa, void *buf, size_t len)
{
	struct view *real = ((struct watched *)v)->real;

	return real->read_phys(real, gpa, buf, len);
}

static bool has_flag(const struct arch_entry *e, const struct arch_flag *flag)
{
	if (flag->of != FLAG_OF_ALL && e->leaf != (flag->of == FLAG_OF_LEAF))
		return false;
	return e->value & flag->bits && (!flag->level || flag->level == e->level);
}

static void add_flag(char *text, const struct arch_flag *flag, uint64_t entry)
{
	size_t len = strlen(text);
	uint64_t lowest = flag->bits & -flag->bits;

	if (flag->bits == lowest)
		snprintf(text + len, FLAGS_MAX - len, " %s", flag->name);
	else
		snprintf(text + len, FLAGS_MAX - len, " %s=%llu", flag->name,
			(unsigned long long)((entry & flag->bits) / lowest));
}

static void say_entry(struct view *v, const struct arch_entry *e)
{
	const struct watched *w = (const struct watched *)v;
	char text[FLAGS_MAX] = "";

	for (const struct arch_flag *flag = w->flags; flag && flag->bits; flag++)
		if (has_flag(e, flag))
			add_flag(text, flag, e->value);
	say(w->out, "level %2d, 0x%llx: 0x%016llx %s%s\n", e->level, (unsigned long long)e->gpa, (unsigned long long)e->value,
		e->leaf ? "page: " : "table:", text[0] ? text : " -");
}

/* The sentence on a translation, also on one that leads nowhere: that is an answer as well. */
static int say_page(struct guest *g, uint64_t addr, const struct printer *out)
{
	struct arch_page page;
	int err = memory_translate(&g->current->space, addr, &page);

	if (err && err != -EFAULT && err != -EIO)
		return err;
	if (err)
		say(out, "%s\n", g->why);
	else if (page.access & ARCH_PAGE_BARE)
		say(out, "0x%llx: guest-physical 0x%llx, for nothing is translated\n", (unsigned long long)addr,
			(unsigned long long)page.pa);
	else
		say(out, "0x%llx: guest-physical 0x%llx, %s %c%c%c, up to 0x%llx\n", (unsigned long long)addr,
			(unsigned long long)page.pa, page.access & ARCH_PAGE_USER ? "user" : "kernel",
			page.access & ARCH_PAGE_READ ? 'r' : '-', page.access & ARCH_PAGE_WRITE ? 'w' : '-',
			page.access & ARCH_PAGE_EXEC ? 'x' : '-', (unsigned long long)(addr + page.size - 1));
	return 0;
}

int do_translate(struct machine *m, char **words, const struct printer *out)
{
	uint64_t addr;
	int err = parse_address(&m->guest, words[0], &addr);

	return err ? err : say_page(&m->guest, addr, out);
}

/* Without an address, of the instruction that is next. */
int do_page_tables(struct machine *m, char **words, const struct printer *out)
{
	struct guest *g = &m->guest;
	struct view *real = &g->current->regs.view;
	struct watched w = {
		.view = { .get = watched_get, .read_phys = watched_read, .saw = say_entry },
		.real = real,
		.flags = g->arch->walk.entry_flags,
		.out = out,
	};
	uint64_t addr = words[0] ? 0 : memory_of_pc(&g->current->space);
	int err = words[0] ? parse_address(g, words[0], &addr) : 0;

	if (err)
		return err;
	g->arch->walk.translate(&w.view, addr, &(struct arch_page){ 0 });
	return say_page(g, addr, out);
}
