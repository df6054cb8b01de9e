/* SPDX-License-Identifier: BSD-2-Clause */
/* The second version of multiboot. Every number in the file is hostile. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "multiboot.h"

#define MAGIC 0xe85250d6u
#define LOADER_MAGIC 0x36d76289u /* in eax */
#define ARCH_I386 0
#define SEARCHED 32768

/* Tags of the header. Those without a name here are wishes that can be left: consoles, a display, EFI, other load addresses. */
enum {
	WANT_END = 0,
	WANT_INFORMATION = 1,
	WANT_ADDRESS = 2,
	WANT_ENTRY = 3,
	WANT_LAST = 10
};
#define WANT_OPTIONAL 1

/* Tags of the information. */
enum {
	TELL_END = 0,
	TELL_CMDLINE = 1,
	TELL_LOADER = 2,
	TELL_MODULE = 3,
	TELL_MEMORY = 4,
	TELL_MEMORY_MAP = 6,
	TELL_OLD_RSDP = 14,
	TELL_NEW_RSDP = 15,
	TELL_LAST = 21
};

#define OLD_RSDP_SIZE 20
#define NEW_RSDP_SIZE 36

struct header {
	uint32_t magic, architecture, length, checksum;
};

struct tag {
	uint16_t type, flags;
	uint32_t size;
};

struct memory_map {
	uint64_t base_addr, length;
	uint32_t type, reserved;
};

/* What the header says. */
struct wishes {
	const struct boot_request *r;
	const struct refusal *why;
	struct multiboot_place place;
	bool has_place, has_entry;
	uint32_t entry;
};

/* --- the header */

static bool find_header(const struct load_file *f, uint8_t bytes[SEARCHED], uint64_t *size, uint64_t *at, struct header *h)
{
	*size = f->size < SEARCHED ? f->size : SEARCHED;
	if (load_read(f, 0, bytes, *size))
		return false;
	for (*at = 0; *at + sizeof(*h) <= *size; *at += 8) {
		memcpy(h, bytes + *at, sizeof(*h));
		if (h->magic == MAGIC && h->magic + h->architecture + h->length + h->checksum == 0)
			return true;
	}
	return false;
}

static int refuse_header(const struct wishes *w, const char *what)
{
	return refuse(w->why, -ENOEXEC, "%s: its multiboot2 header %s", w->r->file->path, what);
}

static int take_information(const struct wishes *w, const struct tag *tag, const uint8_t *body)
{
	for (uint32_t i = 0; i + 4 <= tag->size - sizeof(*tag); i += 4) {
		uint32_t type;

		memcpy(&type, body + i, sizeof(type));
		if (type > TELL_LAST && !(tag->flags & WANT_OPTIONAL))
			return refuse(w->why, -ENOEXEC,
				"%s: its multiboot2 header demands information %u, which is not known here", w->r->file->path,
				type);
	}
	return 0;
}

static int take_tag(struct wishes *w, const struct tag *tag, const uint8_t *body)
{
	uint32_t words[4];

	if (tag->type == WANT_INFORMATION)
		return take_information(w, tag, body);
	if ((tag->type == WANT_ADDRESS && tag->size < sizeof(*tag) + 16) ||
		(tag->type == WANT_ENTRY && tag->size < sizeof(*tag) + 4))
		return refuse_header(w, "has a tag that is too short");
	if (tag->type == WANT_ADDRESS) {
		memcpy(words, body, sizeof(words));
		w->place.header_addr = words[0];
		w->place.load_addr = words[1];
		w->place.load_end_addr = words[2];
		w->place.bss_end_addr = words[3];
		w->has_place = true;
	}
	if (tag->type == WANT_ENTRY) {
		memcpy(&w->entry, body, sizeof(w->entry));
		w->has_entry = true;
	}
	if (tag->type > WANT_LAST && !(tag->flags & WANT_OPTIONAL))
		return refuse(w->why, -ENOEXEC, "%s: its multiboot2 header demands tag %u, which is not known here",
			w->r->file->path, tag->type);
	return 0;
}

static int take_tags(struct wishes *w, const uint8_t *bytes, uint64_t size)
{
	struct tag tag;

	for (uint64_t at = sizeof(struct header); at + sizeof(tag) <= size; at += ((uint64_t)tag.size + 7) & ~7ull) {
		int err;

		memcpy(&tag, bytes + at, sizeof(tag));
		if (tag.type == WANT_END)
			return 0;
		if (tag.size < sizeof(tag) || tag.size > size - at)
			return refuse_header(w, "has a tag that ends outside of it");
		err = take_tag(w, &tag, bytes + at + sizeof(tag));
		if (err)
			return err;
	}
	return refuse_header(w, "has no end");
}

static int read_wishes(struct wishes *w)
{
	uint8_t bytes[SEARCHED];
	uint64_t size, at;
	struct header h;

	if (!find_header(w->r->file, bytes, &size, &at, &h))
		return refuse(w->why, -ENOEXEC, "%s: has no multiboot2 header", w->r->file->path);
	if (h.architecture != ARCH_I386)
		return refuse_header(w, "is for another architecture than i386");
	if (h.length < sizeof(h) || h.length > size - at)
		return refuse_header(w, "is cut short");
	w->place.at = at;
	return take_tags(w, bytes + at, h.length);
}

