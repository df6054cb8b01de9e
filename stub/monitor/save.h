/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor save`. */
#ifndef MONITOR_SAVE_H
#define MONITOR_SAVE_H

#include "printer.h"

command_fn do_save;

#endif
