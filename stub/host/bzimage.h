/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux kernel as x86 builds it for boot loaders: boot code, a setup header, and the kernel, which unpacks itself. Entered in 64-bit
 * mode, behind the boot code (Documentation/arch/x86/boot.rst, "64-bit boot protocol").
 */
#ifndef BZIMAGE_H
#define BZIMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "boot_params.h"
#include "load.h"

bool bzimage_is(const struct load_file *f);

/*
 * The kernel to where it prefers to be; *entry is where it starts, *end the end of what it needs, and p has its setup header. -errno and a
 * sentence: the file is damaged, or it is a kernel that cannot be entered in this way.
 */
int bzimage_load(const struct load_file *f, const struct ram *ram, struct boot_params *p, uint64_t *entry, uint64_t *end,
	const struct refusal *why);

#endif