bool multiboot2_is(const struct load_file *f)
{
	const struct boot_request r = { .file = f };
	struct wishes w = { .r = &r };
	uint8_t bytes[SEARCHED];
	uint64_t size, at;
	struct header h;

	/* An ELF file with a header that is refused is an image with a bad header. */
	if (!find_header(f, bytes, &size, &at, &h))
		return false;
	return load_is_elf(f) || (!read_wishes(&w) && w.has_place);
}

static int load_image(struct wishes *w, struct loaded *loaded)
{
	struct load_machine machine = *w->r->machine;
	struct boot_request r = *w->r;
	int err = read_wishes(w);

	if (err)
		return err;
	r.machine = &machine;
	if (w->has_entry)
		machine.entry = w->entry;
	if (!w->has_place)
		return boot_load_elf(&r, loaded, w->why);
	if (!w->has_entry)
		return refuse_header(w, "has addresses, and no entry among them");
	err = multiboot_load_place(&r, &w->place, loaded, w->why);
	if (err)
		return err;
	loaded->entry = w->entry;
	loaded->elf32 = true;
	if (w->entry < w->place.load_addr || w->entry >= loaded->end)
		return refuse(w->why, -ENOEXEC, "%s: its entry 0x%" PRIx32 " is not in what is loaded", r.file->path, w->entry);
	return boot_check_place(&r, loaded, w->why);
}

/* --- what it is told: tags, each on a multiple of 8 bytes */

static uint8_t *put_tag(struct boot_area *a, uint32_t type, uint64_t len)
{
	const uint32_t head[2] = { type, (uint32_t)(sizeof(head) + len) };
	uint8_t *at = boot_reserve(a, sizeof(head) + len, 8);

	if (!at)
		return NULL;
	memcpy(at, head, sizeof(head));
	return at + sizeof(head);
}

static void put_words(struct boot_area *a, uint32_t type, uint32_t first, uint32_t second, const char *text)
{
	const uint32_t words[2] = { first, second };
	uint64_t len = text ? strlen(text) + 1 : 0;
	uint8_t *at = put_tag(a, type, sizeof(words) + len);

	if (!at)
		return;
	memcpy(at, words, sizeof(words));
	if (len)
		memcpy(at + sizeof(words), text, len);
}

static void put_text_tag(struct boot_area *a, uint32_t type, const char *text)
{
	uint8_t *at = put_tag(a, type, strlen(text) + 1);

	if (at)
		memcpy(at, text, strlen(text) + 1);
}

static void put_memory_map(struct boot_area *a, const struct ram *ram)
{
	const uint32_t shape[2] = { sizeof(struct memory_map), 0 };
	struct boot_range ranges[BOOT_RANGES_MAX];
	unsigned n = boot_memory_map(ram, ranges);
	uint8_t *at = put_tag(a, TELL_MEMORY_MAP, sizeof(shape) + n * sizeof(struct memory_map));

	if (!at)
		return;
	memcpy(at, shape, sizeof(shape));
	for (unsigned i = 0; i < n; i++) {
		const struct memory_map entry = { ranges[i].start, ranges[i].size, ranges[i].type, 0 };

		memcpy(at + sizeof(shape) + i * sizeof(entry), &entry, sizeof(entry));
	}
}

static void put_rsdp(struct boot_area *a, const struct boot_request *r)
{
	size_t len = NEW_RSDP_SIZE;
	const uint8_t *rsdp = r->rsdp ? ram_at(r->ram, r->rsdp, &len) : NULL;
	uint8_t *old, *new;

	if (!rsdp || len < NEW_RSDP_SIZE)
		return;
	old = put_tag(a, TELL_OLD_RSDP, OLD_RSDP_SIZE);
	if (old)
		memcpy(old, rsdp, OLD_RSDP_SIZE);
	new = put_tag(a, TELL_NEW_RSDP, NEW_RSDP_SIZE);
	if (new)
		memcpy(new, rsdp, NEW_RSDP_SIZE);
}

static int tell(const struct boot_request *r, const struct boot_modules *m, uint32_t *where, const struct refusal *why)
{
	uint32_t head[2] = { 0 };
	struct boot_area a;
	uint8_t *at;
	int err = boot_area_open(&a, r, why);

	if (err)
		return err;
	at = boot_reserve(&a, sizeof(head), 8);
	put_text_tag(&a, TELL_CMDLINE, r->append ? r->append : "");
	put_text_tag(&a, TELL_LOADER, MULTIBOOT_LOADER);
	for (unsigned i = 0; i < m->n; i++)
		put_words(&a, TELL_MODULE, m->module[i].start, m->module[i].end, m->module[i].text);
	put_words(&a, TELL_MEMORY, boot_mem_lower(r->ram), boot_mem_upper(r->ram), NULL);
	put_memory_map(&a, r->ram);
	put_rsdp(&a, r);
	put_tag(&a, TELL_END, 0);
	head[0] = (uint32_t)a.used;
	if (at)
		memcpy(at, head, sizeof(head));
	*where = (uint32_t)a.gpa;
	return boot_area_check(&a, r, why);
}

int multiboot2_load(const struct boot_request *r, struct boot_start *start, const struct refusal *why)
{
	struct wishes wishes = { .r = r, .why = why };
	struct loaded loaded = { 0 };
	struct boot_modules modules;
	int err = load_image(&wishes, &loaded);

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
