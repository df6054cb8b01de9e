/* SPDX-License-Identifier: BSD-2-Clause */
/* The `Image` of a Linux kernel, as arm64 and riscv build it: a header of 64 bytes in front of what is to be in memory. */
#ifndef LINUX_IMAGE_H
#define LINUX_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "load.h"

#define LINUX_IMAGE_ARM64 "ARM\x64" /* the magic at offset 56 */
#define LINUX_IMAGE_RISCV "RSC\x05"

bool linux_image_is(const struct load_file *f, const char *magic);

/*
 * The image to where it wants to be from base on, which is aligned as the architecture demands (2 MiB); *entry is its first
 * byte and *end the end of what it needs.
 */
int linux_image_load(const struct load_file *f, const struct ram *ram, uint64_t base, uint64_t *entry, uint64_t *end,
	const struct refusal *why);

/* The initial RAM disk, whole, to the next 2 MiB boundary behind `after`; *start and *end are where it then lies. */
int linux_initrd_load(
	const char *path, const struct ram *ram, uint64_t after, uint64_t *start, uint64_t *end, const struct refusal *why);

#endif
