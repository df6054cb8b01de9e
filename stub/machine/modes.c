/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which description the debugger is given, where the architecture has several: gdb fixes one for the life of a connection. The
 * next one is made ready when it is asked for, so that a refusal reaches whoever asks, and takes its place between two clients.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
	const struct arch *arch = m->guest.arch->nmodes ? m->guest.arch->modes[mode].arch : m->guest.arch;
	struct presence p;
	int err;

	presence_init(&p, &m->guest.transport, m->guest.current ? m->guest.current->nr : 0);
	err = tdesc_build(d, arch, &p.source);
	presence_free(&p);
	return err;
}

static void free_files(struct regfile *files, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		regfile_free(&files[i]);
	free(files);
}

static struct regfile *open_files(struct machine *m, const struct tdesc *d)
{
	struct regfile *files = calloc(m->guest.n, sizeof(*files));

	for (unsigned i = 0; files && i < m->guest.n; i++) {
		if (regfile_init(&files[i], i, &m->guest.transport, d)) {
			free_files(files, i);
			return NULL;
		}
	}
	return files;
}

void modes_drop(struct machine *m)
{
	if (!m->next_files)
		return;
	free_files(m->next_files, m->guest.n);
	tdesc_free(&m->next_tdesc);
	m->next_files = NULL;
}

/* Puts next_tdesc in its place, with vCPUs' files of it. */
static int open_next(struct machine *m)
{
	m->next_files = open_files(m, &m->next_tdesc);
	if (m->next_files)
		return 0;
	tdesc_free(&m->next_tdesc);
	return -ENOMEM;
}

int modes_describe_anew(struct machine *m)
{
	int err = modes_describe(m, m->mode, &m->next_tdesc);

	if (!err)
		err = open_next(m);
	if (err)
		return err;
	modes_change(m);
	modes_expedite(m);
	return 0;
}

bool modes_start(const struct machine *m)
{
	return !m->guest.started && m->guest.host->empty;
}

static int start_as(struct machine *m, unsigned mode)
{
	int err;

	if (!modes_start(m))
		return 0;
	err = m->guest.host->ops->start_as(m->guest.host, modes_name(m, mode), m->guest.why, sizeof(m->guest.why));
	for (unsigned i = 0; i < m->guest.n; i++)
		regfile_drop(&m->guest.vcpus[i]->regs);
	return err;
}

int modes_choose(struct machine *m, const char *name)
{
	int mode = modes_find(m->guest.arch, name), err;

	if (mode < 0)
		return guest_refuse(&m->guest, -EINVAL, "there is no mode %.40s; `monitor mode` shows them", name);
	err = start_as(m, mode);
	if (err)
		return err;
	modes_drop(m);
	m->next_mode = m->mode;
	if ((unsigned)mode == m->mode)
		return 0;
	err = modes_describe(m, mode, &m->next_tdesc);
	if (err)
		return guest_refuse(&m->guest, err, "the registers cannot be described: %s", strerror(-err));
	if (open_next(m))
		return guest_refuse(&m->guest, -ENOMEM, "out of memory");
	m->next_mode = mode;
	return 0;
}

void modes_change(struct machine *m)
{
	if (!m->next_files)
		return;
	tdesc_free(&m->guest.tdesc);
	m->guest.tdesc = m->next_tdesc;
	m->mode = m->next_mode;
	for (unsigned i = 0; i < m->guest.n; i++) {
		m->next_files[i].age = m->guest.vcpus[i]->regs.age + 1;
		regfile_free(&m->guest.vcpus[i]->regs);
		m->guest.vcpus[i]->regs = m->next_files[i];
		m->guest.vcpus[i]->regs.tdesc = &m->guest.tdesc;
	}
	free(m->next_files);
	m->next_files = NULL;
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
