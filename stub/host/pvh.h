/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images that are entered as Xen enters a PVH guest (Xen, docs/misc/pvh.pandoc): an ELF file with a note that has a 32-bit entry, which
 * finds the address of what it is told, struct hvm_start_info, in ebx. Linux has such a note, and so do others that want no boot loader.
 */
#ifndef PVH_H
#define PVH_H

#include "boot_info.h"

bool pvh_is(const struct load_file *f);

/* 0, or -errno and a sentence. RAM may have been written to in either case. */
int pvh_load(const struct boot_request *r, struct boot_start *start, const struct refusal *why);

#endif
