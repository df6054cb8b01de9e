/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor` commands that start the guest over, or end it. */
#ifndef MONITOR_RESET_H
#define MONITOR_RESET_H

#include "printer.h"

command_fn do_exit;
command_fn do_gdb_sync;
command_fn do_go;
command_fn do_halt;
command_fn do_reset;

#endif
