/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside reg/ only: ids that KVM lists and the table has not, as rows of a feature org.kvm.unknown. A register's name is its
 * number: msr_c0000104, in group msr, for an MSR of x86, else reg_6030000000138012, in group unknown.
 */
#ifndef UNKNOWN_H
#define UNKNOWN_H

#include "../arch/arch.h"
#include "table.h"

/* What a row points to. */
struct unknown_text {
	char name[24];
	char attributes[64];
};

struct tdesc_unknown {
	struct tdesc_feature feature;
	struct reg_row *rows;
	struct unknown_text *texts;
};

/* The rows for those of n ids that no register of the architecture has. NULL without memory. Freed by unknown_free(). */
struct tdesc_unknown *unknown_rows(const struct arch *arch, const uint64_t *ids, unsigned n);
void unknown_free(struct tdesc_unknown *u);

#endif
