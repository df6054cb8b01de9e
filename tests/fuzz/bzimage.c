/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer entry point: Linux kernels for x86. What is checked, besides what the sanitizers see: a refusal has its sentence, and a kernel
 * that is taken has its entry and all that it needs in RAM, above what it is told.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined -I stub -D_GNU_SOURCE, stub/host/bzimage.c, boot_params.c, linux_image.c, load.c, load_relocate.c,
 * ram.c, and stub/refuse.c.
 */
#include "host/bzimage.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_SIZE 0x2000000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(bool good, const char *what, const char *text)
{
	if (good)
		return;
	fprintf(stderr, "%s (%s)\n", what, text);
	abort();
}

static const struct ram *the_ram(void)
{
	static struct ram ram;
	char text[200] = "";
	struct refusal why = { text, sizeof(text) };

	if (!ram.n)
		check(!ram_open(&ram) && !ram_map(&ram, 0, 0, RAM_SIZE, &why) && !ram_map(&ram, 1, 1ull << 32, 0x10000, &why),
			"no memory", text);
	return &ram;
}

static void try_kernel(const struct load_file *f)
{
	const struct linux_boot boot = { .append = "quiet",
		.params = 0xa000,
		.command_line = 0xb000,
		.command_line_room = 0x5000,
		.rsdp = 0xe0000,
		.hole = 0xa0000,
		.hole_end = 0x100000 };
	struct boot_params p = { { 0 } };
	char text[200] = "";
	struct refusal why = { text, sizeof(text) };
	uint64_t entry, end;
	int err = bzimage_load(f, the_ram(), &p, &entry, &end, &why);

	check(err || (entry > boot.hole_end && entry < end && end <= RAM_SIZE), "a kernel outside its RAM", text);
	if (!err)
		err = boot_params_finish(&p, &boot, the_ram(), end, &why);
	check(!err || text[0], "a refusal without a sentence", "");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static int fd = -1;
	struct load_file f = { .path = "bzImage", .size = n };

	if (fd < 0)
		fd = memfd_create("bzImage", 0);
	check(!ftruncate(fd, 0) && pwrite(fd, bytes, n, 0) == (ssize_t)n, "no file", "");
	f.fd = fd;
	if (bzimage_is(&f))
		try_kernel(&f);
	return 0;
}
