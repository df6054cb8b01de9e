/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts files into guest RAM: ELF images by their program headers, and whole files. Every file is hostile. */
#ifndef LOAD_H
#define LOAD_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

#include "../refuse.h"
#include "ram.h"

/* A regular file, open for reading. */
struct load_file {
	const char *path;
	int fd;
	uint64_t size;
};

/* What a machine wants of an ELF image. */
struct load_machine {
	unsigned elf_machine;	/* EM_* of a 64-bit file */
	unsigned elf32_machine; /* EM_* of a 32-bit file that it takes as well; EM_NONE: none */
	bool entry_is_physical; /* e_entry is taken for a physical address first, and for a virtual one if it is in no segment so; or else
				   the other way round */
	uint64_t reserved, reserved_end; /* what the machine keeps in RAM for itself */
	uint64_t entry;			 /* in place of the file's, which says one elsewhere; 0: the file's */
};

struct loaded {
	uint64_t entry;
	uint64_t end;	  /* of what it has in RAM */
	bool on_reserved; /* the image needs some of the reserved range */
	bool elf32;	  /* it is of the second kind */
};

/* 0, or -errno and a sentence that begins with the path. A file that was opened is closed by load_close(). */
int load_open(struct load_file *f, const char *path, const struct refusal *why);
void load_close(struct load_file *f);

/* Exactly len bytes at offset into buf; -ENODATA when the file ends before. */
int load_read(const struct load_file *f, uint64_t offset, void *buf, uint64_t len);

/* len bytes of the file from offset on to gpa, where it needs `room` bytes of RAM. */
int load_part(const struct load_file *f, uint64_t offset, uint64_t len, const struct ram *ram, uint64_t gpa, uint64_t room,
	const struct refusal *why);

/* The whole file to gpa, where it needs `room` bytes of RAM (its size, if that is more). */
int load_whole(const struct load_file *f, const struct ram *ram, uint64_t gpa, uint64_t room, const struct refusal *why);

/* Is it an ELF file at all? */
bool load_is_elf(const struct load_file *f);

/* The i-th program header of an ELF file of either class and our byte order, as it is in the file; false when there is none. */
bool load_program_header(const struct load_file *f, unsigned i, Elf64_Phdr *p);

/* The segments to their physical addresses, and where the image starts. */
int load_elf(const struct load_file *f, const struct load_machine *machine, const struct ram *ram, struct loaded *loaded,
	const struct refusal *why);

/* A position-independent image in RAM, as far as its segments lie to each other as they are linked. */
struct load_place {
	const struct load_file *file;
	const struct refusal *why;
	uint64_t linked, size; /* the virtual addresses of its segments */
	uint8_t *bytes;	       /* what is there */
};

/* For load_elf(): does the relocations that its PT_DYNAMIC has and that need no symbol. machine: EM_*. 0, or -errno and a sentence. */
int load_relocate(const struct load_place *place, const Elf64_Phdr *dynamic, unsigned machine);

#endif
