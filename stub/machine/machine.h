/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine under a debugger, as a whole: answers target.h with the guest, whose vCPUs are run/'s. serve/ owns the connection, and the
 * program or the library the machine.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "../run/guest.h"

#define MACHINE_VERSION "0.1" /* of all of this, as users see it */

struct files;
struct machine;

/* What target.h's command() is answered with. */
typedef int machine_command_fn(struct machine *m, const char *line, text_fn *print, void *arg);

struct machine {
	struct guest guest;
	machine_command_fn *command;
	const struct files *files; /* where commands may write files; NULL: nowhere */
	bool may_end;		   /* a client may have the guest ended; else `monitor exit` is refused */
	bool described;		   /* guest.tdesc is that of its vCPUs */
	unsigned mode;		   /* of arch->modes: what the description is of */
	unsigned expedited[3];
	unsigned nexpedited;
	struct vcpu *looked_at;	     /* the one that was current at the stop before */
	struct reg_counters counted; /* when the machine was resumed */

	/* Of the next connection, when that is to have another description: modes.c has it. */
	unsigned next_mode;
	struct tdesc next_tdesc;
};

/* What target.h's functions are handed as a void *. */
static inline struct guest *machine_guest(void *t)
{
	struct machine *m = t;

	return &m->guest;
}

/* The vCPU of a thread that can be looked into now; NULL and the error otherwise. */
struct vcpu *machine_stopped_vcpu(struct guest *g, unsigned thread, int *err);

/* The same, of one whose registers can be written. */
struct vcpu *machine_changeable_vcpu(struct guest *g, unsigned thread, int *err);

/* The same of one that may be running. */
struct vcpu *machine_living_vcpu(struct guest *g, unsigned thread, int *err);

#endif
