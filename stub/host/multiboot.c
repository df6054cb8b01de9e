/* SPDX-License-Identifier: BSD-2-Clause */
/* The first version of multiboot. Every number in the file is hostile. */
#include "multiboot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0x1badb002u
#define LOADER_MAGIC 0x2badb002u /* in eax */
#define SEARCHED 8192

/* Of the header. */
#define FLAG_VIDEO (1u << 2) /* it would like a mode: there is no display */
#define FLAG_PLACE (1u << 16)
#define FLAGS_DEMANDED 0xffffu
#define FLAGS_KNOWN (1u << 0 | 1u << 1 | FLAG_VIDEO)

/* Of the information. */
#define INFO_MEMORY (1u << 0)
#define INFO_CMDLINE (1u << 2)
#define INFO_MODULES (1u << 3)
#define INFO_MEMORY_MAP (1u << 6)
#define INFO_LOADER (1u << 9)

struct header {
	uint32_t magic, flags, checksum;
	uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

struct info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4], mmap_length, mmap_addr,
		drives_length, drives_addr, config_table, boot_loader_name, apm_table;
};

struct module {
	uint32_t mod_start, mod_end, string, reserved;
};

struct memory_map {
	uint32_t size;
	uint64_t base_addr, length;
	uint32_t type;
} __attribute__((packed));

/* --- the header */

/* Twelve bytes of it are within the searched ones; the others are there when they are asked for. */
static bool find_header(const struct load_file *f, struct header *h, uint64_t *at)
{
	uint8_t bytes[SEARCHED];
	uint64_t size = f->size < sizeof(bytes) ? f->size : sizeof(bytes);

	if (load_read(f, 0, bytes, size))
		return false;
	for (*at = 0; *at + 12 <= size; *at += 4) {
		memset(h, 0, sizeof(*h));
		memcpy(h, bytes + *at, 12);
		if (h->magic == MAGIC && h->magic + h->flags + h->checksum == 0)
			return true;
	}
	return false;
}

bool multiboot_is(const struct load_file *f)
{
	struct header h;
	uint64_t at;

	return find_header(f, &h, &at) && (h.flags & FLAG_PLACE || load_is_elf(f));
}

int multiboot_load_place(
	const struct boot_request *r, const struct multiboot_place *p, struct loaded *loaded, const struct refusal *why)
{
	const struct load_file *f = r->file;
	uint64_t before = (uint64_t)p->header_addr - p->load_addr, len, room;

	if (p->load_addr > p->header_addr || before > p->at)
		return refuse(why, -ENOEXEC, "%s: its multiboot header has it loaded from before its first byte", f->path);
	len = p->load_end_addr ? (uint64_t)p->load_end_addr - p->load_addr : f->size - (p->at - before);
	if ((p->load_end_addr && p->load_end_addr < p->load_addr) || len > f->size - (p->at - before))
		return refuse(
			why, -ENOEXEC, "%s: its multiboot header has more loaded than there is: is it cut short?", f->path);
	room = p->bss_end_addr ? (uint64_t)p->bss_end_addr - p->load_addr : len;
	if (p->bss_end_addr && (p->bss_end_addr < p->load_addr || room < len))
		return refuse(why, -ENOEXEC, "%s: its multiboot header has .bss end before what is loaded", f->path);
	loaded->end = p->load_addr + room;
	loaded->on_reserved = p->load_addr < r->machine->reserved_end && loaded->end > r->machine->reserved;
	return load_part(f, p->at - before, len, r->ram, p->load_addr, room, why);
}

static int load_by_header(
	const struct boot_request *r, const struct header *h, uint64_t at, struct loaded *loaded, const struct refusal *why)
{
	const struct multiboot_place p = { at, h->header_addr, h->load_addr, h->load_end_addr, h->bss_end_addr };
	int err = multiboot_load_place(r, &p, loaded, why);

	if (err)
		return err;
	loaded->entry = h->entry_addr;
	loaded->elf32 = true;
	if (loaded->entry < h->load_addr || loaded->entry >= loaded->end)
		return refuse(
			why, -ENOEXEC, "%s: its entry 0x%" PRIx64 " is not in what is loaded", r->file->path, loaded->entry);
	return boot_check_place(r, loaded, why);
}

