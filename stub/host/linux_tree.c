/* SPDX-License-Identifier: BSD-2-Clause */
/* See linux_tree.h. */
#include "linux_tree.h"

void linux_tree_chosen(struct fdt *f, const struct vm *vm, const char *console, uint64_t initrd, uint64_t initrd_end)
{
	fdt_begin(f, "chosen");
	fdt_string(f, "stdout-path", console);
	if (vm->config.append)
		fdt_string(f, "bootargs", vm->config.append);
	if (vm->seed)
		FDT_CELLS(f, "kaslr-seed", FDT_CELLS_OF(vm->seed));
	if (initrd_end) {
		FDT_CELLS(f, "linux,initrd-start", FDT_CELLS_OF(initrd));
		FDT_CELLS(f, "linux,initrd-end", FDT_CELLS_OF(initrd_end));
	}
	fdt_end(f);
}

void linux_tree_memory(struct fdt *f, const struct vm *vm, uint64_t start)
{
	fdt_begin_at(f, "memory", start);
	fdt_string(f, "device_type", "memory");
	FDT_CELLS(f, "reg", FDT_CELLS_OF(start), FDT_CELLS_OF(vm->config.memory));
	fdt_end(f);
}
