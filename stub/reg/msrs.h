/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: the way of x86's MSRs. */
#ifndef MSRS_H
#define MSRS_H

#include "way.h"

/* KVM_X86_REG_MSR() in x86's <asm/kvm.h> since Linux 6.18: architecture, 64 bits, type 2; the low half is the index. */
#define MSR_ID_HIGH 0x20300002u
#define MSR_ID(index) ((uint64_t)MSR_ID_HIGH << 32 | (index))

extern const struct way msrs_way;

static inline bool is_msr(uint64_t key)
{
	return key >> 32 == MSR_ID_HIGH;
}

/* Does KVM_GET_ONE_REG know MSRs by their ids? One of this vCPU's is read. */
bool msrs_have_ids(struct transport *t, unsigned vcpu);

#endif
