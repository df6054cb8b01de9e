/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm_run->immediate_exit of a vCPU that is another VMM's: that sets it to 1, at any time. We set it to another value, where the VMM has not
 * set it, and take back only that.
 */
#ifndef IMMEDIATE_EXIT_H
#define IMMEDIATE_EXIT_H

#include <linux/kvm.h>
#include <stdbool.h>

#define IMMEDIATE_OURS 2

/* False: it is set already. */
static inline bool immediate_set(struct kvm_run *run)
{
	__u8 none = 0;

	return __atomic_compare_exchange_n(
		&run->immediate_exit, &none, IMMEDIATE_OURS, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline void immediate_clear(struct kvm_run *run)
{
	__u8 ours = IMMEDIATE_OURS;

	__atomic_compare_exchange_n(&run->immediate_exit, &ours, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The VMM has set it. */
static inline bool immediate_is_theirs(const struct kvm_run *run)
{
	__u8 now = __atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST);

	return now && now != IMMEDIATE_OURS;
}

#endif
