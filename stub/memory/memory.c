/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest-virtual memory in the context of one vCPU, page by page, and guest-physical memory: arch/ translates, host/ moves the bytes,
 * planted.c hides what is planted. A debugger reads a few pages again and again at each stop; where they are is kept until the vCPU
 * runs, or until a register or memory is written.
 */
#include <errno.h>
#include <stdio.h>

#include "memory.h"

static size_t least(size_t a, uint64_t b)
{
	return a < b ? a : b;
}

const char *memory_unknown(const struct memory *m)
{
	return m->host->ops->no_mem ? m->host->ops->no_mem(m->host) : NULL;
}

static const char *translation_error(struct space *s, int err)
{
	const struct arch *arch = s->memory->arch;
	const char *unknown = err == -EIO ? memory_unknown(s->memory) : NULL;

	if (unknown)
		return unknown;
	switch (err) {
	case -EFAULT:
		return "not mapped";
	case -EIO:
		return "a page table on the way is not in RAM";
	case -EOPNOTSUPP:
		return arch->walk.untranslated ? arch->walk.untranslated(&s->regs->view)
					       : "a kind of address translation that is not known here";
	default:
		return s->regs->why;
	}
}

/* No page of any architecture is smaller. */
#define PAGE_LEAST 4096ull

static bool find_seen(struct space *s, uint64_t addr, struct arch_page *page)
{
	struct seen_pages *seen = &s->seen;

	if (seen->regs_age != s->regs->age || seen->memory_age != s->memory->age)
		*seen = (struct seen_pages){ .regs_age = s->regs->age, .memory_age = s->memory->age };
	for (unsigned i = 0; i < seen->n; i++) {
		uint64_t at = addr - seen->page[i].va;

		if (at < seen->page[i].page.size) {
			*page = seen->page[i].page;
			page->pa += at;
			page->size -= at;
			return true;
		}
	}
	return false;
}

/* From the beginning of the page on, for what is read next may be in front of what is read now. */
static void see(struct space *s, uint64_t addr)
{
	struct seen_pages *seen = &s->seen;
	uint64_t va = addr & ~(PAGE_LEAST - 1);
	struct arch_page page;

	if (s->memory->arch->walk.translate(&s->regs->view, va, &page))
		return;
	seen->page[seen->next].va = va;
	seen->page[seen->next].page = page;
	seen->next = (seen->next + 1) % SEEN_PAGES;
	seen->n += seen->n < SEEN_PAGES;
}

static int translate(struct space *s, uint64_t addr, struct arch_page *page)
{
	if (find_seen(s, addr, page))
		return 0;
	see(s, addr);
	return find_seen(s, addr, page) ? 0 : s->memory->arch->walk.translate(&s->regs->view, addr, page);
}

void memory_forget(struct space *s)
{
	s->seen.n = s->seen.next = 0;
}

int memory_find(struct space *s, uint64_t addr, struct arch_page *page, const struct refusal *why)
{
	int err = translate(s, addr, page);

	return err ? refuse(why, err, "0x%llx: %s", (unsigned long long)addr, translation_error(s, err)) : 0;
}

int memory_translate(struct space *s, uint64_t addr, struct arch_page *page)
{
	return memory_find(s, addr, page, &s->memory->why);
}

uint64_t memory_of_pc(struct space *s)
{
	const struct arch *arch = s->memory->arch;
	uint64_t addr = 0;

	if (arch->walk.code_address)
		arch->walk.code_address(&s->regs->view, &addr);
	else
		s->regs->view.get(&s->regs->view, arch->regs.pc, &addr);
	return addr;
}

/* A device that is known to be at pa, or NULL. */
static const char *device_at(struct memory *m, uint64_t pa, struct host_area *area)
{
	for (unsigned n = 0; m->host->ops->area(m->host, n, area); n++)
		if (!area->ram && pa - area->start < area->size)
			return area->what;
	return NULL;
}

/* What cannot be read or written at pa, which is addr to the vCPU, or to nobody when s is NULL. */
static ssize_t refuse_at(struct memory *m, struct space *s, uint64_t addr, uint64_t pa, ssize_t err)
{
	struct host_area area;
	const char *unknown = memory_unknown(m);
	const char *device = err == -EFAULT ? device_at(m, pa, &area) : NULL;
	char where[48] = "";

	if (unknown)
		return refuse(&m->why, (int)err, "guest-physical 0x%llx: %s", (unsigned long long)pa, unknown);
	if (s)
		snprintf(where, sizeof(where), "0x%llx is at ", (unsigned long long)addr);
	return refuse(&m->why, err < 0 ? (int)err : -EIO, "%sguest-physical 0x%llx%s is %s%s%s", where, (unsigned long long)pa,
		s ? ", which" : "",
		err == -EFAULT ? "not RAM" : "RAM that cannot be had: its file was cut, or it is mapped no more",
		device ? " but a device: " : "", device ? device : "");
}

