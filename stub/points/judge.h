/* SPDX-License-Identifier: BSD-2-Clause */
/* A breakpoint was met: which of those at its place are to be reported? */
#ifndef JUDGE_H
#define JUDGE_H

#include "hits.h"

/* What comes of it besides: what commands print, and why a condition was taken to hold, or "". */
struct judgement {
	struct agent_text *said;
	char *text;
	size_t size;
};

/*
 * The vCPU of s has met this breakpoint, and with it all that are at the same place. Runs the commands of those whose condition holds;
 * returns the one that is to be reported, or NULL: then the vCPU goes on. On the vCPU's own thread.
 */
const struct point *judge_met(const struct points *ps, struct space *s, const struct point *met, const struct judgement *j);

#endif
