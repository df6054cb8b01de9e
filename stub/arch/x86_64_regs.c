/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86-64: the struct ioctls that its registers are in, where the components of the XSAVE area begin, the x87 tag word,
 * segments' access rights. Names and numbers of fields are those of Intel's Software Developer's Manual (SDM).
 */
#include <errno.h>

#include "x86_64.h"

/* KVM_CAP_XSAVE2, <linux/kvm.h> */
#define CAP_XSAVE2 208

/* <linux/kvm.h>: KVM_GET_REGS and KVM_SET_REGS, and so on; KVM_GET_XSAVE2 */
const struct arch_block x86_64_blocks[X86_BLOCKS] = {
	[X86_REGS] = { .name = "regs",
		.get_nr = 0x81,
		.set_nr = 0x82,
		.size = X86_REGS_SIZE,
		.run_at = X86_REGS_AT,
		.run_sync = X86_SYNC_REGS },
	[X86_SREGS] = { .name = "sregs",
		.get_nr = 0x83,
		.set_nr = 0x84,
		.size = X86_SREGS_SIZE,
		.run_at = X86_SREGS_AT,
		.run_sync = X86_SYNC_SREGS },
	[X86_XSAVE] = { .name = "xsave",
		.get_nr = 0xa4,
		.set_nr = 0xa5,
		.size = X86_XSAVE_ROOM,
		.coded = X86_XSAVE_SIZE,
		.large_nr = 0xcf,
		.large_cap = CAP_XSAVE2,
		.in_use = X86_XSTATE_BV },
	[X86_DEBUGREGS] = { .name = "debugregs", .get_nr = 0xa1, .set_nr = 0xa2, .size = X86_DEBUGREGS_SIZE },
	[X86_XCRS] = { .name = "xcrs", .get_nr = 0xa6, .set_nr = 0xa7, .size = X86_XCRS_SIZE },
	[X86_CPUID] = { .name = "cpuid2",
		.get_nr = 0x91,
		.size = X86_CPUID_HEAD + X86_CPUID_MAX * X86_CPUID_ENTRY,
		.coded = X86_CPUID_HEAD,
		.entries = X86_CPUID_MAX },
	[X86_LAPIC] = { .name = "lapic_state", .get_nr = 0x8e, .set_nr = 0x8f, .size = X86_LAPIC_SIZE },
	[X86_EVENTS] = { .name = "vcpu_events", .get_nr = 0x9f, .set_nr = 0xa0, .size = X86_EVENTS_SIZE },
};

/* Words of struct kvm_cpuid_entry2. */
enum cpuid_word {
	CPUID_FUNCTION,
	CPUID_INDEX,
	CPUID_EAX = 3,
	CPUID_EBX
};

#define LEAF_XSAVE 0xd

static int cpuid_word(struct view *v, unsigned entry, enum cpuid_word word, uint64_t *value)
{
	return v->get(v, X86_CPUID_WORD(entry, word), value);
}

/* What the guest's CPUID says of a sub-leaf. -ENOENT when CPUID has no such sub-leaf. */
static int xsave_leaf(struct view *v, unsigned index, enum cpuid_word word, uint64_t *value)
{
	uint64_t n, function, sub;
	int err = v->get(v, X86_CPUID_NENT, &n);

	for (unsigned i = 0; !err && i < n && i < X86_CPUID_MAX; i++) {
		err = cpuid_word(v, i, CPUID_FUNCTION, &function);
		if (!err)
			err = cpuid_word(v, i, CPUID_INDEX, &sub);
		if (!err && function == LEAF_XSAVE && sub == index)
			return cpuid_word(v, i, word, value);
	}
	return err ? err : -ENOENT;
}

/*
 * x87 and SSE are at fixed places in the legacy region, which is there without XSAVE as well (SDM volume 1, 13.4.1). The others
 * are where sub-leaf n says, if sub-leaf 0 says that the guest can turn them on.
 */
int x86_64_component(struct view *v, unsigned n, unsigned *at)
{
	uint64_t possible, offset;
	int err;

	*at = 0;
	if (n < 2)
		return 0;
	err = xsave_leaf(v, 0, CPUID_EAX, &possible);
	if (!err && !(possible >> n & 1))
		err = -ENOENT;
	if (!err)
		err = xsave_leaf(v, n, CPUID_EBX, &offset);
	if (!err)
		*at = (unsigned)offset;
	return err;
}

/* The two bits of a register in the x87 tag word (SDM volume 1, 8.1.7). */
enum x87_tag {
	TAG_VALID,
	TAG_ZERO,
	TAG_SPECIAL,
	TAG_EMPTY
};

/* As FNSTENV finds them (SDM volume 1, "Recreating FSAVE format" of FXSAVE): by exponent, then by the mantissa. */
static enum x87_tag tag_of(uint64_t mantissa, unsigned exponent)
{
	if (exponent == 0x7fff)
		return TAG_SPECIAL;
	if (exponent == 0)
		return mantissa ? TAG_SPECIAL : TAG_ZERO;
	return mantissa >> 63 ? TAG_VALID : TAG_SPECIAL;
}

