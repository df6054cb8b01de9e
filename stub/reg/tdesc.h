/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which registers a vCPU has, their numbers, and target.xml. The rows come from xml/ (the build turns it into tables); which of
 * them a vCPU has comes from its KVM_GET_REG_LIST, or from a probe where there is none.
 */
#ifndef TDESC_H
#define TDESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../arch/arch.h"

/* What is not the state of the guest's program, and is not to be put back with it: see xml/tables.awk. */
enum reg_kind {
	REG_PLAIN,
	REG_CLOCK,
	REG_COUNTER,
	REG_HOST,
	REG_COMMAND,
	REG_UNKNOWN, /* the table has it not */
	REG_KINDS
};

/* One register, one line of xml/. */
struct reg_row {
	const char *name;
	unsigned bits;		/* as GDB sees it; KVM's may be wider (cpsr) or narrower (cs) */
	bool general;		/* group="general": part of `g` */
	bool read_only;		/* kvm:access="r" */
	const char *attributes; /* the rest, as sent: ` type="..." group="..."` */
	uint64_t key;		/* 0: computed */
	const char *from;	/* kvm:from, or NULL */
	const char *generic;	/* generic="pc|sp|fp|...", or NULL */
	const char *times;	/* kvm:times: bits is that many times as large; or NULL */
	enum reg_kind kind;	/* kvm:kind */
};

/* A vector type. Only those whose count is a multiple of what the vCPU says are here; the others are among `types`. */
struct tdesc_vector {
	const char *id, *type;
	unsigned count;
	const char *times; /* NULL: once */
};

struct tdesc_feature {
	const char *name;
	const char *types; /* the elements before the first register, as sent; "" when there are none */
	const struct reg_row *rows;
	unsigned nrows;
	const struct tdesc_vector *vectors; /* sent before `types` */
	unsigned nvectors;
	uint64_t unless; /* kvm:unless: a vCPU with this id has none of the rows; or 0 */
	const char *needs; /* kvm:needs: without this register of its own the feature is left out; or NULL */
};

/* Generated from one xml/ARCH.xml, which names the architecture and its features in order. */
struct tdesc_table {
	const char *architecture; /* GDB's name: aarch64, i386:x86-64 */
	const struct tdesc_feature *features;
	unsigned nfeatures;
	const char *osabi; /* whose code GDB is to take it for; NULL: the one that this GDB was built for */
	bool restores;	   /* GDB puts back all registers after a call, and is not told otherwise */
};

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
	struct view view; /* for what is computed: widths, and registers of kvm:from */

	/* Has it what is behind this key (an id, or a field of a block), and can it be read? */
	bool (*has)(struct tdesc_source *source, uint64_t key);

	/* What KVM lists. An id that the table has not is described under its number. May be empty. */
	const uint64_t *ids;
	unsigned nids;
};

/*
 * The description of that vCPU: registers that it lacks, or that cannot be computed, are left out, and so is a feature with none
 * left, or without the one that it needs. Ids that the table has not come last. 0; -ENOMEM; -EINVAL when the architecture does not know a row's kvm:from or kvm:times. The caller frees it with
 * tdesc_free().
 */
int tdesc_build(struct tdesc *d, const struct arch *arch, struct tdesc_source *source);
void tdesc_free(struct tdesc *d);

/* The number of the register with this name, or generic name ("pc", "sp", "fp"); -1 when there is none. */
int tdesc_by_name(const struct tdesc *d, const char *name);
int tdesc_by_generic(const struct tdesc *d, const char *generic);

#endif
