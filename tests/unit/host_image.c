/* SPDX-License-Identifier: BSD-2-Clause */
/* The image that is held open: what was loaded is shown, whatever comes to lie at its path. No KVM. */
#include "host/host.h"
#include "host/image.h"
#include "tap.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char old[] = "\177ELF and the old text", new[] = "\177ELF and a newer one, longer";

static void put(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd))
		abort();
}

static bool reads(const struct image *image, uint64_t offset, const char *want)
{
	char text[100];
	ssize_t n = image_read(image, offset, text, sizeof(text));

	return n == (ssize_t)strlen(want) && !memcmp(text, want, (size_t)n);
}

static void test_kept(struct image *image)
{
	struct host_image shown;
	char byte;

	put("guest.elf", old, O_TRUNC);
	image_keep(image, "guest.elf");
	ok(image_show(image, &shown) && shown.path[0] == '/' && strstr(shown.path, "/guest.elf"), "the path is absolute");
	is_int((int)shown.size, (int)strlen(old), "the size");
	ok(shown.mtime > 1000000000 && shown.inode, "the time, and the inode");
	ok(reads(image, 0, old) && reads(image, 4, old + 4), "bytes");
	is_int((int)image_read(image, strlen(old), &byte, 1), 0, "none behind the end");
	is_int((int)image_read(image, UINT64_MAX, &byte, 1), 0, "... nor far behind it");

	put("other", new, O_TRUNC);
	if (rename("other", "guest.elf"))
		abort();
	ok(image_show(image, &shown) && shown.size == strlen(old) && reads(image, 0, old),
		"a file that takes its place is another one");
	image_keep(image, "guest.elf");
	ok(image_show(image, &shown) && shown.size == strlen(new) && reads(image, 0, new), "... until that is loaded");
}

/* In place, what was loaded is lost: nothing is shown in its stead. */
static void test_changed(struct image *image)
{
	struct host_image shown;
	char byte;

	put("guest.elf", "!", O_APPEND);
	ok(!image_show(image, &shown), "written to: nothing is shown");
	is_int((int)image_read(image, 0, &byte, 1), -ENOENT, "... nor read");
	image_keep(image, "guest.elf");
	ok(image_show(image, &shown) && shown.size == strlen(new) + 1, "loaded again, it is");
}

static void test_none(struct image *image)
{
	static const char *const paths[] = { NULL, "", "no such file", ".", "boot sector" };
	struct host_image shown;
	char byte;

	put("boot sector", "\xeb\xfe", O_TRUNC);
	for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		image_keep(image, paths[i]);
		ok(!image_show(image, &shown) && image_read(image, 0, &byte, 1) == -ENOENT, "nothing to show: %s",
			paths[i] ? paths[i] : "no image");
	}
	image_drop(image);
	image_drop(image);
	is_int(image->fd, -1, "dropped, and again");
}

/* A file of one section, with two notes, of which the second is the build ID or is not. */
struct elf {
	Elf64_Ehdr header;
	Elf64_Shdr section;
	struct {
		Elf64_Nhdr note;
		char owner[4];
		uint8_t id[20];
	} notes[2];
};

static struct elf new_elf(Elf64_Word type)
{
	struct elf e = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 },
			.e_shoff = offsetof(struct elf, section),
			.e_shnum = 1 },
		.section = { .sh_type = SHT_NOTE, .sh_offset = offsetof(struct elf, notes), .sh_size = sizeof(e.notes) },
	};

	for (unsigned i = 0; i < 2; i++) {
		e.notes[i].note = (Elf64_Nhdr){ .n_namesz = 4, .n_descsz = 20, .n_type = i ? type : 1 };
		memcpy(e.notes[i].owner, "GNU", 4);
	}
	return e;
}

static void keep(struct image *image, const struct elf *e)
{
	int fd = open("guest.elf", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, e, sizeof(*e)) != sizeof(*e) || close(fd))
		abort();
	image_keep(image, "guest.elf");
}

static void test_build_id(struct image *image)
{
	struct elf e = new_elf(NT_GNU_BUILD_ID), got;
	uint8_t *bytes = (uint8_t *)&got;

	keep(image, &e);
	ok(image_read(image, 0, &got, sizeof(got)) == sizeof(got) && got.section.sh_type == SHT_PROGBITS,
		"a build ID's section is one of bytes");
	got.section.sh_type = SHT_NOTE;
	ok(!memcmp(&got, &e, sizeof(e)), "... and nothing else is another");
	memset(&got, 0, sizeof(got));
	for (size_t i = 0; i < sizeof(got); i++)
		image_read(image, i, bytes + i, 1);
	ok(got.section.sh_type == SHT_PROGBITS && !memcmp(got.notes, e.notes, sizeof(e.notes)), "... read byte by byte");
	e = new_elf(2);
	keep(image, &e);
	ok(image_read(image, 0, &got, sizeof(got)) == sizeof(got) && got.section.sh_type == SHT_NOTE, "another note stays one");
}

static void test_hostile(struct image *image)
{
	struct elf e = new_elf(NT_GNU_BUILD_ID), got;

	e.notes[0].note.n_descsz = UINT32_MAX;
	keep(image, &e);
	ok(image_read(image, 0, &got, sizeof(got)) == sizeof(got) && !memcmp(&got, &e, sizeof(e)),
		"a note that is too long is the last");
	e = new_elf(NT_GNU_BUILD_ID);
	e.section.sh_offset = e.section.sh_size = UINT64_MAX;
	keep(image, &e);
	ok(image_read(image, 0, &got, sizeof(got)) == sizeof(got) && !memcmp(&got, &e, sizeof(e)), "a section that is nowhere");
	e = new_elf(NT_GNU_BUILD_ID);
	e.header.e_shoff = UINT64_MAX - 8;
	e.header.e_shnum = 4000;
	keep(image, &e);
	ok(image_read(image, 0, &got, sizeof(got)) == sizeof(got) && !memcmp(&got, &e, sizeof(e)), "sections that are nowhere");
}

int main(void)

{
	static struct image image = { .fd = -1 };
	char dir[] = "/tmp/host_image.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	test_kept(&image);
	test_changed(&image);
	test_none(&image);
	test_build_id(&image);
	test_hostile(&image);
	unlink("guest.elf");
	unlink("boot sector");
	rmdir(dir);
	return done();
}
