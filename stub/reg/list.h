/* SPDX-License-Identifier: BSD-2-Clause */
/* Which ids KVM lists. */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"

/*
 * By KVM_GET_REG_LIST, or on x86 by KVM_GET_MSR_INDEX_LIST: the ids into *ids (to be freed by the caller), sorted, and their
 * number; -errno where the kernel has no list.
 */
int list_ids(struct transport *t, unsigned vcpu, uint64_t **ids);

/* Does the vCPU lack what is not listed? */
bool list_is_whole(const struct transport *t);

/* Is this id among the n sorted ones? */
bool list_has(const uint64_t *ids, unsigned n, uint64_t id);

#endif
