/* SPDX-License-Identifier: BSD-2-Clause */
/* region.c: what there is in a vCPU's address space, by its page tables. */
#ifndef REGION_H
#define REGION_H

#include <stdint.h>

struct memory_region;
struct space;

/* For one answer: as many walks take some tens of milliseconds. */
#define REGION_LOOKS 4096

/*
 * As target.h's find_region, of a vCPU that stands, while nobody is in the guest. At most *looks pages or holes are looked at, one at
 * least, and *looks is what is left of them. 0, or -errno and a sentence.
 */
int region_find(struct space *s, uint64_t addr, struct memory_region *region, unsigned *looks);

#endif
