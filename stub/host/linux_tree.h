/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device tree tells Linux on every board of ours: Documentation/devicetree/bindings, and chosen.yaml of dt-schema. */
#ifndef LINUX_TREE_H
#define LINUX_TREE_H

#include <stdint.h>

#include "fdt.h"
#include "vm_arch.h"

/* /chosen: the console's path, the command line, the seed, and the initial RAM disk from initrd on, when its end is not 0. */
void linux_tree_chosen(struct fdt *f, const struct vm *vm, const char *console, uint64_t initrd, uint64_t initrd_end);

/* /memory: RAM from start on. */
void linux_tree_memory(struct fdt *f, const struct vm *vm, uint64_t start);

#endif
