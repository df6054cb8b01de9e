/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor` commands on memory: gva2gpa, info, memory-map, xp. */
#ifndef MONITOR_MAPS_H
#define MONITOR_MAPS_H

#include "printer.h"

command_fn do_gpa2hva;
command_fn do_gva2gpa;
command_fn do_info;
command_fn do_memory_map;
command_fn do_xp;

#endif
