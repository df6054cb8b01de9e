/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header is that of Documentation/arch/arm64/booting.rst, "Call the kernel image", and of
 * arch/riscv/boot-image-header.rst.
 */
#include "linux_image.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

struct header {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags; /* little-endian */
	uint64_t reserved[3];
	char magic[4];
	uint32_t pe_header;
};

#define FLAG_BIG_ENDIAN 1
#define INITRD_ALIGNMENT 0x200000ull
#define OLD_TEXT_OFFSET 0x80000 /* of kernels before 3.17, which left image_size at 0 */

bool linux_image_is(const struct load_file *f, const char *magic)
{
	struct header h;

	return !load_read(f, 0, &h, sizeof(h)) && !memcmp(h.magic, magic, sizeof(h.magic));
}

int linux_image_load(const struct load_file *f, const struct ram *ram, uint64_t base, uint64_t *entry, uint64_t *end,
	const struct refusal *why)
{
	struct header h;
	uint64_t offset, room;
	int err = load_read(f, 0, &h, sizeof(h));

	if (err)
		return refuse(why, err, "%s: ends too early", f->path);
	offset = h.image_size ? le64toh(h.text_offset) : OLD_TEXT_OFFSET;
	room = le64toh(h.image_size) > f->size ? le64toh(h.image_size) : f->size;
	if (le64toh(h.flags) & FLAG_BIG_ENDIAN)
		return refuse(why, -ENOEXEC, "%s: a big-endian kernel, this machine is little-endian", f->path);
	if (offset > UINT64_MAX - base || room > UINT64_MAX - base - offset)
		return refuse(why, -ENOEXEC, "%s: its header asks for memory beyond all addresses", f->path);
	*entry = base + offset;
	*end = *entry + room;
	return load_whole(f, ram, *entry, room, why);
}

int linux_initrd_load(
	const char *path, const struct ram *ram, uint64_t after, uint64_t *start, uint64_t *end, const struct refusal *why)
{
	struct load_file f;
	int err = load_open(&f, path, why);

	if (err)
		return err;
	*start = (after + INITRD_ALIGNMENT - 1) & ~(INITRD_ALIGNMENT - 1);
	*end = *start + f.size;
	err = load_whole(&f, ram, *start, f.size, why);
	load_close(&f);
	return err;
}