/* The registers are kept from the top of the stack on; the tags are those of the physical registers. */
static int get_tag(struct view *v, unsigned st, unsigned *tag)
{
	uint64_t mantissa, exponent;
	int err = v->get(v, X86_ST_MANTISSA(st), &mantissa);

	if (!err)
		err = v->get(v, X86_ST_EXPONENT(st), &exponent);
	if (!err)
		*tag = tag_of(mantissa, exponent & 0x7fff);
	return err;
}

static int get_ftag(struct view *v, uint64_t *value)
{
	uint64_t fsw, full, word = 0;
	int err = v->get(v, X86_FSW, &fsw);

	if (!err)
		err = v->get(v, X86_FTWX, &full);
	for (unsigned r = 0; !err && r < 8; r++) {
		unsigned top = fsw >> 11 & 7, tag = TAG_EMPTY;

		if (full >> r & 1)
			err = get_tag(v, (r - top) & 7, &tag);
		word |= (uint64_t)tag << (2 * r);
	}
	if (!err)
		*value = word;
	return err;
}

/* KVM keeps one bit a register: empty or not. The rest of the tag follows from the register's value. */
static int set_ftag(struct view *v, uint64_t value)
{
	uint64_t full = 0;

	for (unsigned r = 0; r < 8; r++)
		full |= (uint64_t)((value >> (2 * r) & 3) != TAG_EMPTY) << r;
	return v->set(v, X86_FTWX, full);
}

/* The fields of struct kvm_segment, a byte each, and their bits in the access rights (SDM volume 3, table 25-2). */
static const struct {
	uint8_t at, shift, bits;
} attributes[] = {
	{ 0x0e, 0, 4 },	 /* type */
	{ 0x12, 4, 1 },	 /* s */
	{ 0x10, 5, 2 },	 /* dpl */
	{ 0x0f, 7, 1 },	 /* present */
	{ 0x15, 12, 1 }, /* avl */
	{ 0x13, 13, 1 }, /* l */
	{ 0x11, 14, 1 }, /* db */
	{ 0x14, 15, 1 }, /* g */
	{ 0x16, 16, 1 }, /* unusable */
};

#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static uint64_t attribute_key(uint64_t segment, unsigned i)
{
	return KEY_BLOCK(X86_SREGS, 1, KEY_OFFSET(segment) + attributes[i].at);
}

static int get_attributes(struct view *v, uint64_t segment, uint64_t *value)
{
	uint64_t all = 0, part;
	int err = 0;

	for (unsigned i = 0; !err && i < ATTRIBUTES; i++) {
		err = v->get(v, attribute_key(segment, i), &part);
		if (!err)
			all |= (part & ((1u << attributes[i].bits) - 1)) << attributes[i].shift;
	}
	if (!err)
		*value = all;
	return err;
}

/* Those that change. KVM looks at them when it has all: what it refuses stays as it was. */
static int set_attributes(struct view *v, uint64_t segment, uint64_t value)
{
	uint64_t old;
	int err = 0;

	for (unsigned i = 0; !err && i < ATTRIBUTES; i++) {
		uint64_t part = value >> attributes[i].shift & ((1u << attributes[i].bits) - 1);

		err = v->get(v, attribute_key(segment, i), &old);
		if (!err && old != part)
			err = v->set(v, attribute_key(segment, i), part);
	}
	return err;
}

#define SEGMENT(name, at)                                                     \
	static int get_##name(struct view *v, uint64_t *value)                \
	{                                                                     \
		return get_attributes(v, KEY_BLOCK(X86_SREGS, 8, at), value); \
	}                                                                     \
	static int set_##name(struct view *v, uint64_t value)                 \
	{                                                                     \
		return set_attributes(v, KEY_BLOCK(X86_SREGS, 8, at), value); \
	}

SEGMENT(cs, 0x00)
SEGMENT(ds, 0x18)
SEGMENT(es, 0x30)
SEGMENT(fs, 0x48)
SEGMENT(gs, 0x60)
SEGMENT(ss, 0x78)
SEGMENT(tr, 0x90)
SEGMENT(ldt, 0xa8)

const struct arch_computed x86_64_computed[X86_COMPUTED] = {
	{ "ftag", get_ftag, set_ftag, 0 },
	{ "cs_attr", get_cs, set_cs, 0 },
	{ "ds_attr", get_ds, set_ds, 0 },
	{ "es_attr", get_es, set_es, 0 },
	{ "fs_attr", get_fs, set_fs, 0 },
	{ "gs_attr", get_gs, set_gs, 0 },
	{ "ss_attr", get_ss, set_ss, 0 },
	{ "tr_attr", get_tr, set_tr, 0 },
	{ "ldt_attr", get_ldt, set_ldt, 0 },
};
