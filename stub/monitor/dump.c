/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which addresses RAM is seen at in a core file: with a Linux, each range in the kernel's map of all RAM, as /proc/vmcore has them, and the
 * kernel itself at its own; else guest-physical ones. For debuggers the kernel comes first: an address is looked up in order.
 */
#include "dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../files.h"
#include "../machine/core.h"
#include "vmcoreinfo.h"

struct dump {
	struct guest *guest;
	const struct dump_file *file;
	struct core_segment *segment;
	unsigned n, room;
	bool cut; /* there were more */
};

/* Where one goes on, in both kinds of addresses, it is one. */
static int add(struct dump *d, uint64_t va, uint64_t pa, uint64_t size)
{
	struct core_segment *last = d->n ? &d->segment[d->n - 1] : NULL, *more;

	if (last && last->va + last->size == va && last->pa + last->size == pa) {
		last->size += size;
		return 0;
	}
	if (d->n == CORE_SEGMENTS_MAX) {
		d->cut = true;
		return 0;
	}
	if (d->n == d->room) {
		more = realloc(d->segment, (d->room = 2 * d->room + 16) * sizeof(*more));
		if (!more)
			return refuse(&d->guest->refusal, -ENOMEM, "out of memory");
		d->segment = more;
	}
	d->segment[d->n++] = (struct core_segment){ va, pa, size };
	return 0;
}

/* The kernel's own mapping, as far as it is in one piece of RAM. */
static int add_kernel(struct dump *d, struct vmcoreinfo *i)
{
	uint64_t start, end;

	if (i->has_linear && i->image == i->linear)
		return 0;
	vmcoreinfo_image(i, &start, &end);
	return end > start ? add(d, start, start - i->image, end - start) : 0;
}

static int add_ram(struct dump *d, uint64_t offset)
{
	struct host *h = d->guest->host;
	struct host_area a;
	int err = 0;

	for (unsigned n = 0; !err && h->ops->area(h, n, &a); n++)
		if (a.ram)
			err = add(d, a.start + offset, a.start, a.size);
	return err;
}

#define PAGE_LEAST 4096ull
#define LOOKS (1u << 20)

static bool is_ram(struct guest *g, uint64_t pa)
{
	char byte;

	return memory_read_phys(&g->memory, pa, &byte, 1) == 1;
}

static int add_page(struct dump *d, uint64_t va, const struct arch_page *page)
{
	return is_ram(d->guest, page->pa) ? add(d, va, page->pa, page->size) : 0;
}

/* What the page tables of the vCPU whose stop was reported last map, page by page. */
static int add_mapped(struct dump *d)
{
	struct space *s = &d->guest->current->space;
	const struct arch_walk *w = &d->guest->arch->walk;
	uint64_t va = 0;
	int err = 0;

	for (unsigned looks = 0; !err && !d->cut && looks < LOOKS; looks++) {
		struct arch_page page = { 0 };
		uint64_t alias = w->aliases ? w->aliases(&s->regs->view, va) : 0;
		int none = alias ? -EFAULT : w->translate(&s->regs->view, va, &page);

		if (none && none != -EFAULT && none != -EIO)
			return memory_translate(s, va, &page);
		if (!none && page.access & ARCH_PAGE_BARE)
			return 0;
		if (!none)
			err = add_page(d, va, &page);
		page.size = alias ? alias : page.size ? page.size : PAGE_LEAST;
		if (va + page.size <= va)
			return err;
		va += page.size;
	}
	d->cut |= !err;
	return err;
}

static int find_segments(struct dump *d, struct vmcoreinfo *i, bool virtual)
{
	int err = i ? add_kernel(d, i) : 0;

	if (!err)
		err = add_ram(d, i && i->has_linear ? i->linear : 0);
	return err || !virtual ? err : add_mapped(d);
}

/* ---- the file */

static int write_file(void *arg, uint64_t at, const void *bytes, size_t n)
{
	struct dump *d = arg;

	return files_write(d->file->name, d->file->fd, at, bytes, n, &d->guest->refusal);
}

static int go_on(void *arg, uint64_t done, uint64_t all)
{
	struct dump *d = arg;

	if (d->file->progress)
		d->file->progress(done, all);
	if (d->file->files->gives_up && d->file->files->gives_up())
		return refuse(&d->guest->refusal, -EINTR, "%.80s: the server is told to end", d->file->name);
	return 0;
}

static void tell(const struct dump *d, const struct vmcoreinfo *i, const struct core_result *r, const struct printer *out)
{
	say(out, "%.80s: %llu MiB of RAM, %u vCPUs\n", d->file->name, (unsigned long long)(r->ram >> 20), r->vcpus);
	if (!i)
		say(out, "No VMCOREINFO was found: addresses in it are guest-physical.\n");
	else if (!i->has_linear)
		say(out, "Where the kernel has its map of all RAM was not found: addresses of that are guest-physical.\n");
	if (r->unread)
		say(out, "%llu bytes of RAM could not be read: they are zero in it.\n", (unsigned long long)r->unread);
	if (d->cut)
		say(out, "More is mapped than it has entries for: the rest is left out.\n");
}

int dump_machine(struct machine *m, const struct dump_file *file, const struct printer *out)
{
	struct guest *g = &m->guest;
	struct dump d = { .guest = g, .file = file };
	const struct core_sink sink = { .write = write_file, .progress = go_on, .arg = &d };
	struct core_result result;
	struct linux_banner b;
	int err, none;
	struct vmcoreinfo *i = linux_find(g, &b) ? vmcoreinfo_find(&b, &none) : NULL;

	err = find_segments(&d, i, file->virtual);
	if (!err)
		err = core_write(m, d.segment, d.n, i ? i->text : NULL, i ? i->size : 0, &sink, &result);
	err = files_end(file->files, file->name, file->fd, err, &g->refusal);
	if (!err)
		tell(&d, i, &result, out);
	free(d.segment);
	free(i);
	return err;
}

int do_dump(struct machine *m, char **words, const struct printer *out)
{
	struct guest *g = &m->guest;
	struct dump_file file = { .files = m->files, .name = words[0], .virtual = words[0] && words[1] };

	if (!words[0] || (words[1] && strcmp(words[1], "virtual")))
		return refuse(&g->refusal, -EINVAL, "dump FILE [virtual]: a name for a new file in the directory of --files");
	if (guest_running(g))
		return refuse(&g->refusal, -EBUSY, "dump: a vCPU runs; stop them all first");
	file.fd = files_create(m->files, file.name, &g->refusal);
	return file.fd < 0 ? file.fd : dump_machine(m, &file, out);
}
