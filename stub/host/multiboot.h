/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images for a multiboot loader, as GRUB is: Multiboot Specification 0.6.96 and 2.0. An ELF file of either class, or any file whose header
 * says where it goes, with a header in its first bytes; what it is told is built in RAM and its address is in ebx.
 */
#ifndef MULTIBOOT_H
#define MULTIBOOT_H

#include "boot_info.h"

bool multiboot_is(const struct load_file *f);
bool multiboot2_is(const struct load_file *f);

/* 0, or -errno and a sentence. RAM may have been written to in either case. */
int multiboot_load(const struct boot_request *r, struct boot_start *start, const struct refusal *why);
int multiboot2_load(const struct boot_request *r, struct boot_start *start, const struct refusal *why);

/* For the two of them: where a header says that its file goes. The addresses are those of the specification; 0 for an end: not said. */
struct multiboot_place {
	uint64_t at; /* of the header in the file */
	uint32_t header_addr, load_addr, load_end_addr, bss_end_addr;
};

int multiboot_load_place(
	const struct boot_request *r, const struct multiboot_place *p, struct loaded *loaded, const struct refusal *why);

#define MULTIBOOT_LOADER "kvm-gdbserver"

#endif
