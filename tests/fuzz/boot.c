/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer entry point: files of anything for the boot loaders of a PC, multiboot 1 and 2 and PVH. What is checked, besides what the
 * sanitizers see: a refusal has its sentence; what is taken has its entry in RAM, and is told what begins where it was asked to be.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined -I stub -D_GNU_SOURCE, stub/host/ boot_info.c, multiboot.c, multiboot2.c, pvh.c,
 * load.c, load_relocate.c, ram.c, and stub/refuse.c.
 */
#include "host/multiboot.h"
#include "host/pvh.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_SIZE 0x200000
#define INFO 0x1000
#define INFO_END 0x7000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct {
	bool (*is)(const struct load_file *f);
	int (*load)(const struct boot_request *r, struct boot_start *start, const struct refusal *why);
} loaders[] = { { multiboot_is, multiboot_load }, { multiboot2_is, multiboot2_load }, { pvh_is, pvh_load } };

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
		check(!ram_open(&ram) && !ram_map(&ram, 0, 0, RAM_SIZE, &why), "no memory", text);
	return &ram;
}

static void try_loader(unsigned i, const struct load_file *f)
{
	static const struct load_machine machine = { .elf_machine = EM_X86_64,
		.elf32_machine = EM_386,
		.entry_is_physical = true,
		.reserved = INFO,
		.reserved_end = 0xa000 };
	const struct boot_request r = {
		.file = f, .machine = &machine, .ram = the_ram(), .info = INFO, .info_end = INFO_END, .append = "text"
	};
	struct boot_start start = { 0 };
	char text[200] = "";
	int err;

	if (!loaders[i].is(f))
		return;
	err = loaders[i].load(&r, &start, &(struct refusal){ text, sizeof(text) });
	check(!err || text[0], "a refusal without a sentence", "");
	check(err || ram_find(the_ram(), start.entry, 1), "an entry outside RAM", text);
	check(err || start.ebx == INFO, "information elsewhere", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static int fd = -1;
	struct load_file f = { .path = "image", .size = n };

	if (fd < 0)
		fd = memfd_create("image", 0);
	check(!ftruncate(fd, 0) && pwrite(fd, bytes, n, 0) == (ssize_t)n, "no file", "");
	f.fd = fd;
	for (unsigned i = 0; i < sizeof(loaders) / sizeof(loaders[0]); i++)
		try_loader(i, &f);
	return 0;
}
