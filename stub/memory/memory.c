/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest-virtual memory in the context of one vCPU, page by page, and guest-physical memory: arch/ translates, host/ moves the bytes,
 * planted.c hides what is planted. A debugger reads a few pages again and again at each stop; where they are is kept until the vCPU
 * runs, or until a register or memory is written.
 */
#include <errno.h>
#include <stdio.h>

#include "../machine/machine.h"

static size_t least(size_t a, uint64_t b)
{
	return a < b ? a : b;
}

static const char *translation_error(struct vcpu *v, int err)
{
	const struct arch *arch = v->machine->arch;

	switch (err) {
	case -EFAULT:
		return "not mapped";
	case -EIO:
		return "a page table on the way is not in RAM";
	case -EOPNOTSUPP:
		return arch->walk.untranslated ? arch->walk.untranslated(&v->regs.view)
					       : "a kind of address translation that is not known here";
	default:
		return v->regs.why;
	}
}

/* No page of any architecture is smaller. */
#define PAGE_LEAST 4096ull

static bool find_seen(struct vcpu *v, uint64_t addr, struct arch_page *page)
{
	struct seen_pages *s = &v->seen;

	if (s->regs_age != v->regs.age || s->memory_age != v->machine->memory_age)
		*s = (struct seen_pages){ .regs_age = v->regs.age, .memory_age = v->machine->memory_age };
	for (unsigned i = 0; i < s->n; i++) {
		uint64_t at = addr - s->page[i].va;

		if (at < s->page[i].page.size) {
			*page = s->page[i].page;
			page->pa += at;
			page->size -= at;
			return true;
		}
	}
	return false;
}

/* From the beginning of the page on, for what is read next may be in front of what is read now. */
static void see(struct vcpu *v, uint64_t addr)
{
	struct seen_pages *s = &v->seen;
	uint64_t va = addr & ~(PAGE_LEAST - 1);
	struct arch_page page;

	if (v->machine->arch->walk.translate(&v->regs.view, va, &page))
		return;
	s->page[s->next].va = va;
	s->page[s->next].page = page;
	s->next = (s->next + 1) % SEEN_PAGES;
	s->n += s->n < SEEN_PAGES;
}

static int translate(struct vcpu *v, uint64_t addr, struct arch_page *page)
{
	if (find_seen(v, addr, page))
		return 0;
	see(v, addr);
	return find_seen(v, addr, page) ? 0 : v->machine->arch->walk.translate(&v->regs.view, addr, page);
}

void memory_forget(struct vcpu *v)
{
	v->seen.n = v->seen.next = 0;
}

int memory_find(struct vcpu *v, uint64_t addr, struct arch_page *page, char *why, size_t size)
{
	int err = translate(v, addr, page);

	if (err)
		snprintf(why, size, "0x%llx: %s", (unsigned long long)addr, translation_error(v, err));
	return err;
}

int memory_translate(struct vcpu *v, uint64_t addr, struct arch_page *page)
{
	return memory_find(v, addr, page, v->machine->why, sizeof(v->machine->why));
}

uint64_t memory_of_pc(struct vcpu *v)
{
	const struct arch *arch = v->machine->arch;
	uint64_t addr = 0;

	if (arch->walk.code_address)
		arch->walk.code_address(&v->regs.view, &addr);
	else
		v->regs.view.get(&v->regs.view, arch->regs.pc, &addr);
	return addr;
}

/* A device that is known to be at pa, or NULL. */
static const char *device_at(struct machine *m, uint64_t pa, struct host_area *area)
{
	for (unsigned n = 0; m->host->ops->area(m->host, n, area); n++)
		if (!area->ram && pa - area->start < area->size)
			return area->what;
	return NULL;
}

/* What cannot be read or written at pa, which is addr to the vCPU, or to nobody when v is NULL. */
static ssize_t refuse_at(struct machine *m, struct vcpu *v, uint64_t addr, uint64_t pa, ssize_t err)
{
	struct host_area area;
	const char *device = err == -EFAULT ? device_at(m, pa, &area) : NULL;
	char where[48] = "";

	if (v)
		snprintf(where, sizeof(where), "0x%llx is at ", (unsigned long long)addr);
	return machine_refuse(m, err < 0 ? (int)err : -EIO, "%sguest-physical 0x%llx%s is %s%s%s", where, (unsigned long long)pa,
		v ? ", which" : "",
		err == -EFAULT ? "not RAM" : "RAM that cannot be had: its file was cut, or it is mapped no more",
		device ? " but a device: " : "", device ? device : "");
}

