/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is asked of a machine's registers without a debugger. The machine may be one of another process's, whose guest stands meanwhile: what is
 * there is read first, and printed when the guest goes on.
 */
#ifndef INQUIRY_H
#define INQUIRY_H

#include "../machine/machine.h"

#define INQUIRY_ALL (-1)

/* The caller's. */
struct question {
	const char *group; /* registers of this one, or NULL: of each */
	const char *name;  /* one register as show_register() takes it, or NAME=VALUE to write it first; or NULL */
	int vcpu;	   /* INQUIRY_ALL: each, and one register of the first */
	bool json;
};

struct inquiry;

/*
 * Of a machine that is stopped, and that nobody serves: reads, or writes and reads. NULL, and a sentence in guest.why: no such vCPU, group or
 * register, a value that it cannot have, what KVM says.
 */
struct inquiry *inquiry_read(struct machine *m, const struct question *q);

/* The answer. The machine may be there no more. */
void inquiry_print(const struct inquiry *i, text_fn *print, void *arg);

void inquiry_free(struct inquiry *i);

#endif
