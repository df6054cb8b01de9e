/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine as rsp/ sees it. */
#ifndef MACHINE_OPS_H
#define MACHINE_OPS_H

#include "machine.h"

struct target machine_target(struct machine *m);

#endif
