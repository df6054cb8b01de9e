/* SPDX-License-Identifier: BSD-2-Clause */
/* One row a kind of file. The sentences say what the file is, and how to get on. */
#include "known_files.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Bytes by which a file is known. */
static const struct magic {
	uint32_t at;
	uint8_t len;
	const char *bytes;
	const char *is; /* continues "FILE: is ..." */
} magics[] = {
	{ 0, 2, "\x1f\x8b", "compressed by gzip: unpack it with gunzip" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "compressed by zstd: unpack it with zstd -d" },
	{ 0, 6,
		"\xfd"
		"7zXZ\0",
		"compressed by xz: unpack it with unxz" },
	{ 0, 3, "BZh", "compressed by bzip2: unpack it with bunzip2" },
	{ 0, 4, "\x04\x22\x4d\x18", "compressed by lz4: unpack it with lz4 -d" },
	{ 0, 4, "\x02\x21\x4c\x18", "compressed by lz4: unpack it with lz4 -d" },
	{ 0, 4, "\x89LZO", "compressed by lzop: unpack it with lzop -d" },
	{ 0, 4, "PK\x03\x04", "a zip archive" },
	{ 0, 8, "!<arch>\n", "a library of object files, not a linked image" },
	{ 0, 4, "\x27\x05\x19\x56", "a uImage of U-Boot: what it holds begins at byte 64 (dumpimage unpacks it)" },
	{ 0, 4, "\xd0\x0d\xfe\xed", "a device tree, or a FIT image (dumpimage unpacks that): --load puts a tree into memory" },
	{ 0, 6, "070701", "an initial RAM disk: give it to --initrd, beside a kernel" },
	{ 0, 8, "ANDROID!", "a boot image of Android: unpack_bootimg has its kernel" },
	{ 0, 4, "QFI\xfb", "a disk image (qcow2), and this machine has no disk: run it in a VMM, and --attach to that" },
	{ 0, 4, "KDMV", "a disk image (VMDK), and this machine has no disk: run it in a VMM, and --attach to that" },
	{ 0, 8, "vhdxfile", "a disk image (VHDX), and this machine has no disk: run it in a VMM, and --attach to that" },
	{ 0, 8, "conectix", "a disk image (VHD), and this machine has no disk: run it in a VMM, and --attach to that" },
	{ 0x40, 4, "\x7f\x10\xda\xbe",
		"a disk image (VDI), and this machine has no disk: run it in a VMM, and --attach to that" },
	{ 512, 8, "EFI PART",
		"a disk image with GPT partitions, and this machine has no disk: run it in a VMM, and --attach to that" },
	{ 0x8001, 5, "CD001", "a CD image, and this machine has no drive: run it in a VMM, and --attach to that" },
	{ 0x438, 2, "\x53\xef", "a file system (ext4), and this machine has no disk: as an initrd it goes to --initrd" },
	{ 0, 4, "hsqs", "a file system (squashfs), and this machine has no disk: as an initrd it goes to --initrd" },
};

/* A kernel's own header: those of this machine have been taken before. */
static const struct magic kernels[] = {
	{ 56, 4, "ARM\x64", "arm64" },
	{ 56, 4, "RSC\x05", "riscv64" },
	{ 0x202, 4, "HdrS", "x86-64" },
};

static bool has(const struct load_file *f, uint64_t at, const void *bytes, uint64_t len)
{
	uint8_t found[16];

	return !load_read(f, at, found, len) && !memcmp(found, bytes, len);
}

static const char *find_magic(const struct load_file *f, const struct magic *table, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (has(f, table[i].at, table[i].bytes, table[i].len))
			return table[i].is;
	return NULL;
}

#define FIND(f, table) find_magic(f, table, sizeof(table) / sizeof(table[0]))

