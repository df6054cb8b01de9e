/* SPDX-License-Identifier: BSD-2-Clause */
/* Holds a machine's image open. See image.h; how it gets into RAM is load.c's business. No number in the file is trusted. */
#include "image.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "load.h"

void image_drop(struct image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
}

/* What is looked through of a file that has more than any linker writes. */
#define SECTIONS_MAX 4096
#define NOTES_MAX 256

static uint64_t padded(uint32_t size)
{
	return ((uint64_t)size + 3) & ~3ull;
}

/* Notes of either class are alike. */
static bool has_build_id(const struct load_file *f, uint64_t at, uint64_t size)
{
	for (uint64_t i = 0, end = at + size; i < NOTES_MAX && at < end; i++) {
		struct {
			Elf64_Nhdr note;
			char owner[4];
		} head;

		if (load_read(f, at, &head, sizeof(head)))
			return false;
		if (head.note.n_type == NT_GNU_BUILD_ID && head.note.n_namesz == sizeof(head.owner) &&
			!memcmp(head.owner, ELF_NOTE_GNU, 4))
			return true;
		at += sizeof(head.note) + padded(head.note.n_namesz) + padded(head.note.n_descsz);
	}
	return false;
}

struct section {
	Elf64_Word type;
	uint64_t type_at, offset, size;
};

static bool read_section(const struct load_file *f, uint64_t at, bool elf32, struct section *s)
{
	Elf32_Shdr narrow;
	Elf64_Shdr wide;

	if (elf32 ? load_read(f, at, &narrow, sizeof(narrow)) : load_read(f, at, &wide, sizeof(wide)))
		return false;
	if (elf32)
		*s = (struct section){ narrow.sh_type, at + offsetof(Elf32_Shdr, sh_type), narrow.sh_offset, narrow.sh_size };
	else
		*s = (struct section){ wide.sh_type, at + offsetof(Elf64_Shdr, sh_type), wide.sh_offset, wide.sh_size };
	return true;
}

static void look_at_sections(struct image *image, const struct load_file *f)
{
	union {
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} e;
	struct section s;
	bool elf32;
	uint64_t at, n;

	if (load_read(f, 0, &e, sizeof(e)))
		return;
	elf32 = e.wide.e_ident[EI_CLASS] == ELFCLASS32;
	at = elf32 ? e.narrow.e_shoff : e.wide.e_shoff;
	n = elf32 ? e.narrow.e_shnum : e.wide.e_shnum;
	for (; n && n <= SECTIONS_MAX && image->nhidden < IMAGE_HIDDEN; n--) {
		if (!read_section(f, at, elf32, &s))
			return;
		if (s.type == SHT_NOTE && has_build_id(f, s.offset, s.size))
			image->hidden[image->nhidden++] = s.type_at;
		at += elf32 ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr);
	}
}

static void hide(const struct image *image, uint64_t offset, uint8_t *bytes, size_t n)
{
	const Elf64_Word type = SHT_PROGBITS;

	for (unsigned i = 0; i < image->nhidden; i++)
		for (size_t j = 0; j < sizeof(type); j++)
			if (image->hidden[i] + j >= offset && image->hidden[i] + j - offset < n)
				bytes[image->hidden[i] + j - offset] = ((const uint8_t *)&type)[j];
}

void image_keep(struct image *image, const char *path)
{
	char sentence[256]; /* which the loader says as well */
	struct refusal why = { sentence, sizeof(sentence) };
	struct load_file file;

	image_drop(image);
	if (!path || !realpath(path, image->path) || load_open(&file, image->path, &why))
		return;
	image->fd = file.fd;
	image->nhidden = 0;
	if (!load_is_elf(&file) || fstat(image->fd, &image->found) < 0)
		image_drop(image);
	else
		look_at_sections(image, &file);
}

/* A file that was written to in place is not what was loaded. */
static bool is_as_found(const struct image *image)
{
	struct stat now;

	return image->fd >= 0 && !fstat(image->fd, &now) && now.st_size == image->found.st_size &&
	       now.st_mtim.tv_sec == image->found.st_mtim.tv_sec && now.st_mtim.tv_nsec == image->found.st_mtim.tv_nsec;
}

bool image_show(const struct image *image, struct host_image *shown)
{
	if (!is_as_found(image))
		return false;
	*shown = (struct host_image){
		.path = image->path,
		.size = (uint64_t)image->found.st_size,
		.inode = image->found.st_ino,
		.mtime = image->found.st_mtim.tv_sec,
	};
	return true;
}

ssize_t image_read(const struct image *image, uint64_t offset, void *buf, size_t len)
{
	ssize_t n;

	if (!is_as_found(image))
		return -ENOENT;
	if (offset >= (uint64_t)image->found.st_size)
		return 0;
	do
		n = pread(image->fd, buf, len, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	hide(image, offset, buf, (size_t)n);
	return n;
}
