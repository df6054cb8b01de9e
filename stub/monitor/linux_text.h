/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of a Linux kernel that has no VMCOREINFO yet. */
#ifndef LINUX_TEXT_H
#define LINUX_TEXT_H

#include "linux.h"
#include "printer.h"

/* The texts that are in the ring around the kernel's banner, as it was logged. 0; -ENOENT: it is nowhere, and nothing was printed. */
int linux_text_print(const struct linux_banner *b, const struct printer *out);

#endif
