/* SPDX-License-Identifier: BSD-2-Clause */
/* See pvh.h. The structures are those of Xen's public/arch-x86/hvm/start_info.h. Every number in the file is hostile. */
#include "pvh.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#define NOTE_OWNER "Xen"
#define NOTE_PHYS32_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
#define NOTES_MAX 256

#define MAGIC 0x336ec578u
#define VERSION 1 /* which has the memory map */

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist_paddr, cmdline_paddr, rsdp_paddr, memmap_paddr;
	uint32_t memmap_entries, reserved;
};

struct module {
	uint64_t paddr, size, cmdline_paddr, reserved;
};

struct memory_map {
	uint64_t addr, size;
	uint32_t type, reserved;
};

/* --- the note */

static uint64_t padded(uint32_t size)
{
	return ((uint64_t)size + 3) & ~3ull;
}

static bool is_entry(const Elf64_Nhdr *note, const char *owner)
{
	return note->n_type == NOTE_PHYS32_ENTRY && note->n_namesz == sizeof(NOTE_OWNER) &&
	       !memcmp(owner, NOTE_OWNER, sizeof(NOTE_OWNER)) && (note->n_descsz == 4 || note->n_descsz == 8);
}

static bool find_in_notes(const struct load_file *f, uint64_t at, uint64_t size, uint64_t *entry)
{
	struct {
		Elf64_Nhdr note;
		char owner[sizeof(NOTE_OWNER)];
	} head;

	for (unsigned i = 0; i < NOTES_MAX && size >= sizeof(head); i++) {
		uint64_t desc, len;

		if (load_read(f, at, &head, sizeof(head)))
			return false;
		desc = sizeof(head.note) + padded(head.note.n_namesz);
		len = desc + padded(head.note.n_descsz);
		*entry = 0;
		if (len <= size && is_entry(&head.note, head.owner))
			return !load_read(f, at + desc, entry, head.note.n_descsz);
		if (len > size)
			return false;
		at += len;
		size -= len;
	}
	return false;
}

static bool find_entry(const struct load_file *f, uint64_t *entry)
{
	Elf64_Phdr p;

	for (unsigned i = 0; load_program_header(f, i, &p); i++)
		if (p.p_type == PT_NOTE && p.p_offset <= f->size && p.p_filesz <= f->size - p.p_offset &&
			find_in_notes(f, p.p_offset, p.p_filesz, entry))
			return true;
	return false;
}

bool pvh_is(const struct load_file *f)
{
	uint64_t entry;

	return find_entry(f, &entry);
}

/* --- what it is told */

static void put_modules(struct boot_area *a, struct start_info *info, const struct boot_modules *m)
{
	struct module list[BOOT_MODULES_MAX] = { 0 };

	for (unsigned i = 0; i < m->n; i++)
		list[i] = (struct module){ m->module[i].start, m->module[i].end - m->module[i].start,
			*m->module[i].text ? boot_put_text(a, m->module[i].text) : 0, 0 };
	info->nr_modules = m->n;
	info->modlist_paddr = m->n ? boot_put(a, list, m->n * sizeof(list[0])) : 0;
}

static void put_memory_map(struct boot_area *a, struct start_info *info, const struct ram *ram)
{
	struct boot_range ranges[BOOT_RANGES_MAX];
	struct memory_map map[BOOT_RANGES_MAX];
	unsigned n = boot_memory_map(ram, ranges);

	for (unsigned i = 0; i < n; i++)
		map[i] = (struct memory_map){ ranges[i].start, ranges[i].size, ranges[i].type, 0 };
	info->memmap_entries = n;
	info->memmap_paddr = boot_put(a, map, n * sizeof(map[0]));
}

static int tell(const struct boot_request *r, const struct boot_modules *m, uint32_t *where, const struct refusal *why)
{
	struct start_info info = { .magic = MAGIC, .version = VERSION, .rsdp_paddr = r->rsdp };
	struct boot_area a;
	uint8_t *at;
	int err = boot_area_open(&a, r, why);

	if (err)
		return err;
	at = boot_reserve(&a, sizeof(info), 8);
	info.cmdline_paddr = boot_put_text(&a, r->append ? r->append : "");
	put_modules(&a, &info, m);
	put_memory_map(&a, &info, r->ram);
	if (at)
		memcpy(at, &info, sizeof(info));
	*where = (uint32_t)a.gpa;
	return boot_area_check(&a, r, why);
}

int pvh_load(const struct boot_request *r, struct boot_start *start, const struct refusal *why)
{
	struct load_machine machine = *r->machine;
	struct boot_request with_entry = *r;
	struct boot_modules modules;
	struct loaded loaded;
	int err;

	with_entry.machine = &machine;
	if (!find_entry(r->file, &machine.entry) || !machine.entry)
		return refuse(why, -ENOEXEC, "%s: has no PVH entry", r->file->path);
	err = boot_load_elf(&with_entry, &loaded, why);
	if (err)
		return err;
	err = boot_load_modules(&modules, r, loaded.end, why);
	if (!err)
		err = tell(r, &modules, &start->ebx, why);
	boot_free_modules(&modules);
	start->eax = 0;
	start->entry = loaded.entry;
	start->elf32 = loaded.elf32;
	return err;
}
