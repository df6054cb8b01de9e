/* SPDX-License-Identifier: BSD-2-Clause */
/* See bzimage.h. No number in the file is trusted. */
#include "bzimage.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define SECTOR 512
#define PARAGRAPH 16
#define OLD_SETUP_SECTS 4   /* what 0 means */
#define HEADER_BEHIND 0x202 /* from where the jump's operand counts */

#define VERSION_64 0x20c /* the first in which a kernel says whether it has a 64-bit entry: Linux 3.8 */
#define LOADED_HIGH 0x1	 /* of loadflags */
#define KERNEL_64 0x1	 /* of xloadflags */
#define ENTRY_64 0x200
#define LOWEST 0x100000 /* below it is what the kernel is told */

/* Where it begins and ends in the file. */
struct kernel {
	uint64_t offset, size;
};

/* As much of the file as lies where the page has the header. */
static int read_header(const struct load_file *f, struct boot_params *p)
{
	return load_read(f, SETUP_HEADER, p->bytes + SETUP_HEADER, SETUP_HEADER_END - SETUP_HEADER);
}

bool bzimage_is(const struct load_file *f)
{
	struct boot_params p = { { 0 } };

	return !read_header(f, &p) && boot_params_get(&p, SETUP_BOOT_FLAG, 2) == BOOT_FLAG &&
	       boot_params_get(&p, SETUP_MAGIC, 4) == MAGIC;
}

/* What is behind the header's end is code of the boot sector's. */
static void cut_header(struct boot_params *p)
{
	unsigned end = HEADER_BEHIND + p->bytes[SETUP_JUMP + 1];

	if (end < SETUP_HEADER_END)
		memset(p->bytes + end, 0, SETUP_HEADER_END - end);
}

static int check_kind(const struct load_file *f, const struct boot_params *p, const struct refusal *why)
{
	unsigned version = (unsigned)boot_params_get(p, SETUP_VERSION, 2);

	if (version < VERSION_64)
		return refuse(why, -ENOEXEC,
			"%s: a kernel of boot protocol %u.%02u: from 2.12 on (Linux 3.8) it can be started here", f->path,
			version >> 8, version & 0xff);
	if (!(boot_params_get(p, SETUP_XLOADFLAGS, 2) & KERNEL_64))
		return refuse(why, -ENOEXEC, "%s: a 32-bit kernel, or one without a 64-bit entry: it cannot be started here",
			f->path);
	if (!(boot_params_get(p, SETUP_LOADFLAGS, 1) & LOADED_HIGH))
		return refuse(why, -ENOEXEC, "%s: a zImage, which belongs below 640 KiB: it cannot be started here", f->path);
	return 0;
}

/* What follows the kernel in the file, as a signature, is not for memory. The header's size is rounded up: the last bytes may be missing. */
static int find_kernel(const struct load_file *f, const struct boot_params *p, struct kernel *k, const struct refusal *why)
{
	unsigned sectors = p->bytes[SETUP_SECTS] ? p->bytes[SETUP_SECTS] : OLD_SETUP_SECTS;

	k->offset = (sectors + 1) * SECTOR;
	k->size = boot_params_get(p, SETUP_SYSSIZE, 4) * PARAGRAPH;
	if (k->size <= ENTRY_64)
		return refuse(why, -ENOEXEC, "%s: has no kernel behind its boot code", f->path);
	if (k->offset + k->size > f->size && k->offset + k->size - f->size < PARAGRAPH)
		k->size = f->size - k->offset;
	if (k->offset + k->size > f->size)
		return refuse(why, -ENOEXEC,
			"%s: is cut short: it has 0x%" PRIx64 " bytes, and by its header there are 0x%" PRIx64, f->path,
			f->size, k->offset + k->size);
	return 0;
}

int bzimage_load(const struct load_file *f, const struct ram *ram, struct boot_params *p, uint64_t *entry, uint64_t *end,
	const struct refusal *why)
{
	uint64_t at, room;
	struct kernel k;
	int err = read_header(f, p);

	if (err)
		return refuse(why, err, "%s: ends too early", f->path);
	cut_header(p);
	err = check_kind(f, p, why);
	if (!err)
		err = find_kernel(f, p, &k, why);
	if (err)
		return err;
	at = boot_params_get(p, SETUP_PREF_ADDRESS, 8);
	room = boot_params_get(p, SETUP_INIT_SIZE, 4);
	room = room > k.size ? room : k.size;
	if (at < LOWEST || at > UINT32_MAX)
		return refuse(
			why, -ENOEXEC, "%s: its header asks for memory at 0x%" PRIx64 ", where no kernel can be", f->path, at);
	*entry = at + ENTRY_64;
	*end = at + room;
	return load_part(f, k.offset, k.size, ram, at, room, why);
}