/* Where addr is: for a vCPU, or guest-physical when v is NULL. 0, or -errno and a sentence. */
static int locate(struct machine *m, struct vcpu *v, uint64_t addr, struct arch_page *page)
{
	if (v)
		return memory_find(v, addr, page, m->why, sizeof(m->why));
	*page = (struct arch_page){ .pa = addr, .size = UINT64_MAX - addr };
	page->size += page->size < UINT64_MAX;
	return 0;
}

/* Pages that follow each other physically as well are read in one piece. */
static void extend(struct vcpu *v, uint64_t addr, struct arch_page *page, size_t len)
{
	struct arch_page next;

	while (page->size < len && !translate(v, addr + page->size, &next) && next.pa == page->pa + page->size)
		page->size += least(len, next.size);
}

/* As much as the page, and the RAM behind it, give; at least one byte, or -errno. */
static ssize_t read_page(struct machine *m, const struct arch_page *page, void *buf, size_t len)
{
	ssize_t n = m->host->ops->read_mem(m->host, page->pa, buf, least(len, page->size));

	if (n > 0)
		planted_hide(&m->planted, page->pa, buf, n);
	return n;
}

static ssize_t read_on(struct machine *m, struct vcpu *v, uint64_t addr, void *buf, size_t len)
{
	struct arch_page page;
	ssize_t n = locate(m, v, addr, &page);

	if (n < 0)
		return n;
	if (v)
		extend(v, addr, &page, len);
	n = read_page(m, &page, buf, len);
	return n > 0 ? n : refuse_at(m, v, addr, page.pa, n);
}

static ssize_t read_all(struct machine *m, struct vcpu *v, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read_on(m, v, addr + done, (char *)buf + done, len - done);

		if (n < 0)
			return done ? (ssize_t)done : n;
		done += n;
	}
	return done;
}

ssize_t memory_read(struct vcpu *v, uint64_t addr, void *buf, size_t len)
{
	return read_all(v->machine, v, addr, buf, len);
}

ssize_t memory_read_phys(struct machine *m, uint64_t pa, void *buf, size_t len)
{
	return read_all(m, NULL, pa, buf, len);
}

ssize_t memory_peek(struct vcpu *v, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		struct arch_page page;
		ssize_t n = translate(v, addr + done, &page);

		if (!n)
			n = read_page(v->machine, &page, (char *)buf + done, len - done);
		if (n < 0)
			return done ? (ssize_t)done : n;
		done += n;
	}
	return done;
}

/* Is there RAM for all of these bytes? A host's pages may be missing one by one, and none is smaller than this. */
static int check_page(struct machine *m, struct vcpu *v, uint64_t addr, uint64_t pa, size_t len)
{
	for (size_t at = 0; at < len; at += PAGE_LEAST - (pa + at) % PAGE_LEAST) {
		char probe;
		ssize_t n = m->host->ops->read_mem(m->host, pa + at, &probe, 1);

		if (n != 1)
			return (int)refuse_at(m, v, addr + at, pa + at, n);
	}
	return 0;
}

/* All of it can be written: every page is mapped, and to RAM. */
static int check_write(struct machine *m, struct vcpu *v, uint64_t addr, size_t len)
{
	while (len) {
		struct arch_page page;
		int err = locate(m, v, addr, &page);
		size_t n = err ? 0 : least(len, page.size);

		if (!err)
			err = check_page(m, v, addr, page.pa, n);
		if (err)
			return err;
		addr += n;
		len -= n;
	}
	return 0;
}

static int write_all(struct machine *m, struct vcpu *v, uint64_t addr, const void *buf, size_t len)
{
	int err = check_write(m, v, addr, len);

	m->memory_age++;
	for (size_t done = 0; !err && done < len;) {
		struct arch_page page;
		ssize_t n = locate(m, v, addr + done, &page);

		if (n)
			return (int)n;
		n = planted_write(&m->planted, page.pa, (const char *)buf + done, least(len - done, page.size));
		if (n <= 0)
			return (int)refuse_at(m, v, addr + done, page.pa, n);
		m->host->ops->sync_code(m->host, page.pa, n);
		done += n;
	}
	return err;
}

int memory_write(struct vcpu *v, uint64_t addr, const void *buf, size_t len)
{
	return write_all(v->machine, v, addr, buf, len);
}

int memory_write_phys(struct machine *m, uint64_t pa, const void *buf, size_t len)
{
	return write_all(m, NULL, pa, buf, len);
}
