/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are no images for this machine: what is said of each. And code that is for more than a guest has. No KVM. */
#include "host/known_files.h"
#include "tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char name[] = "file";

#define NO_DISK ", and this machine has no disk: run it in a VMM, and --attach to that"

static const struct {
	uint32_t at, size;
	const char *bytes;
	unsigned len;
	const char *want; /* NULL: nothing is known */
} files[] = {
	{ 0, 0, "", 0, "file: is empty" },
	{ 0, 100, "text", 4, NULL },
	{ 0, 100, "\x1f\x8b\x08", 3, "file: is compressed by gzip: unpack it with gunzip" },
	{ 0, 100, "\x28\xb5\x2f\xfd", 4, "file: is compressed by zstd: unpack it with zstd -d" },
	{ 0, 3, "\x28\xb5\x2f", 3, NULL },
	{ 0, 100, "QFI\xfb", 4, "file: is a disk image (qcow2)" NO_DISK },
	{ 512, 2000, "EFI PART", 8, "file: is a disk image with GPT partitions" NO_DISK },
	{ 446, 2000, "\x80\0\0\0\x83", 5, NULL },
	{ 510, 2000, "\x55\xaa", 2,
		"file: begins with a boot sector, and has 2000 bytes: one of exactly 512 is started, there is no disk to read the rest from" },
	{ 510, 512, "\x55\xaa", 2, "file: is a boot sector of a PC, this machine is arm64" },
	{ 56, 64, "RSC\x05", 4, "file: is a Linux kernel of riscv64, this machine is arm64" },
	{ 0x202, 0x400, "HdrS", 4, "file: is a Linux kernel of x86-64, this machine is arm64" },
	{ 0, 100, "MZ", 2, "file: is an EFI program, and there is no EFI here: give the ELF file that it was made of" },
	{ 0, 64, "MZ\0\0zimg\x10\x01\0\0\xff\0\0\0\0\0\0\0\0\0\0\0zstd", 28,
		"file: is a kernel that unpacks itself under EFI (zboot): tail -c +273 | head -c 255 | zstd -d is the kernel" },
	{ 0, 20, "MZ\0\0zimg", 8, "file: ends too early" },
	{ 0, 40000, "\xd0\x0d\xfe\xed", 4,
		"file: is a device tree, or a FIT image (dumpimage unpacks that): --load puts a tree into memory" },
};

/* A file of zeroes but for these bytes, open. */
static void make(struct load_file *f, uint32_t at, uint32_t size, const void *bytes, unsigned len)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || ftruncate(fd, size) || pwrite(fd, bytes, len, at) != (ssize_t)len)
		diag("cannot write", name);
	*f = (struct load_file){ .path = name, .fd = fd, .size = size };
}

static void test_files(void)
{
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct load_file f;
		char text[256] = "";
		int err;

		make(&f, files[i].at, files[i].size, files[i].bytes, files[i].len);
		err = known_refuse(&f, "arm64", &(struct refusal){ text, sizeof(text) });
		load_close(&f);
		ok(!err == !files[i].want, "%s", files[i].want ? files[i].want : "nothing is said");
		is_str(text, files[i].want ? files[i].want : "", "... in these words");
	}
}

static void test_partitions(void)
{
	uint8_t sector[512] = { 0 };
	struct load_file f;
	char text[256] = "";

	sector[450] = 0x83;
	sector[510] = 0x55;
	sector[511] = 0xaa;
	make(&f, 0, 4096, sector, sizeof(sector));
	known_refuse(&f, "arm64", &(struct refusal){ text, sizeof(text) });
	is_str(text, "file: is a disk image with partitions" NO_DISK, "an MBR with a partition");
	load_close(&f);
}

static void test_firmware(void)
{
	struct load_file f;
	char text[256] = "";

	make(&f, 0x1fff0, 0x20000, "\x90\x90\xe9", 3);
	ok(known_refuse_firmware(&f, &(struct refusal){ text, sizeof(text) }) < 0, "a PC's firmware");
	is_str(text, "file: is a PC's firmware, and needs a PC's chipset: run it in a VMM, and --attach to that",
		"... in these words");
	load_close(&f);
	make(&f, 0, 0x20000, "", 0);
	ok(!known_refuse_firmware(&f, NULL), "no jump, no firmware");
	load_close(&f);
}

