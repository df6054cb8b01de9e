/* SPDX-License-Identifier: BSD-2-Clause */
/* Which registers somebody may have meant. */
#ifndef NEAREST_H
#define NEAREST_H

#include "../reg/tdesc.h"

/* The names that are nearest to one that is none's, as in "cr0, cr2 and cr3", cut to size; false: none is near. */
bool nearest_names(const struct tdesc *d, const char *name, char *text, size_t size);

#endif
