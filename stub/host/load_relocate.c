/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Relocations that need no symbol, of a position-independent image that lies where it is linked to: each is a word that is to hold its
 * addend (System V ABI, chapter 5). Those without an addend (DT_REL, DT_RELR) add nothing then. What needs a symbol is left to the image.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "load.h"

struct table {
	uint64_t at, size; /* as it is linked */
	uint64_t entry;
};

/* R_*_RELATIVE of the machine; 0: it has none that is known. */
static unsigned relative_type(unsigned machine)
{
	switch (machine) {
	case EM_X86_64:
		return 8;
	case EM_AARCH64:
		return 1027;
	case EM_RISCV:
		return 3;
	case EM_PPC64:
		return 22;
	default:
		return 0;
	}
}

static int read_dynamic(const struct load_file *f, const Elf64_Phdr *p, struct table *t)
{
	for (uint64_t i = 0; i < p->p_filesz / sizeof(Elf64_Dyn); i++) {
		Elf64_Dyn d;
		int err = load_read(f, p->p_offset + i * sizeof(d), &d, sizeof(d));

		if (err)
			return err;
		switch (d.d_tag) {
		case DT_NULL:
			return 0;
		case DT_RELA:
			t->at = d.d_un.d_val;
			break;
		case DT_RELASZ:
			t->size = d.d_un.d_val;
			break;
		case DT_RELAENT:
			t->entry = d.d_un.d_val;
			break;
		}
	}
	return 0;
}

static int refuse_table(const struct load_place *place, const char *what, uint64_t at)
{
	return refuse(
		place->why, -ENOEXEC, "%s: its relocation%s 0x%" PRIx64 " is outside the image", place->file->path, what, at);
}

static bool is_inside(const struct load_place *place, uint64_t at, uint64_t size)
{
	return at >= place->linked && at - place->linked <= place->size && size <= place->size - (at - place->linked);
}

static int relocate(const struct load_place *place, const struct table *t, unsigned relative)
{
	for (uint64_t done = 0; done + sizeof(Elf64_Rela) <= t->size; done += sizeof(Elf64_Rela)) {
		Elf64_Rela r;

		memcpy(&r, place->bytes + (t->at - place->linked) + done, sizeof(r));
		if (ELF64_R_TYPE(r.r_info) != relative)
			continue;
		if (!is_inside(place, r.r_offset, sizeof(r.r_addend)))
			return refuse_table(place, " at", r.r_offset);
		memcpy(place->bytes + (r.r_offset - place->linked), &r.r_addend, sizeof(r.r_addend));
	}
	return 0;
}

int load_relocate(const struct load_place *place, const Elf64_Phdr *dynamic, unsigned machine)
{
	unsigned relative = relative_type(machine);
	struct table t = { .entry = sizeof(Elf64_Rela) };

	if (read_dynamic(place->file, dynamic, &t))
		return refuse(place->why, -ENOEXEC, "%s: its dynamic section is outside the file", place->file->path);
	if (!relative || !t.size)
		return 0;
	if (t.entry != sizeof(Elf64_Rela))
		return refuse(
			place->why, -ENOEXEC, "%s: its relocations have 0x%" PRIx64 " bytes each", place->file->path, t.entry);
	return is_inside(place, t.at, t.size) ? relocate(place, &t, relative) : refuse_table(place, " table at", t.at);
}
