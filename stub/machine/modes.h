/* SPDX-License-Identifier: BSD-2-Clause */
/* Which description the debugger is given, where the architecture has several. By the baton's holder. */
#ifndef MODES_H
#define MODES_H

#include "machine.h"

const char *modes_name(const struct machine *m, unsigned mode);

/* An index of arch->modes, or -ENOENT. */
int modes_find(const struct arch *arch, const char *name);

/* tdesc_build() for the machine's vCPUs in this mode. */
int modes_describe(struct machine *m, unsigned mode, struct tdesc *d);

/* Of vCPUs that were not described yet: in the present mode, from now on. 0 or -errno. And what was chosen is forgotten. */
int modes_describe_anew(struct machine *m);
void modes_drop(struct machine *m);

/* Which registers stop replies carry, by the present description. */
void modes_expedite(struct machine *m);

/* The mode that the next client is to be given: 0, or -errno and a sentence. And, between two clients: it takes its place. */
int modes_choose(struct machine *m, const char *name);
void modes_change(struct machine *m);

/* Is the mode that is chosen the one in which the guest starts? An empty machine's is, until it runs. */
bool modes_start(const struct machine *m);

#endif
