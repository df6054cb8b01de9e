/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads registers into memory, and prints them from there. See inquiry.h. */
#include "inquiry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../machine/open.h"
#include "show.h"

/* All registers of a vCPU, or those of a group, as they were. */
struct page {
	unsigned vcpu;
	uint8_t *value; /* by inquiry.at */
	ssize_t *size;	/* of each, or -errno */
};

struct inquiry {
	bool json;

	/* One register: it is text already. */
	char *text;
	size_t text_size;

	/* Or many, by the description that was the machine's. */
	struct tdesc tdesc;
	unsigned *reg; /* their numbers */
	size_t *at;    /* where their values are in a page */
	unsigned nregs;
	size_t size; /* of a page's values */
	struct page *page;
	unsigned npages;
};

static void keep(void *arg, const char *text)
{
	fputs(text, arg);
}

/* ---- one */

static int read_one(struct inquiry *i, struct vcpu *v, const struct question *q)
{
	char *name = strdup(q->name), *value = name ? strchr(name, '=') : NULL;
	FILE *to = name ? open_memstream(&i->text, &i->text_size) : NULL;
	struct show s = { .to = { .print = keep, .arg = to }, .json = q->json };
	int err = -ENOMEM;

	if (value)
		*value++ = '\0';
	if (to) {
		show_begin(&s);
		err = show_register(v, name, value, 10, "--registers", &s);
		show_end(&s);
		if (fclose(to))
			err = -ENOMEM;
	}
	if (err == -ENOMEM)
		refuse(&v->guest->refusal, err, "out of memory");
	free(name);
	return err;
}

/* ---- many */

static bool make_room(struct inquiry *i, const struct guest *g, unsigned npages)
{
	i->reg = calloc(g->tdesc.nregs, sizeof(*i->reg));
	i->at = calloc(g->tdesc.nregs, sizeof(*i->at));
	i->page = calloc(npages, sizeof(*i->page));
	return i->reg && i->at && i->page;
}

static void choose(struct inquiry *i, const struct tdesc *d, const char *group)
{
	unsigned reg = 0;

	i->nregs = show_next_of_group(d, group, &reg, i->reg, d->nregs);
	for (unsigned n = 0; n < i->nregs; n++) {
		i->at[n] = i->size;
		i->size += d->regs[i->reg[n]].size;
	}
}

static bool read_page(struct inquiry *i, struct vcpu *v)
{
	struct page *p = &i->page[i->npages++];

	*p = (struct page){ v->nr, malloc(i->size), calloc(i->nregs, sizeof(*p->size)) };
	if (!p->value || !p->size)
		return false;
	regfile_prefetch(&v->regs, i->reg, i->nregs);
	for (unsigned n = 0; n < i->nregs; n++)
		p->size[n] = regfile_read(&v->regs, i->reg[n], p->value + i->at[n], i->size - i->at[n]);
	return true;
}

static int read_many(struct inquiry *i, struct machine *m, const struct question *q)
{
	struct guest *g = &m->guest;
	unsigned first = q->vcpu < 0 ? 0 : (unsigned)q->vcpu, end = q->vcpu < 0 ? g->n : first + 1;
	bool ok = make_room(i, g, end - first);

	if (ok)
		choose(i, &g->tdesc, q->group);
	if (ok && !i->nregs)
		return show_no_group(&g->tdesc, q->group, &g->refusal);
	for (; ok && first < end; first++)
		ok = read_page(i, g->vcpus[first]);
	if (!ok)
		return refuse(&g->refusal, -ENOMEM, "out of memory");
	machine_give_description(m, &i->tdesc);
	return 0;
}

static int ask(struct inquiry *i, struct machine *m, const struct question *q)
{
	struct guest *g = &m->guest;

	if (q->vcpu >= 0 && (unsigned)q->vcpu >= g->n)
		return refuse(&g->refusal, -ESRCH, "there is no vCPU %d: the VM has %u, the first one is 0", q->vcpu, g->n);
	return q->name ? read_one(i, g->vcpus[q->vcpu < 0 ? 0 : q->vcpu], q) : read_many(i, m, q);
}

struct inquiry *inquiry_read(struct machine *m, const struct question *q)
{
	struct inquiry *i = calloc(1, sizeof(*i));

	if (!i) {
		refuse(&m->guest.refusal, -ENOMEM, "out of memory");
		return NULL;
	}
	i->json = q->json;
	if (!ask(i, m, q))
		return i;
	inquiry_free(i);
	return NULL;
}

/* ---- the answer */

static void print_page(const struct inquiry *i, const struct page *p, struct show *s)
{
	if (!i->json && i->npages > 1)
		say(&s->to, "vCPU %u\n", p->vcpu);
	for (unsigned n = 0; n < i->nregs; n++)
		show_value(s, &i->tdesc, p->vcpu, i->reg[n], p->value + i->at[n], p->size[n]);
}

void inquiry_print(const struct inquiry *i, text_fn *print, void *arg)
{
	struct show s = { .to = { .print = print, .arg = arg }, .json = i->json };

	if (i->text) {
		print(arg, i->text);
		return;
	}
	show_begin(&s);
	for (unsigned n = 0; n < i->npages; n++)
		print_page(i, &i->page[n], &s);
	show_end(&s);
}

void inquiry_free(struct inquiry *i)
{
	for (unsigned n = 0; n < i->npages; n++) {
		free(i->page[n].value);
		free(i->page[n].size);
	}
	tdesc_free(&i->tdesc);
	free(i->page);
	free(i->at);
	free(i->reg);
	free(i->text);
	free(i);
}
