/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct boot_params, the page by which an x86 Linux kernel learns of its machine: Documentation/arch/x86/zero-page.rst and boot.rst. It
 * begins with nothing but zeroes; the setup header in it is the kernel's own (bzimage.h), or one made up for a kernel that has none.
 */
#ifndef BOOT_PARAMS_H
#define BOOT_PARAMS_H

#include <stdint.h>

#include "../refuse.h"
#include "ram.h"

#define BOOT_PARAMS_SIZE 4096

struct boot_params {
	uint8_t bytes[BOOT_PARAMS_SIZE];
};

/* What a kernel is given beside its image. Addresses are guest-physical. */
struct linux_boot {
	const char *initrd, *append; /* a file and a command line, or NULL */
	uint64_t params;	     /* where the page is to be */
	uint64_t command_line, command_line_room;
	uint64_t rsdp;
	uint64_t hole, hole_end; /* of the RAM: not to be used by the kernel; whole pages */
};

/* Where the setup header's fields are, in the page and in a bzImage alike. */
#define SETUP_HEADER 0x1f1
#define SETUP_SECTS 0x1f1	     /* 1 byte */
#define SETUP_SYSSIZE 0x1f4	     /* 4: of 16 bytes */
#define SETUP_BOOT_FLAG 0x1fe	     /* 2 */
#define SETUP_JUMP 0x200	     /* 2: the second is how far the header goes beyond 0x202 */
#define SETUP_MAGIC 0x202	     /* 4: "HdrS" */
#define SETUP_VERSION 0x206	     /* 2 */
#define SETUP_LOADER 0x210	     /* 1 */
#define SETUP_LOADFLAGS 0x211	     /* 1 */
#define SETUP_RAMDISK 0x218	     /* 4 */
#define SETUP_RAMDISK_SIZE 0x21c     /* 4 */
#define SETUP_COMMAND_LINE 0x228     /* 4 */
#define SETUP_INITRD_MAX 0x22c	     /* 4: the last byte of it is not behind this */
#define SETUP_XLOADFLAGS 0x236	     /* 2 */
#define SETUP_COMMAND_LINE_MAX 0x238 /* 4: without the zero behind it */
#define SETUP_PREF_ADDRESS 0x258     /* 8 */
#define SETUP_INIT_SIZE 0x260	     /* 4 */
#define SETUP_HEADER_END 0x290	     /* of the longest that the page has room for */

#define BOOT_FLAG 0xaa55
#define MAGIC 0x53726448 /* "HdrS" */

/* A little-endian number of size bytes. */
uint64_t boot_params_get(const struct boot_params *p, unsigned at, unsigned size);
void boot_params_set(struct boot_params *p, unsigned at, unsigned size, uint64_t value);

/* The header that a kernel would have that came without one, as vmlinux does. */
void boot_params_make_header(struct boot_params *p);

/*
 * The kernel is in RAM, all that it needs ends at `end`, and p has its header: the RAM disk goes behind it, the command line and the page to
 * their places. 0, or -errno and a sentence.
 */
int boot_params_finish(
	struct boot_params *p, const struct linux_boot *boot, const struct ram *ram, uint64_t end, const struct refusal *why);

#endif
