/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMs of this computer, in text and in JSON, for the command line. */
#ifndef MONITOR_LIST_H
#define MONITOR_LIST_H

#include <stdbool.h>

#include "../refuse.h"
#include "../target.h"

/*
 * Every process that runs a VM, one a line: pid, VMM, user, vCPUs, RAM, age, state, whether it can be attached to, or why not; or one JSON
 * array. What is a guess has ~ before it. 0, or -errno and a sentence when /proc can not be read.
 */
int list_vms(bool json, text_fn *print, void *arg, const struct refusal *why);

#endif
