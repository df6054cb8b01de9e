/* SPDX-License-Identifier: BSD-2-Clause */
/* What answers `monitor`: the table of commands, which whoever opens a machine hands to it. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "../machine/machine.h"

machine_command_fn commands_run;

#endif
