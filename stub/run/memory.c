/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest-virtual memory in the context of one vCPU, page by page: arch/ translates, host/ moves the bytes, points.c hides what is
 * planted. A debugger reads a few pages again and again at each stop; where they are is kept until the vCPU runs, or until a
 * register or memory is written.
 */
#include <errno.h>
#include <stdio.h>

#include "machine.h"

static size_t least(size_t a, uint64_t b)
{
	return a < b ? a : b;
}

static const char *translation_error(const struct vcpu *v, int err)
{
	const char *untranslated = v->machine->arch->untranslated;

	switch (err) {
	case -EFAULT:
		return "not mapped";
	case -EIO:
		return "a page table on the way is not in RAM";
	case -EOPNOTSUPP:
		return untranslated ? untranslated : "a kind of address translation that is not known here";
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
			*page = (struct arch_page){ .pa = s->page[i].page.pa + at, .size = s->page[i].page.size - at };
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

	if (v->machine->arch->translate(&v->regs.view, va, &page))
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
	return find_seen(v, addr, page) ? 0 : v->machine->arch->translate(&v->regs.view, addr, page);
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

	if (arch->code_address)
		arch->code_address(&v->regs.view, &addr);
	else
		v->regs.view.get(&v->regs.view, arch->pc, &addr);
	return addr;
}

static int not_ram(struct machine *m, uint64_t addr, uint64_t pa)
{
	return machine_refuse(m, -EFAULT, "0x%llx is at guest-physical 0x%llx, which is not RAM", (unsigned long long)addr,
		(unsigned long long)pa);
}

/* As much as one page, and the RAM behind it, give; at least one byte, or -EFAULT. */
static ssize_t read_page(struct machine *m, const struct arch_page *page, void *buf, size_t len)
{
	ssize_t n = m->host->ops->read_mem(m->host, page->pa, buf, least(len, page->size));

	if (n <= 0)
		return -EFAULT;
	points_hide(m, page->pa, buf, n);
	return n;
}

static ssize_t read_on(struct vcpu *v, uint64_t addr, void *buf, size_t len)
{
	struct arch_page page;
	ssize_t n = memory_translate(v, addr, &page);

	if (n < 0)
		return n;
	n = read_page(v->machine, &page, buf, len);
	return n < 0 ? not_ram(v->machine, addr, page.pa) : n;
}

ssize_t memory_read(struct vcpu *v, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read_on(v, addr + done, (char *)buf + done, len - done);

		if (n < 0)
			return done ? (ssize_t)done : n;
		done += n;
	}
	return done;
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

/* All of it can be written: every page is mapped, and to RAM. */
static int check_write(struct vcpu *v, uint64_t addr, size_t len)
{
	struct machine *m = v->machine;

	while (len) {
		struct arch_page page;
		int err = memory_translate(v, addr, &page);
		size_t n = err ? 0 : least(len, page.size);
		char probe;

		if (err)
			return err;
		if (m->host->ops->read_mem(m->host, page.pa, &probe, 1) != 1 ||
			m->host->ops->read_mem(m->host, page.pa + n - 1, &probe, 1) != 1)
			return not_ram(m, addr, page.pa);
		addr += n;
		len -= n;
	}
	return 0;
}

int memory_write(struct vcpu *v, uint64_t addr, const void *buf, size_t len)
{
	struct machine *m = v->machine;
	int err = check_write(v, addr, len);

	m->memory_age++;
	for (size_t done = 0; !err && done < len;) {
		struct arch_page page;
		ssize_t n = memory_translate(v, addr + done, &page);

		if (!n)
			n = points_write(m, page.pa, (const char *)buf + done, least(len - done, page.size));
		if (n <= 0)
			return n ? (int)n : not_ram(m, addr + done, page.pa);
		m->host->ops->sync_code(m->host, page.pa, n);
		done += n;
	}
	return err;
}
