/* SPDX-License-Identifier: BSD-2-Clause */
/* See boot_info.h. Knows no boot protocol. */
#include "boot_info.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 0x1000ull
#define LOW_RAM_END 0xa0000ull /* of a PC: behind it is where its display adapter and its ROMs are */
#define HIGH_RAM 0x100000ull

/* --- the area */

int boot_area_open(struct boot_area *a, const struct boot_request *r, const struct refusal *why)
{
	uint64_t size = r->info_end - r->info;
	const struct ram_slot *s = ram_find(r->ram, r->info, size);

	if (!s)
		return refuse(
			why, -ENOSPC, "%s: there is no RAM at 0x%" PRIx64 " for what it is to be told", r->file->path, r->info);
	*a = (struct boot_area){ .hva = s->hva + (r->info - s->gpa), .gpa = r->info, .size = size };
	return 0;
}

uint8_t *boot_reserve(struct boot_area *a, uint64_t len, uint64_t align)
{
	uint64_t at = (a->used + align - 1) & ~(align - 1);

	if (a->full || at > a->size || len > a->size - at) {
		a->full = true;
		return NULL;
	}
	memset(a->hva + a->used, 0, at + len - a->used);
	a->used = at + len;
	return a->hva + at;
}

uint32_t boot_put(struct boot_area *a, const void *bytes, uint64_t len)
{
	uint8_t *at = boot_reserve(a, len, 8);

	if (!at)
		return 0;
	if (len)
		memcpy(at, bytes, len);
	return (uint32_t)(a->gpa + (uint64_t)(at - a->hva));
}

uint32_t boot_put_text(struct boot_area *a, const char *text)
{
	return boot_put(a, text, strlen(text) + 1);
}

int boot_area_check(const struct boot_area *a, const struct boot_request *r, const struct refusal *why)
{
	return a->full ? refuse(why, -ENOSPC,
				 "%s: there are only 0x%" PRIx64
				 " bytes for what it is to be told: is the command line too long?",
				 r->file->path, a->size)
		       : 0;
}

/* --- modules */

/* The word up to a single comma, its double ones made single; NULL at the end. */
static char *next_word(char **rest)
{
	char *word = *rest, *from = word, *to = word;

	if (!word)
		return NULL;
	while (*from && (*from != ',' || from[1] == ',')) {
		from += *from == ',';
		*to++ = *from++;
	}
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return word;
}

static int load_module(struct boot_module *m, const struct boot_request *r, uint64_t at, const struct refusal *why)
{
	struct load_file f;
	int err = load_open(&f, m->name, why);

	if (err)
		return err;
	if (f.size > UINT32_MAX || at > UINT32_MAX - f.size)
		err = refuse(why, -ENOSPC, "%s: does not fit below 4 GiB", m->name);
	else if (f.size)
		err = load_whole(&f, r->ram, at, f.size, why);
	m->start = (uint32_t)at;
	m->end = (uint32_t)(at + f.size);
	load_close(&f);
	return err;
}

int boot_load_modules(struct boot_modules *m, const struct boot_request *r, uint64_t after, const struct refusal *why)
{
	char *rest, *word;
	int err = 0;

	*m = (struct boot_modules){ 0 };
	if (!r->initrd)
		return 0;
	m->words = rest = strdup(r->initrd);
	if (!rest)
		return refuse(why, -ENOMEM, "out of memory");
	while (!err && (word = next_word(&rest))) {
		struct boot_module *module = &m->module[m->n];

		if (m->n == BOOT_MODULES_MAX)
			return refuse(why, -E2BIG, "--initrd: at most %d modules", BOOT_MODULES_MAX);
		module->name = word;
		module->text = word + strcspn(word, " ");
		if (*module->text)
			*module->text++ = '\0';
		after = (after + PAGE - 1) & ~(PAGE - 1);
		err = load_module(module, r, after, why);
		after = module->end;
		m->n++;
	}
	return err;
}

void boot_free_modules(struct boot_modules *m)
{
	free(m->words);
	m->words = NULL;
	m->n = 0;
}

/* --- memory */

static void add_range(struct boot_range *ranges, unsigned *n, uint64_t start, uint64_t end, uint32_t type)
{
	if (start < end && *n < BOOT_RANGES_MAX)
		ranges[(*n)++] = (struct boot_range){ start, end - start, type };
}

unsigned boot_memory_map(const struct ram *ram, struct boot_range ranges[BOOT_RANGES_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < ram->n; i++) {
		uint64_t start = ram->slot[i].gpa, end = start + ram->slot[i].size;

		add_range(ranges, &n, start, end < LOW_RAM_END ? end : LOW_RAM_END, BOOT_RAM);
		if (start < LOW_RAM_END)
			add_range(ranges, &n, LOW_RAM_END, HIGH_RAM, BOOT_RESERVED);
		add_range(ranges, &n, start > HIGH_RAM ? start : HIGH_RAM, end, BOOT_RAM);
	}
	return n;
}

static uint32_t kib_from(const struct ram *ram, uint64_t from, uint64_t most)
{
	size_t len = most;

	return ram_at(ram, from, &len) ? (uint32_t)(len >> 10) : 0;
}

uint32_t boot_mem_lower(const struct ram *ram)
{
	return kib_from(ram, 0, LOW_RAM_END);
}

uint32_t boot_mem_upper(const struct ram *ram)
{
	return kib_from(ram, HIGH_RAM, UINT32_MAX);
}

/* --- the image */

int boot_check_place(const struct boot_request *r, const struct loaded *loaded, const struct refusal *why)
{
	if (loaded->on_reserved)
		return refuse(why, -EBUSY, "%s: needs RAM that this machine starts with (0x%" PRIx64 "..0x%" PRIx64 ")",
			r->file->path, r->machine->reserved, r->machine->reserved_end);
	if (loaded->entry > UINT32_MAX)
		return refuse(
			why, -ENOEXEC, "%s: its entry 0x%" PRIx64 " is not in the low 4 GiB", r->file->path, loaded->entry);
	return 0;
}

int boot_load_elf(const struct boot_request *r, struct loaded *loaded, const struct refusal *why)
{
	int err = load_elf(r->file, r->machine, r->ram, loaded, why);

	return err ? err : boot_check_place(r, loaded, why);
}
