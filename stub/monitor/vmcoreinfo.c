/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds VMCOREINFO by its first word at the start of a page of RAM. A page like that may be left from a kernel that ran before, or be
 * anybody's: it is taken when it names the release of the kernel that runs, and when by its numbers that kernel's own name is where
 * it says. Nothing that it says is believed beyond that: each address is translated, and each read may fail.
 */
#include "vmcoreinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST "OSRELEASE="
#define PAGE_LEAST 4096ull
#define CHUNK 0x10000ull
#define NAME_MAX 80

/* struct new_utsname: the release is the third of its texts. */
#define UTS_TEXT 65
#define UTS_RELEASE (2 * UTS_TEXT)

#define MIB (1ull << 20)
#define IMAGE_BEFORE (2 * MIB) /* of _stext */
#define IMAGE_MOST (512 * MIB)
#define LOOKS 65536 /* pages or holes, for one answer */

/* ---- numbers */

/* What is behind "NAME=", up to the newline, or NULL. */
static const char *find_value(const struct vmcoreinfo *i, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = i->text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, name, len) && at[len] == '=')
			return at + len + 1;
	}
	return NULL;
}

/* Symbols are in hexadecimal; other numbers as they are printed, some as negative ones. */
bool vmcoreinfo_number(const struct vmcoreinfo *i, const char *name, uint64_t *value)
{
	const char *text = find_value(i, name);
	bool hex = !strncmp(name, "SYMBOL(", 7) || !strcmp(name, "KERNELOFFSET");
	char *end;

	if (!text)
		return false;
	*value = strtoull(text, &end, hex ? 16 : 0);
	return end > text && (*end == '\n' || !*end);
}

static bool told_number(const struct linux_told *told, const char *name, uint64_t *value)
{
	return vmcoreinfo_number((const struct vmcoreinfo *)told, name, value);
}

/* ---- the kernel's addresses */

/* A vCPU as it would be in the kernel, with the kernel's own tables. */
struct kernel_view {
	struct view view;
	struct view *below;
	const struct vmcoreinfo *info;
};

static int kernel_get(struct view *v, uint64_t key, uint64_t *value)
{
	struct kernel_view *k = (struct kernel_view *)v;

	for (unsigned i = 0; i < k->info->nroots; i++)
		if (k->info->root[i].key == key) {
			*value = k->info->root[i].value;
			return 0;
		}
	return k->below->get(k->below, key, value);
}

static int kernel_set(struct view *v, uint64_t key, uint64_t value)
{
	(void)v;
	(void)key;
	(void)value;
	return -EPERM;
}

static int kernel_read_phys(struct view *v, uint64_t gpa, void *buf, size_t len)
{
	struct kernel_view *k = (struct kernel_view *)v;

	return k->below->read_phys(k->below, gpa, buf, len);
}

static int walk(struct vmcoreinfo *i, uint64_t va, struct arch_page *page)
{
	struct kernel_view k = {
		.view = { .get = kernel_get, .set = kernel_set, .read_phys = kernel_read_phys },
		.below = &i->vcpu->regs.view,
		.info = i,
	};

	return i->vcpu->guest->arch->walk.translate(&k.view, va, page);
}

/* Without tables: what is around _stext is the kernel, and all else is in the map of RAM, if it is mapped at all. */
static int compute(const struct vmcoreinfo *i, uint64_t va, struct arch_page *page)
{
	uint64_t stext, rest = PAGE_LEAST - va % PAGE_LEAST;

	*page = (struct arch_page){ .size = rest };
	if (!vmcoreinfo_number(i, "SYMBOL(_stext)", &stext))
		return -EFAULT;
	if (va - (stext - IMAGE_BEFORE) < IMAGE_MOST)
		page->pa = va - i->image;
	else if (i->has_linear)
		page->pa = va - i->linear;
	else
		return -EFAULT;
	return 0;
}

int vmcoreinfo_translate(struct vmcoreinfo *i, uint64_t va, struct arch_page *page)
{
	int err;

	for (unsigned n = 0; n < sizeof(i->seen) / sizeof(*i->seen); n++) {
		uint64_t at = va - i->seen[n].va;

		if (at >= i->seen[n].page.size)
			continue;
		*page = i->seen[n].page;
		page->pa += at;
		page->size -= at;
		return 0;
	}
	err = i->nroots ? walk(i, va, page) : compute(i, va, page);
	if (err)
		return -EFAULT;
	i->seen[i->next].va = va;
	i->seen[i->next].page = *page;
	i->next = (i->next + 1) % (sizeof(i->seen) / sizeof(*i->seen));
	return 0;
}

