/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a core file: the header, the program headers, the notes, and RAM from a page's boundary on. See core.h. */
#include "core.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_notes.h"

#define PAGE 4096ull
#define CHUNK 0x10000u

/* A piece of RAM, and where it is in the file. */
struct piece {
	uint64_t pa, size, at;
};

struct layout {
	struct piece *piece;
	unsigned npieces;
	uint64_t ram;
	char *notes;
	size_t notes_size;
	Elf64_Phdr *phdr;
	unsigned nphdrs;
};

static int by_address(const void *a, const void *b)
{
	uint64_t x = ((const struct piece *)a)->pa, y = ((const struct piece *)b)->pa;

	return x < y ? -1 : x > y;
}

/* Slots that touch are one piece, and what two of them have is in it once. */
static void join(struct layout *l)
{
	unsigned n = 0;

	if (!l->npieces)
		return;
	qsort(l->piece, l->npieces, sizeof(*l->piece), by_address);
	for (unsigned i = 1; i < l->npieces; i++) {
		struct piece *last = &l->piece[n], *p = &l->piece[i];

		if (p->pa - last->pa > last->size)
			l->piece[++n] = *p;
		else if (p->pa + p->size > last->pa + last->size)
			last->size = p->pa + p->size - last->pa;
	}
	l->npieces = n + 1;
	for (unsigned i = 0; i < l->npieces; i++)
		l->ram += l->piece[i].size;
}

static int find_ram(struct guest *g, struct layout *l)
{
	struct host_area a;

	for (unsigned n = 0; g->host->ops->area(g->host, n, &a); n++) {
		struct piece *more = a.ram ? realloc(l->piece, (l->npieces + 1) * sizeof(*more)) : l->piece;

		if (!a.ram)
			continue;
		if (!more)
			return refuse(&g->refusal, -ENOMEM, "out of memory");
		l->piece = more;
		l->piece[l->npieces++] = (struct piece){ .pa = a.start, .size = a.size };
	}
	join(l);
	if (l->npieces)
		return 0;
	return refuse(&g->refusal, -ENODATA, "%s",
		memory_unknown(&g->memory) ? memory_unknown(&g->memory) : "the machine has no RAM");
}

static int write_notes(struct machine *m, const char *info, size_t info_size, struct layout *l, unsigned *vcpus)
{
	struct guest *g = &m->guest;
	FILE *to = open_memstream(&l->notes, &l->notes_size);
	int err = to ? 0 : -ENOMEM;

	for (unsigned i = 0; !err && i < g->n; i++) {
		int absent;
		struct vcpu *v = machine_stopped_vcpu(g, i + 1, &absent);

		if (!v)
			continue;
		err = core_vcpu_notes(v, to);
		++*vcpus;
	}
	if (!err && info)
		err = core_note(to, "VMCOREINFO", 0, info, info_size);
	if (to && fclose(to))
		err = -ENOMEM;
	return err ? refuse(&g->refusal, err, "the vCPUs' registers: %s", strerror(-err)) : 0;
}

static const struct piece *piece_of(const struct layout *l, uint64_t pa)
{
	for (unsigned n = 0; n < l->npieces; n++)
		if (pa - l->piece[n].pa < l->piece[n].size)
			return &l->piece[n];
	return NULL;
}

/* RAM that is seen at several addresses is in the file once. */
static void add_segment(struct layout *l, const struct core_segment *s)
{
	const struct piece *p = piece_of(l, s->pa);
	uint64_t rest = p ? p->size - (s->pa - p->pa) : 0;

	if (!p)
		return;
	l->phdr[l->nphdrs++] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = p->at + (s->pa - p->pa),
		.p_vaddr = s->va,
		.p_paddr = s->pa,
		.p_filesz = s->size < rest ? s->size : rest,
		.p_memsz = s->size < rest ? s->size : rest,
	};
}

