/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory slots as KVM's refusals tell of them: ioctls executed in the VMM's process ask for slots that KVM refuses in any case,
 * and how it does so says whether there is a slot already. Wants no more than the right to trace the process.
 */
#ifndef MEMSLOTS_QUERIES_H
#define MEMSLOTS_QUERIES_H

#include "../refuse.h"
#include "memslots_table.h"

/* Adds the slots to an empty table, and counts in slots->missing what cannot be placed. 0, or -errno and a sentence. */
int memslots_queries_read(const struct memslots_vm *vm, struct memslots *slots, const struct refusal *why);

#endif