/* struct linux_efi_zboot_header, drivers/firmware/efi/libstub/zboot-header.S */
static int refuse_zboot(const struct load_file *f, const struct refusal *why)
{
	uint32_t payload[2];
	char by[9] = "";

	if (load_read(f, 8, payload, sizeof(payload)) || load_read(f, 24, by, sizeof(by) - 1))
		return refuse(why, -ENOEXEC, "%s: ends too early", f->path);
	for (unsigned i = 0; by[i]; i++)
		if (by[i] < 'a' || by[i] > 'z')
			by[i] = '\0';
	return refuse(why, -ENOEXEC,
		"%s: is a kernel that unpacks itself under EFI (zboot): tail -c +%" PRIu64 " | head -c %" PRIu32
		" | %s -d is the kernel",
		f->path, (uint64_t)payload[0] + 1, payload[1], by[0] ? by : "its compressor");
}

static int refuse_exe(const struct load_file *f, const char *machine, const struct refusal *why)
{
	const char *kernel = FIND(f, kernels);

	if (has(f, 4, "zimg", 4))
		return refuse_zboot(f, why);
	if (kernel)
		return refuse(why, -ENOEXEC, "%s: is a Linux kernel of %s, this machine is %s", f->path, kernel, machine);
	return refuse(why, -ENOEXEC, "%s: is an EFI program, and there is no EFI here: give the ELF file that it was made of",
		f->path);
}

/* A partition is not in use, or bootable: 0 or 0x80, and has a type. */
static bool has_partitions(const struct load_file *f)
{
	uint8_t entry[4][16];
	unsigned used = 0;

	if (load_read(f, 446, entry, sizeof(entry)))
		return false;
	for (unsigned i = 0; i < 4; i++) {
		if (entry[i][0] & 0x7f)
			return false;
		used += entry[i][4] != 0;
	}
	return used > 0;
}

static int refuse_sector(const struct load_file *f, const char *machine, const struct refusal *why)
{
	if (f->size == 512)
		return refuse(why, -ENOEXEC, "%s: is a boot sector of a PC, this machine is %s", f->path, machine);
	if (has(f, 0x36, "FAT", 3) || has(f, 0x52, "FAT", 3))
		return refuse(why, -ENOEXEC,
			"%s: is a file system (FAT), and this machine has no disk: run it in a VMM, and --attach to that",
			f->path);
	if (has_partitions(f))
		return refuse(why, -ENOEXEC,
			"%s: is a disk image with partitions, and this machine has no disk: run it in a VMM, and --attach to that",
			f->path);
	return refuse(why, -ENOEXEC,
		"%s: begins with a boot sector, and has %" PRIu64
		" bytes: one of exactly 512 is started, there is no disk to read the rest from",
		f->path, f->size);
}

/* A far or near jump where a processor of x86 begins, 16 bytes before the end, in a file as long as a ROM is. */
int known_refuse_firmware(const struct load_file *f, const struct refusal *why)
{
	uint8_t start[8];

	if (f->size < 0x10000 || f->size > 0x2000000 || f->size % 0x1000 || load_read(f, f->size - 16, start, sizeof(start)))
		return 0;
	for (unsigned i = 0; i < sizeof(start); i++)
		if (start[i] == 0xe9 || start[i] == 0xea)
			return refuse(why, -ENOEXEC,
				"%s: is a PC's firmware, and needs a PC's chipset: run it in a VMM, and --attach to that",
				f->path);
	return 0;
}

int known_refuse(const struct load_file *f, const char *machine, const struct refusal *why)
{
	const char *is;

	if (!f->size)
		return refuse(why, -ENOEXEC, "%s: is empty", f->path);
	is = FIND(f, magics);
	if (is)
		return refuse(why, -ENOEXEC, "%s: is %s", f->path, is);
	if (has(f, 0, "MZ", 2))
		return refuse_exe(f, machine, why);
	is = FIND(f, kernels);
	if (is)
		return refuse(why, -ENOEXEC, "%s: is a Linux kernel of %s, this machine is %s", f->path, is, machine);
	if (has(f, 510, "\x55\xaa", 2))
		return refuse_sector(f, machine, why);
	return 0;
}