static int lay_out(struct guest *g, const struct core_segment *segments, unsigned n, struct layout *l, uint64_t *size)
{
	unsigned most = 1 + (n ? n : l->npieces);
	uint64_t at = sizeof(Elf64_Ehdr) + most * sizeof(Elf64_Phdr);

	l->phdr = calloc(most, sizeof(*l->phdr));
	if (!l->phdr)
		return refuse(&g->refusal, -ENOMEM, "out of memory");
	l->phdr[l->nphdrs++] =
		(Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = at, .p_filesz = l->notes_size, .p_memsz = l->notes_size };
	at = (at + l->notes_size + PAGE - 1) & ~(PAGE - 1);
	for (unsigned i = 0; i < l->npieces; i++) {
		l->piece[i].at = at;
		at += (l->piece[i].size + PAGE - 1) & ~(PAGE - 1);
	}
	for (unsigned i = 0; i < n; i++)
		add_segment(l, &segments[i]);
	for (unsigned i = 0; !n && i < l->npieces; i++)
		add_segment(l, &(struct core_segment){ l->piece[i].pa, l->piece[i].pa, l->piece[i].size });
	*size = at;
	return 0;
}

static int write_head(const struct guest *g, const struct layout *l, const struct core_sink *sink)
{
	Elf64_Ehdr head = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = g->arch->os->machine,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(head),
		.e_flags = g->arch->os->flags,
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)l->nphdrs,
	};
	int err = sink->write(sink->arg, 0, &head, sizeof(head));

	if (!err)
		err = sink->write(sink->arg, sizeof(head), l->phdr, l->nphdrs * sizeof(*l->phdr));
	return err ? err : sink->write(sink->arg, l->phdr->p_offset, l->notes, l->notes_size);
}

static int write_piece(struct guest *g, const struct piece *p, const struct layout *l, const struct core_sink *sink,
	uint64_t *done, uint64_t *unread)
{
	char bytes[CHUNK];
	int err = 0;

	for (uint64_t i = 0; !err && i < p->size;) {
		size_t n = p->size - i < CHUNK ? p->size - i : CHUNK;
		ssize_t got = memory_read_phys(&g->memory, p->pa + i, bytes, n);

		if (got <= 0) {
			got = n < PAGE ? (ssize_t)n : (ssize_t)PAGE;
			*unread += (uint64_t)got;
		} else
			err = sparse_write(sink->write, sink->arg, p->at + i, bytes, (size_t)got);
		i += (uint64_t)got;
		*done += (uint64_t)got;
		if (!err)
			err = sink->progress(sink->arg, *done, l->ram);
	}
	return err;
}

/* First the last byte, which may be in a page of zeroes: so long the file is. The head at the end: what is not whole is no core file. */
static int write_all(struct machine *m, struct layout *l, const struct core_segment *segments, unsigned n,
	const struct core_sink *sink, struct core_result *result)
{
	uint64_t done = 0;
	uint64_t size = 0;
	int err = lay_out(&m->guest, segments, n, l, &size);

	if (!err)
		err = sink->write(sink->arg, size - 1, "", 1);
	for (unsigned i = 0; !err && i < l->npieces; i++)
		err = write_piece(&m->guest, &l->piece[i], l, sink, &done, &result->unread);
	if (!err)
		err = write_head(&m->guest, l, sink);
	result->ram = l->ram;
	return err;
}

int core_write(struct machine *m, const struct core_segment *segments, unsigned n, const char *info, size_t info_size,
	const struct core_sink *sink, struct core_result *result)
{
	struct layout l = { 0 };
	int err;

	*result = (struct core_result){ 0 };
	if (!m->guest.arch->os)
		return refuse(
			&m->guest.refusal, -EOPNOTSUPP, "it is not known what a core file of this architecture looks like");
	err = find_ram(&m->guest, &l);
	if (!err)
		err = write_notes(m, info, info_size, &l, &result->vcpus);
	if (!err)
		err = write_all(m, &l, segments, n, sink, result);
	free(l.piece);
	free(l.notes);
	free(l.phdr);
	return err;
}
