/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which registers a vCPU has, their numbers, and target.xml. The rows come from table.h's tables; which rows a vCPU has comes
 * from its KVM_GET_REG_LIST, or from a probe where KVM has no such list.
 */
#ifndef TDESC_H
#define TDESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../arch/arch.h"
#include "table.h"

/* A register that this vCPU has. Its GDB number is its index in tdesc.regs. */
struct tdesc_reg {
	const struct reg_row *row;
	const struct arch_computed *computed; /* for row->from */
	uint64_t key;			      /* row->key, with this vCPU's size; 0: computed */
	unsigned size;			      /* bytes for GDB; KVM's value may be longer or shorter */
};

struct tdesc_unknown; /* unknown.h */

struct tdesc {
	const struct arch *arch;
	struct tdesc_reg *regs;
	unsigned nregs;
	unsigned ngeneral;     /* `g` is registers 0 .. ngeneral - 1 */
	unsigned general_size; /* bytes */
	unsigned max_size;     /* bytes of the largest register */
	char *xml;	       /* target.xml, NUL-terminated */
	char *named_xml;       /* the same without the fields that are called by their bits */
	struct tdesc_unknown *unknown;
};

/* What is known of the vCPU that is to be described: presence.h has one for a real one. */
struct tdesc_source {
	struct view view; /* for widths and registers that are computed (kvm:times, kvm:from) */

	/* Has the vCPU the value behind this key (an id, or a field of a block), and can it be read? */
	bool (*has)(struct tdesc_source *source, uint64_t key);

	/*
	 * The ids that KVM lists, sorted or not; there may be none. One that is not in the table is described under its number.
	 */
	const uint64_t *ids;
	unsigned nids;
};

/*
 * The description of that vCPU: registers that the vCPU lacks, or that cannot be computed, are left out, and so is a feature
 * with no register left, or without the register that it needs. Ids that are not in the table come last. At any time, and as
 * often as there is somebody to be given a description: of a vCPU that has run. 0; -ENOMEM; -EINVAL when the architecture does
 * not know a row's kvm:from or kvm:times. The caller frees the description with tdesc_free().
 */
int tdesc_build(struct tdesc *d, const struct arch *arch, struct tdesc_source *source);
void tdesc_free(struct tdesc *d);

/* The number of the register with this name, or generic name ("pc", "sp", "fp"); -1 when there is none. */
int tdesc_by_name(const struct tdesc *d, const char *name);
int tdesc_by_generic(const struct tdesc *d, const char *generic);

#endif
