/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: the way of what KVM moves in structs. */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "way.h"

extern const struct way blocks_way;

/* KVM_SYNC_* of the blocks that are to be found in kvm_run after a run. No vCPU is asked. */
uint64_t blocks_sync(const struct transport *t);

/* Bit n: block n is read by its large_nr. No vCPU is asked. */
uint32_t blocks_large(const struct transport *t);

#endif
