/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux on the x86-64 board. */
#ifndef VM_X86_64_LINUX_H
#define VM_X86_64_LINUX_H

#include "load.h"
#include "vm_x86_64.h"

/* As x86_kind.load. */
int x86_load_bzimage(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why);

#endif