static int load_image(const struct boot_request *r, struct loaded *loaded, const struct refusal *why)
{
	struct header h;
	uint64_t at;

	if (!find_header(r->file, &h, &at))
		return refuse(why, -ENOEXEC, "%s: has no multiboot header", r->file->path);
	if (h.flags & FLAGS_DEMANDED & ~FLAGS_KNOWN)
		return refuse(why, -ENOEXEC, "%s: its multiboot header demands what is not known here (flags 0x%x)",
			r->file->path, h.flags & FLAGS_DEMANDED & ~FLAGS_KNOWN);
	if (!(h.flags & FLAG_PLACE))
		return boot_load_elf(r, loaded, why);
	if (load_read(r->file, at, &h, sizeof(h)))
		return refuse(why, -ENOEXEC, "%s: its multiboot header is cut short", r->file->path);
	return load_by_header(r, &h, at, loaded, why);
}

/* --- what it is told */

static uint32_t put_with_name(struct boot_area *a, const char *name, const char *text)
{
	char *line;
	uint32_t at = 0;

	if (asprintf(&line, "%s%s%s", name, *text ? " " : "", text) < 0) {
		a->full = true;
		return 0;
	}
	at = boot_put_text(a, line);
	free(line);
	return at;
}

static void put_modules(struct boot_area *a, struct info *info, const struct boot_modules *m)
{
	struct module list[BOOT_MODULES_MAX] = { 0 };

	for (unsigned i = 0; i < m->n; i++)
		list[i] = (struct module){ m->module[i].start, m->module[i].end,
			put_with_name(a, m->module[i].name, m->module[i].text), 0 };
	info->mods_count = m->n;
	info->mods_addr = boot_put(a, list, m->n * sizeof(list[0]));
}

static void put_memory_map(struct boot_area *a, struct info *info, const struct ram *ram)
{
	struct boot_range ranges[BOOT_RANGES_MAX];
	struct memory_map map[BOOT_RANGES_MAX];
	unsigned n = boot_memory_map(ram, ranges);

	for (unsigned i = 0; i < n; i++)
		map[i] = (struct memory_map){ sizeof(map[0]) - sizeof(map[0].size), ranges[i].start, ranges[i].size,
			ranges[i].type };
	info->mmap_length = n * (uint32_t)sizeof(map[0]);
	info->mmap_addr = boot_put(a, map, info->mmap_length);
}

/* As with other loaders of this version, the command line begins with the image's name, and a module's text with the module's. */
static int tell(const struct boot_request *r, const struct boot_modules *m, uint32_t *where, const struct refusal *why)
{
	struct info info = { .flags = INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER };
	struct boot_area a;
	uint8_t *at;
	int err = boot_area_open(&a, r, why);

	if (err)
		return err;
	at = boot_reserve(&a, sizeof(info), 8);
	info.mem_lower = boot_mem_lower(r->ram);
	info.mem_upper = boot_mem_upper(r->ram);
	info.cmdline = put_with_name(&a, r->file->path, r->append ? r->append : "");
	put_modules(&a, &info, m);
	put_memory_map(&a, &info, r->ram);
	info.boot_loader_name = boot_put_text(&a, MULTIBOOT_LOADER);
	if (at)
		memcpy(at, &info, sizeof(info));
	*where = (uint32_t)a.gpa;
	return boot_area_check(&a, r, why);
}

int multiboot_load(const struct boot_request *r, struct boot_start *start, const struct refusal *why)
{
	struct loaded loaded = { 0 };
	struct boot_modules modules;
	int err = load_image(r, &loaded, why);

	if (err)
		return err;
	err = boot_load_modules(&modules, r, loaded.end, why);
	if (!err)
		err = tell(r, &modules, &start->ebx, why);
	boot_free_modules(&modules);
	start->eax = LOADER_MAGIC;
	start->entry = loaded.entry;
	start->elf32 = loaded.elf32;
	return err;
}
