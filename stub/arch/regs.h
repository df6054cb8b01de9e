/* SPDX-License-Identifier: BSD-2-Clause */
/* Where KVM keeps an architecture's registers when they have no ONE_REG id, and which registers are computed from others. */
#ifndef ARCH_REGS_H
#define ARCH_REGS_H

#include <stdbool.h>
#include <stdint.h>

#include "key.h"
#include "view.h"

/*
 * A struct ioctl: the number of its KVM_GET_ and KVM_SET_ and the size of its struct, from <linux/kvm.h>. Or, with both numbers 0,
 * a part of struct kvm_run that holds state of the vCPU while it does not run: from offset run_at on, under the bit run_sync of
 * KVM_SYNC_* (0: always there). See HOST_RUN_GET. With both, KVM can leave a copy there when a run ends. See HOST_RUN_COPY.
 */
struct arch_block {
	const char *name;
	uint8_t get_nr, set_nr;
	uint16_t size;
	uint16_t run_at;
	uint64_t run_sync;
	uint16_t coded; /* the size in the ioctl's number where the struct goes on behind it; 0: size */

	/* The KVM_GET_ for a vCPU with more than `coded` bytes, which is what KVM_CHECK_EXTENSION(large_cap) says then. */
	uint8_t large_nr;
	uint16_t large_cap;

	bool told; /* no ioctl and no part of kvm_run: HOST_TOLD has the block, which is read-only */

	uint16_t in_use;  /* offset of the bitmap of components in use; 0: there are none */
	uint16_t entries; /* an array of so many entries at most, whose first word says how many; 0: the struct is no array */
};

/*
 * A register that is computed from others (kvm:from="name"). set is NULL when it is read-only. `of` is the id whose whole value it
 * shows in another form, which is then no register of its own; or 0.
 */
struct arch_computed {
	const char *name;
	int (*get)(struct view *v, uint64_t *value);
	int (*set)(struct view *v, uint64_t value);
	uint64_t of;
};

/* What the size of registers is a multiple of, where it depends on the vCPU (kvm:times="name"). 0; -errno: this vCPU has no such registers. */
struct arch_scale {
	const char *name;
	int (*get)(struct view *v, unsigned *times);
};

struct arch_regs {
	uint64_t pc; /* key */

	const struct arch_block *blocks;
	unsigned nblocks;
	const struct arch_computed *computed;
	unsigned ncomputed;
	const struct arch_scale *scales;
	unsigned nscales;

	/* Where in its block this vCPU has component n. 0; -ENOENT: this vCPU has no such component. NULL without components. */
	int (*component)(struct view *v, unsigned n, unsigned *at);

	/* What a register may be named in messages: "running", "halted" (KVM_MP_STATE_*), or NULL. */
	const char *(*mp_state)(uint32_t state);
};

#endif
