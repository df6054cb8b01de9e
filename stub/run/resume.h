/* SPDX-License-Identifier: BSD-2-Clause */
/* What each vCPU has to do first when threads are resumed, and whether they can be. */
#ifndef RESUME_H
#define RESUME_H

#include "vcpu.h"

/* As target.h's resume(), by the baton's holder. 0, or -errno and a sentence. */
int resume_threads(struct guest *g, const struct resume_action *actions);

/* The guest is to run, perhaps for the first time: whatever depends on what was loaded into it is set. Before anything is planned. */
void resume_set_off(struct guest *g);

#endif
