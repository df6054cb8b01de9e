/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor linux`. */
#ifndef MONITOR_LINUX_H
#define MONITOR_LINUX_H

#include "printer.h"

command_fn do_linux;

#endif
