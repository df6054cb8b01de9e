/* SPDX-License-Identifier: BSD-2-Clause */
/* An ELF image to be spoiled, and a machine to load it. */
#ifndef LOAD_IMAGE_H
#define LOAD_IMAGE_H

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/load.h"
#include "tap.h"

#define RAM_AT 0x1000
#define RAM_SIZE 0x8000
#define CODE_AT 0x3000
#define OUR_DATA (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

static const char image_name[] = "guest.elf";

/* An image of two segments: code, and data that is longer in memory than in the file. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segment[2];
	uint8_t code[16], data[8];
};

static struct image good_image(void)
{
	struct image i = {
		.header =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, OUR_DATA, EV_CURRENT},
				.e_type = ET_EXEC,
				.e_machine = EM_X86_64,
				.e_entry = CODE_AT + 4,
				.e_phoff = offsetof(struct image, segment),
				.e_phentsize = sizeof(Elf64_Phdr),
				.e_phnum = 2,
			},
		.segment =
			{
				{.p_type = PT_LOAD, .p_offset = offsetof(struct image, code), .p_filesz = 16, .p_memsz = 16},
				{.p_type = PT_LOAD, .p_offset = offsetof(struct image, data), .p_filesz = 8, .p_memsz = 0x100},
			},
		.code = "0123456789abcde",
		.data = "DATADAT",
	};

	i.segment[0].p_vaddr = i.segment[0].p_paddr = CODE_AT;
	i.segment[1].p_vaddr = i.segment[1].p_paddr = CODE_AT + 0x1000;
	return i;
}

static void new_ram(struct ram *ram)
{
	char text[100];

	if (ram_open(ram) || ram_map(ram, 0, RAM_AT, RAM_SIZE, &(struct refusal){ text, sizeof(text) }))
		diag("no memory", text);
}

static void write_file(const void *bytes, size_t size)
{
	int fd = open(image_name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		diag("cannot write", image_name);
	close(fd);
}

static const struct load_machine machine = { .elf_machine = EM_X86_64, .reserved = RAM_AT, .reserved_end = RAM_AT + 0x1000 };

static int load(const struct load_machine *m, struct ram *ram, struct loaded *loaded, char *text, size_t size)
{
	struct refusal why = { text, size };
	struct load_file f;
	int err = load_open(&f, image_name, &why);

	if (err)
		return err;
	err = load_elf(&f, m, ram, loaded, &why);
	load_close(&f);
	return err;
}

#endif
