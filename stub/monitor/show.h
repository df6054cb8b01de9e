/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers in text and in JSON, for `monitor` and for the command line. */
#ifndef SHOW_H
#define SHOW_H

#include "../machine/machine.h"
#include "printer.h"

#define SHOW_VALUE_MAX 1024 /* bytes; a ONE_REG id can name more, which nothing here has */

/* What goes to a printer: the registers are one a line, with name, where KVM keeps it, size, value and fields, or one JSON array. */
struct show {
	struct printer to;
	bool json;
	bool started; /* something is in the array */
};

void show_begin(struct show *s);
void show_end(struct show *s);

/* A register of this vCPU by its number in the description: the value, `size` bytes; or why there is none (size -errno). */
void show_value(struct show *s, const struct tdesc *d, unsigned vcpu, unsigned reg, const uint8_t *value, ssize_t size);

/* The next registers of a group (NULL: of any) from *reg on, at most cap of them. Returns how many. */
unsigned show_next_of_group(const struct tdesc *d, const char *group, unsigned *reg, unsigned *found, unsigned cap);

/* -ENOENT: there is no such group, and which there are. */
int show_no_group(const struct tdesc *d, const char *group, const struct refusal *why);

/* In text, every register of the vCPU, or those of one group (NULL: all). 0, or -ENOENT and a sentence. Only while it is stopped. */
int show_registers(struct vcpu *v, const char *group, const struct printer *out);

/*
 * One register, by its name, by its generic one ("pc"), or by any ONE_REG id in hexadecimal, after writing it when value is not NULL: as
 * value_parse() takes it, in this base. lists: what lists the names. 0, or -errno and a sentence.
 */
int show_register(struct vcpu *v, const char *which, const char *value, unsigned base, const char *lists, struct show *s);

#endif
