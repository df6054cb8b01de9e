/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers in text and in JSON, for `monitor` and for the command line. */
#ifndef SHOW_H
#define SHOW_H

#include "../machine/machine.h"

/*
 * Every register of the vCPU, or those of one group (NULL: all), one a line: name, where KVM keeps it, size, value, fields; or one
 * JSON array. 0, or -ENOENT when there is no such group. Only while the machine is stopped.
 */
int show_registers(struct vcpu *v, const char *group, bool json, text_fn *print, void *arg);

/*
 * One register, by its name or by any ONE_REG id in hexadecimal, after writing it when value is not NULL. 0, or -errno and
 * a sentence.
 */
int show_register(struct vcpu *v, const char *which, const char *value, text_fn *print, void *arg);

#endif