/* Where addr is: for a vCPU, or guest-physical when s is NULL. 0, or -errno and a sentence. */
static int locate(struct memory *m, struct space *s, uint64_t addr, struct arch_page *page)
{
	if (s)
		return memory_find(s, addr, page, &m->why);
	*page = (struct arch_page){ .pa = addr, .size = UINT64_MAX - addr };
	page->size += page->size < UINT64_MAX;
	return 0;
}

/* Pages that follow each other physically as well are read in one piece. */
static void extend(struct space *s, uint64_t addr, struct arch_page *page, size_t len)
{
	struct arch_page next;

	while (page->size < len && !translate(s, addr + page->size, &next) && next.pa == page->pa + page->size)
		page->size += least(len, next.size);
}

/* As much as the page, and the RAM behind it, give; at least one byte, or -errno. */
static ssize_t read_page(struct memory *m, const struct arch_page *page, void *buf, size_t len)
{
	ssize_t n = m->host->ops->read_mem(m->host, page->pa, buf, least(len, page->size));

	if (n > 0)
		planted_hide(&m->planted, page->pa, buf, n);
	return n;
}

static ssize_t read_on(struct memory *m, struct space *s, uint64_t addr, void *buf, size_t len)
{
	struct arch_page page;
	ssize_t n = locate(m, s, addr, &page);

	if (n < 0)
		return n;
	if (s)
		extend(s, addr, &page, len);
	n = read_page(m, &page, buf, len);
	return n > 0 ? n : refuse_at(m, s, addr, page.pa, n);
}

static ssize_t read_all(struct memory *m, struct space *s, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read_on(m, s, addr + done, (char *)buf + done, len - done);

		if (n < 0)
			return done ? (ssize_t)done : n;
		done += n;
	}
	return done;
}

ssize_t memory_read(struct space *s, uint64_t addr, void *buf, size_t len)
{
	return read_all(s->memory, s, addr, buf, len);
}

ssize_t memory_read_phys(struct memory *m, uint64_t pa, void *buf, size_t len)
{
	return read_all(m, NULL, pa, buf, len);
}

ssize_t memory_peek(struct space *s, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		struct arch_page page;
		ssize_t n = translate(s, addr + done, &page);

		if (!n)
			n = read_page(s->memory, &page, (char *)buf + done, len - done);
		if (n < 0)
			return done ? (ssize_t)done : n;
		done += n;
	}
	return done;
}

/* Is there RAM for all of these bytes? A host's pages may be missing one by one, and none is smaller than this. */
static int check_page(struct memory *m, struct space *s, uint64_t addr, uint64_t pa, size_t len)
{
	for (size_t at = 0; at < len; at += PAGE_LEAST - (pa + at) % PAGE_LEAST) {
		char probe;
		ssize_t n = m->host->ops->read_mem(m->host, pa + at, &probe, 1);

		if (n != 1)
			return (int)refuse_at(m, s, addr + at, pa + at, n);
	}
	return 0;
}

/* All of it can be written: every page is mapped, and to RAM. */
static int check_write(struct memory *m, struct space *s, uint64_t addr, size_t len)
{
	while (len) {
		struct arch_page page;
		int err = locate(m, s, addr, &page);
		size_t n = err ? 0 : least(len, page.size);

		if (!err)
			err = check_page(m, s, addr, page.pa, n);
		if (err)
			return err;
		addr += n;
		len -= n;
	}
	return 0;
}

static int write_all(struct memory *m, struct space *s, uint64_t addr, const void *buf, size_t len)
{
	int err = check_write(m, s, addr, len);

	m->age++;
	for (size_t done = 0; !err && done < len;) {
		struct arch_page page;
		ssize_t n = locate(m, s, addr + done, &page);

		if (n)
			return (int)n;
		n = planted_write(&m->planted, page.pa, (const char *)buf + done, least(len - done, page.size));
		if (n <= 0)
			return (int)refuse_at(m, s, addr + done, page.pa, n);
		m->host->ops->sync_code(m->host, page.pa, n);
		done += n;
	}
	return err;
}

int memory_write(struct space *s, uint64_t addr, const void *buf, size_t len)
{
	return write_all(s->memory, s, addr, buf, len);
}

int memory_write_phys(struct memory *m, uint64_t pa, const void *buf, size_t len)
{
	return write_all(m, NULL, pa, buf, len);
}
