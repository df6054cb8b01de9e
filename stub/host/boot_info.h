/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a boot loader of a PC tells an image: the pieces that multiboot (multiboot.h, multiboot2.c) and PVH (pvh.h) have in common. All of
 * it is little-endian, as the computers are that this is for.
 */
#ifndef BOOT_INFO_H
#define BOOT_INFO_H

#include "load.h"

#define BOOT_MODULES_MAX 32
#define BOOT_RANGES_MAX 8

/* What is asked for. */
struct boot_request {
	const struct load_file *file;
	const struct load_machine *machine;
	const struct ram *ram;
	uint64_t info, info_end; /* where in RAM, below 4 GiB, what the image is told may be written */
	const char *append;	 /* or NULL */
	const char *
		initrd; /* the modules: FILE or FILE TEXT, separated by commas, of which two are one in a name or text; or NULL */
	uint64_t rsdp; /* where ACPI's root pointer is, of 36 bytes; 0: there is none */
};

/* What came of it: protected mode without paging, with these registers. */
struct boot_start {
	uint64_t entry;
	uint32_t eax, ebx;
	bool elf32; /* the file has 32-bit code throughout */
};

/* The place of what is told: it is filled from its start on. */
struct boot_area {
	uint8_t *hva;
	uint64_t gpa, used, size;
	bool full; /* something did not find room */
};

/* 0, or -errno and a sentence when there is no RAM for it. */
int boot_area_open(struct boot_area *a, const struct boot_request *r, const struct refusal *why);

/* Room for len bytes, filled with zeroes, on a multiple of align from the area's start on; NULL when there is none. */
uint8_t *boot_reserve(struct boot_area *a, uint64_t len, uint64_t align);

/* The same with these bytes in it; text ends with its zero. The guest-physical address, or 0. */
uint32_t boot_put(struct boot_area *a, const void *bytes, uint64_t len);
uint32_t boot_put_text(struct boot_area *a, const char *text);

/* 0, or -ENOSPC and a sentence when the area was full. */
int boot_area_check(const struct boot_area *a, const struct boot_request *r, const struct refusal *why);

/* A module in RAM. */
struct boot_module {
	uint32_t start, end;
	char *text; /* what stands behind its name, "" if nothing; for multiboot with the name in front */
	char *name;
};

struct boot_modules {
	unsigned n;
	struct boot_module module[BOOT_MODULES_MAX];
	char *words; /* where the texts are */
};

/* The modules, each on a page of its own, behind `after`. 0, or -errno and a sentence. To be freed in either case. */
int boot_load_modules(struct boot_modules *m, const struct boot_request *r, uint64_t after, const struct refusal *why);
void boot_free_modules(struct boot_modules *m);

/* As E820 has the types. */
enum {
	BOOT_RAM = 1,
	BOOT_RESERVED = 2
};

struct boot_range {
	uint64_t start, size;
	uint32_t type;
};

/* The memory map of a PC that has this RAM: how many ranges. */
unsigned boot_memory_map(const struct ram *ram, struct boot_range ranges[BOOT_RANGES_MAX]);

/* In KiB: below 640 KiB, and from 1 MiB to the first hole. */
uint32_t boot_mem_lower(const struct ram *ram);
uint32_t boot_mem_upper(const struct ram *ram);

/* Loads an ELF file for the request; entry: as its machine has it. 0, or -errno and a sentence. */
int boot_load_elf(const struct boot_request *r, struct loaded *loaded, const struct refusal *why);

/* An entry that a 32-bit jump reaches, and nothing that lies on what the image is told. */
int boot_check_place(const struct boot_request *r, const struct loaded *loaded, const struct refusal *why);

#endif