int vmcoreinfo_read(struct vmcoreinfo *i, uint64_t va, void *buf, size_t len)
{
	for (size_t done = 0; done < len;) {
		struct arch_page page;
		size_t n = len - done;

		if (vmcoreinfo_translate(i, va + done, &page))
			return -EFAULT;
		n = n < page.size ? n : page.size;
		if (memory_read_phys(&i->vcpu->guest->memory, page.pa, (char *)buf + done, n) != (ssize_t)n)
			return -EFAULT;
		done += n;
	}
	return 0;
}

int vmcoreinfo_read_number(struct vmcoreinfo *i, uint64_t va, unsigned size, uint64_t *value)
{
	uint8_t bytes[8];
	int err = size <= sizeof(bytes) ? vmcoreinfo_read(i, va, bytes, size) : -EFAULT;

	*value = 0;
	for (unsigned n = 0; !err && n < size; n++)
		*value |= (uint64_t)bytes[n] << 8 * (i->vcpu->guest->arch->big_endian ? size - 1 - n : n);
	return err;
}

/* Is va where its offset says, by the tables? */
static bool agrees(struct vmcoreinfo *i, uint64_t va, uint64_t offset)
{
	struct arch_page page;

	return !vmcoreinfo_translate(i, va, &page) && page.pa == va - offset;
}

static void find_roots(struct vmcoreinfo *i, uint64_t stext)
{
	const struct arch_linux *os = i->vcpu->guest->arch->os;
	uint64_t table;

	if (!os->roots || !vmcoreinfo_number(i, "SYMBOL(swapper_pg_dir)", &table))
		return;
	i->nroots = os->roots(&i->vcpu->regs.view, table - i->image, i->root);
	if (i->nroots && agrees(i, stext, i->image))
		return;
	i->nroots = 0;
	memset(i->seen, 0, sizeof(i->seen));
}

/* The first that is mapped from the least address on is the beginning of the map of RAM. */
static bool look_for_linear(struct vmcoreinfo *i, uint64_t va, uint64_t *offset)
{
	for (unsigned looks = 0; looks < LOOKS; looks++) {
		struct arch_page page;

		if (!walk(i, va, &page)) {
			*offset = va - page.pa;
			return true;
		}
		if (!page.size || va + page.size < va)
			return false;
		va += page.size;
	}
	return false;
}

/* Known to be right where VMCOREINFO itself is. */
static void find_linear(struct vmcoreinfo *i)
{
	const struct arch_linux *os = i->vcpu->guest->arch->os;
	bool found = false;

	if (os->linear)
		found = os->linear(&i->told, &i->linear);
	else if (os->linear_least && i->nroots)
		found = look_for_linear(i, os->linear_least(&i->told), &i->linear);
	i->has_linear = found && (!i->nroots || agrees(i, i->pa + i->linear, i->linear));
}

void vmcoreinfo_image(struct vmcoreinfo *i, uint64_t *start, uint64_t *end)
{
	uint64_t stext = 0, va;

	vmcoreinfo_number(i, "SYMBOL(_stext)", &stext);
	*start = *end = stext & ~(PAGE_LEAST - 1);
	while (stext - *start < IMAGE_BEFORE && agrees(i, *start - PAGE_LEAST, i->image))
		*start -= PAGE_LEAST;
	va = *end;
	for (unsigned looks = 0; va - *start < IMAGE_MOST && looks < LOOKS; looks++) {
		struct arch_page page = { 0 };
		bool mapped = !(i->nroots ? walk(i, va, &page) : compute(i, va, &page));

		if (!page.size || va + page.size < va)
			return;
		va += page.size;
		if (mapped && page.pa == va - page.size - i->image)
			*end = va;
	}
}

/* ---- is it this kernel's? */

static bool has_release(const struct vmcoreinfo *i, const struct linux_banner *b)
{
	const char *release = b->text + strlen(LINUX_PREFIX);
	size_t len = strcspn(release, " ");

	return len < UTS_TEXT && !strncmp(i->text + strlen(FIRST), release, len) && i->text[strlen(FIRST) + len] == '\n';
}

