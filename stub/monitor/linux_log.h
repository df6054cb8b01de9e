/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of a Linux kernel, out of the guest's memory. */
#ifndef LINUX_LOG_H
#define LINUX_LOG_H

#include "printer.h"
#include "vmcoreinfo.h"

/* By what VMCOREINFO tells of it, from its oldest record on, as dmesg(1) prints it. 0, or -errno and a sentence. */
int linux_log_print(struct vmcoreinfo *i, const struct printer *out);

#endif
