/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer entry point: image files of anything, for machines of both kinds. What is checked, besides what the sanitizers see: a
 * refusal has its sentence, an image that is taken has its entry in RAM, and no file is copied for longer than RAM is large.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined -I stub -D_GNU_SOURCE, stub/host/load.c, load_relocate.c, linux_image.c, ram.c, and stub/refuse.c.
 */
#include "host/linux_image.h"
#include "host/load.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_SIZE 0x100000
#define LINUX_AT 0x40000000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct load_machine machines[] = {
	{ .elf_machine = EM_X86_64,
		.elf32_machine = EM_386,
		.entry_is_physical = true,
		.reserved = 0x1000,
		.reserved_end = 0xa000 },
	{ .elf_machine = EM_AARCH64, .reserved = LINUX_AT, .reserved_end = LINUX_AT + 0x10000 },
};

static void check(bool good, const char *what, const char *text)
{
	if (good)
		return;
	fprintf(stderr, "%s (%s)\n", what, text);
	abort();
}

/* Two pieces, the first without anything at address 0. */
static const struct ram *the_ram(void)
{
	static struct ram ram;
	char text[200] = "";
	struct refusal why = { text, sizeof(text) };

	if (ram.n)
		return &ram;
	check(!ram_open(&ram) && !ram_map(&ram, 0, 0x1000, RAM_SIZE, &why) && !ram_map(&ram, 1, LINUX_AT, RAM_SIZE, &why),
		"no memory", text);
	return &ram;
}

static void try_elf(const struct load_file *f, const struct load_machine *machine)
{
	char text[200] = "";
	struct loaded loaded;
	int err = load_elf(f, machine, the_ram(), &loaded, &(struct refusal){ text, sizeof(text) });

	check(!err || text[0], "a refusal without a sentence", "");
	check(err || ram_find(the_ram(), loaded.entry, 1), "an entry outside RAM", text);
}

static void try_linux(const struct load_file *f)
{
	char text[200] = "";
	uint64_t entry, end;
	int err = linux_image_load(f, the_ram(), LINUX_AT, &entry, &end, &(struct refusal){ text, sizeof(text) });

	check(!err || text[0], "a refusal without a sentence", "");
	check(err || (entry >= LINUX_AT && entry <= end && end <= LINUX_AT + RAM_SIZE), "a kernel outside RAM", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static int fd = -1;
	struct load_file f = { .path = "image", .size = n };

	if (fd < 0)
		fd = memfd_create("image", 0);
	check(!ftruncate(fd, 0) && pwrite(fd, bytes, n, 0) == (ssize_t)n, "no file", "");
	f.fd = fd;
	for (unsigned i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		try_elf(&f, &machines[i]);
	if (linux_image_is(&f, LINUX_IMAGE_ARM64) || linux_image_is(&f, LINUX_IMAGE_RISCV))
		try_linux(&f);
	return 0;
}
