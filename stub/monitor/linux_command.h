/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor linux`. */
#ifndef LINUX_COMMAND_H
#define LINUX_COMMAND_H

#include "printer.h"

command_fn do_linux;

#endif