typedef int level(const struct load_file *, const struct ram *, uint64_t, const struct refusal *);

static void test_level(level *check, const char *what, const uint32_t *code, unsigned n, const char *want)
{
	const struct load_file f = { .path = name };
	char text[256] = "";
	struct ram ram;
	int err;

	if (ram_open(&ram) || ram_map(&ram, 0, 0x1000, 0x1000, NULL))
		diag("no memory", name);
	ram_write(&ram, 0x1000, code, n * sizeof(*code));
	err = check(&f, &ram, 0x1000, &(struct refusal){ text, sizeof(text) });
	ok(!err == !*want, "%s", what);
	is_str(text, want, "... in these words");
	ram_close(&ram);
}

#define TRY(check, what, want, ...) \
	test_level(check, what, (const uint32_t[]){ __VA_ARGS__ }, sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), want)

static void test_levels(void)
{
	TRY(known_refuse_arm64, "msr vbar_el2, behind a branch",
		"file: is for EL2: its instruction at 0x1008 is, and a guest has EL1 and EL0", 0x14000002, 0, 0xd51cc000);
	TRY(known_refuse_arm64, "mrs scr_el3", "file: is for EL3: its instruction at 0x1004 is, and a guest has EL1 and EL0",
		0xd503201f, 0xd53e1100);
	TRY(known_refuse_arm64, "behind a condition it may not be executed", "", 0x540000a0, 0xd51cc000);
	TRY(known_refuse_arm64, "a branch backwards to itself ends", "", 0x14000000);
	TRY(known_refuse_arm64, "a branch to where there is nothing", "", 0x17ffff00);
	TRY(known_refuse_arm64, "b.ne by CurrentEL, to wfe",
		"file: is not for EL1: it asks for its level, and stays at 0x1014 then; a guest has EL1 and EL0", 0xd5384245,
		0xf10020bf, 0xfa4918a4, 0x54000041, 0xd65f03c0, 0xd503205f, 0x17ffffff);
	TRY(known_refuse_arm64, "b.eq by CurrentEL, not taken, to b",
		"file: is not for EL1: it asks for its level, and stays at 0x1010 then; a guest has EL1 and EL0", 0xd5384240,
		0x7100201f, 0x54000060, 0x14000001, 0x14000000, 0xd65f03c0);
	TRY(known_refuse_arm64, "it is for EL1, and waits for interrupts there", "", 0xd5384240, 0xf100101f, 0x54000041,
		0xd503201f, 0xd503207f, 0x17ffffff);
	TRY(known_refuse_arm64, "it asks for EL2, and goes on in EL1", "", 0xd5384240, 0xf100201f, 0x54000040, 0xd65f03c0,
		0xd51cc000);
	TRY(known_refuse_arm64, "what it compares is not CurrentEL any more", "", 0xd5384240, 0xd2800100, 0xf100201f,
		0x54000041, 0xd503205f, 0x17ffffff);
	TRY(known_refuse_arm64, "msr vbar_el1", "", 0xd518c000, 0xd65f03c0);
	TRY(known_refuse_riscv64, "csrr a0, mhartid",
		"file: is for machine mode: its instruction at 0x1000 is, and a guest begins in supervisor mode", 0xf1402573);
	TRY(known_refuse_riscv64, "behind a call",
		"file: is for machine mode: its instruction at 0x100c is, and a guest begins in supervisor mode", 0x00000097,
		0x00c080e7, 0, 0xf1402573);
	TRY(known_refuse_riscv64, "behind a jump",
		"file: is for machine mode: its instruction at 0x1008 is, and a guest begins in supervisor mode", 0x0080006f, 0,
		0x30529073);
	TRY(known_refuse_riscv64, "behind a condition", "", 0x00050463, 0xf1402573);
	TRY(known_refuse_riscv64, "csrw stvec", "", 0x10529073, 0x0000006f);
	TRY(known_refuse_riscv64, "csrr time", "", 0xc0102573, 0x00008067, 0xf1402573);
}

int main(void)
{
	char dir[] = "/tmp/host_known.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		diag("no directory", dir);
	test_files();
	test_partitions();
	test_firmware();
	test_levels();
	unlink(name);
	rmdir(dir);
	return done();
}
