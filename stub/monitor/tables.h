/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor` commands on page tables. */
#ifndef MONITOR_TABLES_H
#define MONITOR_TABLES_H

#include "printer.h"

command_fn do_page_tables;
command_fn do_translate;

#endif
