/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which description the debugger is given, where the architecture has several: gdb fixes one for the life of a connection. The
 * next one is made ready when it is asked for, so that a refusal reaches whoever asks, and takes its place between two clients.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../reg/presence.h"
#include "modes.h"

const char *modes_name(const struct machine *m, unsigned mode)
{
	return m->guest.arch->nmodes ? m->guest.arch->modes[mode].name : m->guest.arch->name;
}

int modes_find(const struct arch *arch, const char *name)
{
	for (unsigned i = 0; i < arch->nmodes; i++)
		if (!strcmp(arch->modes[i].name, name))
			return (int)i;
	return -ENOENT;
}

int modes_describe(struct machine *m, unsigned mode, struct tdesc *d)
{
	struct guest *g = &m->guest;
	const struct arch *arch = g->arch->nmodes ? g->arch->modes[mode].arch : g->arch;
	struct presence p;
	int err;

	err = presence_init(&p, &g->transport, g->current ? g->current->nr : 0);
	if (err)
		return err;
	err = tdesc_build(d, arch, &p.source);
	presence_free(&p);
	return err;
}

/* Gives each vCPU this description. -ENOMEM, and all keep the one that they had. */
static int give(struct machine *m, const struct tdesc *d)
{
	struct guest *g = &m->guest;
	unsigned i = 0;
	int err = 0;

	for (; i < g->n && !err; i++)
		err = regfile_describe(&g->vcpus[i]->regs, d);
	while (err && i-- > 0)
		regfile_describe(&g->vcpus[i]->regs, &g->tdesc);
	return err;
}

void modes_drop(struct machine *m)
{
	tdesc_free(&m->next_tdesc);
	m->next_mode = m->mode;
}

int modes_describe_anew(struct machine *m)
{
	int err = modes_describe(m, m->mode, &m->guest.tdesc);

	if (!err)
		err = give(m, &m->guest.tdesc);
	if (!err)
		modes_expedite(m);
	return err;
}

bool modes_start(const struct machine *m)
{
	return !m->guest.started && m->guest.host->empty;
}

static int start_as(struct machine *m, unsigned mode)
{
	struct guest *g = &m->guest;
	int err;

	if (!modes_start(m))
		return 0;
	err = g->host->ops->start_as(g->host, modes_name(m, mode), g->why, sizeof(g->why));
	for (unsigned i = 0; i < g->n; i++)
		regfile_drop(&g->vcpus[i]->regs);
	return err;
}

int modes_choose(struct machine *m, const char *name)
{
	struct guest *g = &m->guest;
	int mode = modes_find(g->arch, name), err;

	if (mode < 0)
		return refuse(&g->refusal, -EINVAL, "there is no mode %.40s; `monitor mode` shows them", name);
	err = start_as(m, mode);
	if (err)
		return err;
	modes_drop(m);
	if ((unsigned)mode == m->mode)
		return 0;
	err = modes_describe(m, mode, &m->next_tdesc);
	if (err)
		return refuse(&g->refusal, err, "the registers cannot be described: %s", strerror(-err));
	/* What was given once takes no memory when it is given again. */
	err = give(m, &m->next_tdesc);
	if (err) {
		modes_drop(m);
		return refuse(&g->refusal, err, "out of memory");
	}
	give(m, &g->tdesc);
	m->next_mode = mode;
	return 0;
}

void modes_change(struct machine *m)
{
	struct guest *g = &m->guest;

	if (m->next_mode == m->mode)
		return;
	if (give(m, &m->next_tdesc)) {
		guest_log(g, "out of memory: the registers are described as they were");
		modes_drop(m);
		return;
	}
	tdesc_free(&g->tdesc);
	g->tdesc = m->next_tdesc;
	m->next_tdesc = (struct tdesc){ 0 };
	m->mode = m->next_mode;
	give(m, &g->tdesc);
}

void modes_expedite(struct machine *m)
{
	static const char *const generics[] = { "pc", "sp", "fp" };

	m->nexpedited = 0;
	for (unsigned i = 0; i < sizeof(generics) / sizeof(*generics); i++) {
		int reg = tdesc_by_generic(&m->guest.tdesc, generics[i]);

		if (reg >= 0)
			m->expedited[m->nexpedited++] = reg;
	}
}
