/* SPDX-License-Identifier: BSD-2-Clause */
/* See boot_params.h. */
#include "boot_params.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "linux_image.h"

#define RSDP_AT 0x70	   /* 8 bytes */
#define E820_ENTRIES 0x1e8 /* 1 byte */
#define E820_TABLE 0x2d0   /* of entries of 20 bytes: address, size, type */
#define E820_ENTRY 20
#define E820_MAX 128
#define E820_RAM 1
#define E820_RESERVED 2

#define LOADER_UNKNOWN 0xff
#define LINUX_COMMAND_LINE_MAX 2047 /* COMMAND_LINE_SIZE: arch/x86/include/asm/setup.h */
#define LINUX_INITRD_MAX 0x7fffffff /* arch/x86/boot/header.S */
#define LINUX_VERSION 0x20f

uint64_t boot_params_get(const struct boot_params *p, unsigned at, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)p->bytes[at + i] << (8 * i);
	return value;
}

void boot_params_set(struct boot_params *p, unsigned at, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		p->bytes[at + i] = (uint8_t)(value >> (8 * i));
}

void boot_params_make_header(struct boot_params *p)
{
	boot_params_set(p, SETUP_BOOT_FLAG, 2, BOOT_FLAG);
	boot_params_set(p, SETUP_MAGIC, 4, MAGIC);
	boot_params_set(p, SETUP_VERSION, 2, LINUX_VERSION);
	boot_params_set(p, SETUP_LOADFLAGS, 1, 1); /* it is high */
	boot_params_set(p, SETUP_INITRD_MAX, 4, LINUX_INITRD_MAX);
	boot_params_set(p, SETUP_COMMAND_LINE_MAX, 4, LINUX_COMMAND_LINE_MAX);
}

/* --- the map of memory */

static void add_area(struct boot_params *p, uint64_t start, uint64_t end, uint32_t type)
{
	unsigned n = (unsigned)boot_params_get(p, E820_ENTRIES, 1), at = E820_TABLE + n * E820_ENTRY;

	if (start >= end || n == E820_MAX)
		return;
	boot_params_set(p, at, 8, start);
	boot_params_set(p, at + 8, 8, end - start);
	boot_params_set(p, at + 16, 4, type);
	boot_params_set(p, E820_ENTRIES, 1, n + 1);
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A piece of RAM, without what is in the hole. */
static void add_ram(struct boot_params *p, const struct ram_slot *s, const struct linux_boot *boot)
{
	uint64_t end = s->gpa + s->size;

	add_area(p, s->gpa, lower(end, boot->hole), E820_RAM);
	add_area(p, s->gpa > boot->hole_end ? s->gpa : boot->hole_end, end, E820_RAM);
}

static void add_memory(struct boot_params *p, const struct ram *ram, const struct linux_boot *boot)
{
	for (unsigned i = 0; i < ram->n; i++)
		add_ram(p, &ram->slot[i], boot);
	add_area(p, boot->hole, boot->hole_end, E820_RESERVED);
}

/* --- what is behind the kernel, and before it */

static int add_ramdisk(
	struct boot_params *p, const struct linux_boot *boot, const struct ram *ram, uint64_t behind, const struct refusal *why)
{
	uint64_t last = boot_params_get(p, SETUP_INITRD_MAX, 4), start, end;
	int err;

	if (!boot->initrd)
		return 0;
	err = linux_initrd_load(boot->initrd, ram, behind, &start, &end, why);
	if (err)
		return err;
	if (end > last + 1)
		return refuse(why, -EFBIG,
			"%s: would end at 0x%" PRIx64 ", and the kernel takes an initial RAM disk up to 0x%" PRIx64 " only",
			boot->initrd, end, last + 1);
	boot_params_set(p, SETUP_RAMDISK, 4, start);
	boot_params_set(p, SETUP_RAMDISK_SIZE, 4, end - start);
	return 0;
}

static int put(const struct ram *ram, uint64_t gpa, const void *bytes, size_t n, const struct refusal *why)
{
	const struct ram_slot *s = ram_find(ram, gpa, n);

	if (!s)
		return refuse(why, -ENOSPC, "there is no RAM at 0x%" PRIx64 " for what a Linux kernel is told (--memory)", gpa);
	memcpy(s->hva + (gpa - s->gpa), bytes, n);
	return 0;
}

static int add_command_line(
	struct boot_params *p, const struct linux_boot *boot, const struct ram *ram, const struct refusal *why)
{
	const char *text = boot->append ? boot->append : "";
	uint64_t max = lower(boot_params_get(p, SETUP_COMMAND_LINE_MAX, 4), boot->command_line_room - 1);

	if (strlen(text) > max)
		return refuse(why, -E2BIG, "the command line has %zu bytes, and this kernel takes %" PRIu64, strlen(text), max);
	boot_params_set(p, SETUP_COMMAND_LINE, 4, boot->command_line);
	return put(ram, boot->command_line, text, strlen(text) + 1, why);
}

int boot_params_finish(
	struct boot_params *p, const struct linux_boot *boot, const struct ram *ram, uint64_t end, const struct refusal *why)
{
	int err;

	boot_params_set(p, SETUP_LOADER, 1, LOADER_UNKNOWN);
	boot_params_set(p, RSDP_AT, 8, boot->rsdp);
	add_memory(p, ram, boot);
	err = add_ramdisk(p, boot, ram, end, why);
	if (!err)
		err = add_command_line(p, boot, ram, why);
	return err ? err : put(ram, boot->params, p->bytes, sizeof(p->bytes), why);
}
