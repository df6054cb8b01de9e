/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register database in C: what xml/table.awk makes of xml/ARCH.xml, which names the architecture and its features in order.
 */
#ifndef REG_TABLE_H
#define REG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../arch/arch.h"

/* Registers that are not the state of the guest's program, and are not to be put back with that: see xml/parse.awk. */
enum reg_kind {
	REG_PLAIN,
	REG_CLOCK,
	REG_COUNTER,
	REG_HOST,
	REG_COMMAND,
	REG_UNKNOWN, /* not in the table */
	REG_KINDS
};

/* One register, one line of xml/. */
struct reg_row {
	const char *name;
	unsigned bits;		/* as GDB sees the register; KVM's value may be wider (cpsr) or narrower (cs) */
	bool general;		/* group="general": part of `g` */
	bool read_only;		/* kvm:access="r" */
	const char *attributes; /* the rest, as sent: ` type="..." group="..."` */
	uint64_t key;		/* 0: computed */
	const char *from;	/* kvm:from, or NULL */
	const char *generic;	/* generic="pc|sp|fp|...", or NULL */
	const char *times;	/* kvm:times: bits is that many times as large; or NULL */
	enum reg_kind kind;	/* kvm:kind */
};

/* A vector type whose count is a multiple of what the vCPU says. The other vector types are among `types`. */
struct tdesc_vector {
	const char *id, *type;
	unsigned count;
	const char *times; /* NULL: once */
};

struct tdesc_feature {
	const char *name;
	const char *types; /* the elements before the first register, as sent; "" without any */
	const struct reg_row *rows;
	unsigned nrows;
	const struct tdesc_vector *vectors; /* sent before `types` */
	unsigned nvectors;
	uint64_t unless;   /* kvm:unless: a vCPU with this id has none of the rows; or 0 */
	const char *needs; /* kvm:needs: on a vCPU without this one of the rows the feature is left out; or NULL */
};

/* Generated from one xml/ARCH.xml, which names the architecture and its features in order. */
struct tdesc_table {
	const char *architecture; /* GDB's name: aarch64, i386:x86-64 */
	const struct tdesc_feature *features;
	unsigned nfeatures;
	const char *osabi; /* whose code GDB is to take the guest's for; NULL: that of the system that this GDB was built for */
	bool restores;	   /* GDB puts back all registers after a call, and is not told otherwise */
};

#endif