/* What the kernel does not tell, the mapping of its banner does. And where that is in use, it is the same. */
static bool find_image(struct vmcoreinfo *i, const struct linux_banner *b)
{
	const struct arch_linux *os = i->vcpu->guest->arch->os;
	bool runs = b->mapped && b->va != b->pa, told = os->image && os->image(&i->told, &i->image);

	if (!told && runs)
		i->image = b->va - b->pa;
	return told ? !runs || i->image == b->va - b->pa : runs;
}

static bool has_its_name(struct vmcoreinfo *i)
{
	uint64_t uts, name;
	char release[UTS_TEXT + 1] = "";
	size_t len = strcspn(i->text + strlen(FIRST), "\n");

	if (!vmcoreinfo_number(i, "SYMBOL(init_uts_ns)", &uts) || !vmcoreinfo_number(i, "OFFSET(uts_namespace.name)", &name))
		return false;
	if (vmcoreinfo_read(i, uts + name + UTS_RELEASE, release, UTS_TEXT))
		return false;
	return strlen(release) == len && !strncmp(release, i->text + strlen(FIRST), len);
}

static bool is_it(struct vmcoreinfo *i, const struct linux_banner *b)
{
	uint64_t stext;

	if (!has_release(i, b) || !vmcoreinfo_number(i, "SYMBOL(_stext)", &stext) || !find_image(i, b))
		return false;
	if (b->pa - (stext - i->image) + 2 * LINUX_REACH > 4 * LINUX_REACH)
		return false;
	find_roots(i, stext);
	if (!has_its_name(i))
		return false;
	find_linear(i);
	return true;
}

/* ---- where it is */

/* What of text is in one piece from pa on, and ends with the first byte of zero. */
static void take(struct vmcoreinfo *i, const struct linux_banner *b, uint64_t pa)
{
	ssize_t n;

	memset(i, 0, sizeof(*i));
	i->told.number = told_number;
	i->vcpu = b->vcpu;
	i->pa = pa;
	n = memory_read_phys(&b->vcpu->guest->memory, pa, i->text, VMCOREINFO_MAX);
	i->text[n > 0 ? n : 0] = '\0';
	i->size = strlen(i->text);
}

/* 0: it is in this chunk of RAM; else -ENOENT, or -ESTALE: there is one like it. */
static int look_in_chunk(struct vmcoreinfo *i, const struct linux_banner *b, uint64_t pa, size_t len)
{
	char bytes[CHUNK];
	ssize_t n = memory_read_phys(&b->vcpu->guest->memory, pa, bytes, len);
	int err = -ENOENT;

	for (ssize_t at = 0; at + (ssize_t)strlen(FIRST) <= n; at += PAGE_LEAST) {
		if (memcmp(bytes + at, FIRST, strlen(FIRST)))
			continue;
		take(i, b, pa + (uint64_t)at);
		if (is_it(i, b))
			return 0;
		err = -ESTALE;
	}
	return err;
}

static int look_in_area(struct vmcoreinfo *i, const struct linux_banner *b, const struct host_area *a, int err)
{
	uint64_t skip = -a->start % PAGE_LEAST;

	for (uint64_t at = skip; at < a->size; at += CHUNK) {
		uint64_t rest = a->size - at;
		int found = look_in_chunk(i, b, a->start + at, rest < CHUNK ? rest : CHUNK);

		if (found != -ENOENT)
			err = found;
		if (!err)
			break;
	}
	return err;
}

struct vmcoreinfo *vmcoreinfo_find(const struct linux_banner *b, int *err)
{
	struct host *h = b->vcpu->guest->host;
	struct vmcoreinfo *i = b->vcpu->guest->arch->os ? malloc(sizeof(*i)) : NULL;
	struct host_area a;

	*err = b->vcpu->guest->arch->os ? i ? -ENOENT : -ENOMEM : -EOPNOTSUPP;
	for (unsigned n = 0; i && *err && h->ops->area(h, n, &a); n++)
		if (a.ram)
			*err = look_in_area(i, b, &a, *err);
	if (!*err)
		return i;
	free(i);
	return NULL;
}
