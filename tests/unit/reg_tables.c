/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated tables of every architecture: what GDB demands of them, and that they agree with stub/arch/. */
#include <linux/kvm.h>
#include <stdlib.h>

#include "reg/tdesc.h"
#include "tap.h"

/* What GDB's own descriptions have (gdb/features): features, their registers in order. "..." ends a prefix. */
struct known {
	const char *feature;
	unsigned nrows; /* 0: any number */
	const char *names;
};

static const struct known known_aarch64[] = {
	{ "org.gnu.gdb.aarch64.core", 34,
		"x0 x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 x11 x12 x13 x14 x15 x16 x17 x18 x19 x20 x21 x22 x23 x24 x25 x26 x27 x28 x29 "
		"x30 "
		"sp pc cpsr" },
	{ "org.gnu.gdb.aarch64.fpu", 34,
		"v0 v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11 v12 v13 v14 v15 v16 v17 v18 v19 v20 v21 v22 v23 v24 v25 v26 v27 v28 v29 "
		"v30 "
		"v31 fpsr fpcr" },
	{ "org.kvm.aarch64.system", 0, "SP_EL0 SP_EL1 ELR_EL1 SPSR_EL1 SCTLR_EL1" },
	{ 0 },
};

static const struct known known_x86_64[] = {
	{ "org.gnu.gdb.i386.core", 40,
		"rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags cs ss ds es fs gs st0 st1 st2 st3 "
		"st4 st5 "
		"st6 st7 fctrl fstat ftag fiseg fioff foseg fooff fop" },
	{ "org.gnu.gdb.i386.sse", 17,
		"xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 xmm7 xmm8 xmm9 xmm10 xmm11 xmm12 xmm13 xmm14 xmm15 mxcsr" },
	{ "org.gnu.gdb.i386.segments", 2, "fs_base gs_base" },
	{ "org.kvm.x86_64.system", 0, "cr0 cr2 cr3 cr4 cr8 efer" },
	{ "org.kvm.x86_64.msr", 0, "TSC" },
	{ 0 },
};

static void check_feature(const struct tdesc_feature *feature, const struct known *known)
{
	char *names = strdup(known->names), *save, *name;
	unsigned i = 0;
	bool same = true;

	is_str(feature->name, known->feature, known->feature);
	if (known->nrows)
		is_int(feature->nrows, known->nrows, "has as many registers as GDB's");
	for (name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save), i++)
		same = same && i < feature->nrows && !strcmp(feature->rows[i].name, name);
	ok(same, "%s: its registers are in GDB's order", feature->name);
	free(names);
}

static void check_features(const struct arch *arch, const struct known *known)
{
	unsigned i;

	for (i = 0; known[i].feature && i < arch->tdesc->nfeatures; i++)
		check_feature(&arch->tdesc->features[i], &known[i]);
	ok(!known[i].feature && i == arch->tdesc->nfeatures, "%s has these features and no other", arch->name);
}

/* The row that comes after `row`, or the first one; NULL at the end. */
static const struct reg_row *next_row(const struct tdesc_table *table, const struct reg_row *row)
{
	bool next = !row;

	for (unsigned i = 0; i < table->nfeatures; i++) {
		const struct tdesc_feature *feature = &table->features[i];

		for (unsigned j = 0; j < feature->nrows; j++) {
			if (next)
				return &feature->rows[j];
			next = &feature->rows[j] == row;
		}
	}
	return NULL;
}

static const struct reg_row *row_named(const struct tdesc_table *table, const char *name)
{
	const struct reg_row *row = NULL;

	while ((row = next_row(table, row)))
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

static bool computed_is_known(const struct arch *arch, const char *from)
{
	for (unsigned i = 0; i < arch->ncomputed; i++)
		if (!strcmp(arch->computed[i].name, from))
			return true;
	return false;
}

/* Is the value where this architecture can have it? */
static bool source_is_good(const struct arch *arch, const struct reg_row *row, uint8_t arch_byte)
{
	if (row->from)
		return !row->key && row->bits <= 64 && computed_is_known(arch, row->from);
	if (!KEY_IS_BLOCK(row->key))
		return row->key >> 56 == arch_byte && row->bits <= KEY_SIZE(row->key) * 8;
	return KEY_BLOCK_NR(row->key) < arch->nblocks && KEY_SIZE(row->key) &&
	       KEY_OFFSET(row->key) + KEY_SIZE(row->key) <= arch->blocks[KEY_BLOCK_NR(row->key)].size;
}

static void check_rows(const struct arch *arch, uint8_t arch_byte)
{
	const struct tdesc_table *table = arch->tdesc;
	bool bytes = true, sources = true, unique = true, general = true;
	const struct reg_row *row = NULL;
	bool ended = false;

	while ((row = next_row(table, row))) {
		bytes = bytes && row->bits && row->bits % 8 == 0;
		sources = sources && source_is_good(arch, row, arch_byte);
		unique = unique && row_named(table, row->name) == row;
		ended = ended || !row->general;
		general = general && !(row->general && ended);
	}
	ok(bytes, "%s: every register is whole bytes", arch->name);
	ok(sources, "%s: every register has a source that the architecture has", arch->name);
	ok(unique, "%s: no name is used twice", arch->name);
	ok(general, "%s: general registers come first", arch->name);
}

static void check_general(const struct arch *arch, unsigned registers, unsigned bytes)
{
	const struct reg_row *row = NULL;
	unsigned n = 0, size = 0;

	while ((row = next_row(arch->tdesc, row)) && row->general) {
		n++;
		size += row->bits / 8;
	}
	is_int(n, registers, "`g` has the core registers");
	is_int(size, bytes, "and is as long as they are");
}

static void check_generic(const struct arch *arch)
{
	static const char *const wanted[] = { "pc", "sp", "fp", "flags", "arg1", "arg6" };
	const struct reg_row *row, *pc = NULL;
	unsigned found = 0;

	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		for (row = next_row(arch->tdesc, NULL); row; row = next_row(arch->tdesc, row))
			if (row->generic && !strcmp(row->generic, wanted[i])) {
				found++;
				pc = i == 0 ? row : pc;
			}
	is_int(found, sizeof(wanted) / sizeof(wanted[0]), "pc, sp, fp, flags and arguments are named for LLDB, once each");
	ok(pc && pc->key == arch->pc, "%s: the generic pc is the architecture's pc", arch->name);
}

static void check_block(const struct arch *arch, const char *reg, unsigned nr, const char *block)
{
	const struct reg_row *row = row_named(arch->tdesc, reg);

	ok(row && KEY_IS_BLOCK(row->key) && KEY_BLOCK_NR(row->key) == nr && nr < arch->nblocks &&
			!strcmp(arch->blocks[nr].name, block),
		"%s is in block %u, and that is %s", reg, nr, block);
}

/* Two tables number the blocks: xml/x86_64.xml and stub/arch/x86_64.c. */
static void check_blocks(const struct arch *arch)
{
	is_int(arch->nblocks, 3, "x86_64 has three blocks");
	check_block(arch, "rip", 0, "regs");
	check_block(arch, "efer", 1, "sregs");
	check_block(arch, "mxcsr", 2, "fpu");
#ifdef __x86_64__
	static const unsigned long get[] = { KVM_GET_REGS, KVM_GET_SREGS, KVM_GET_FPU };
	static const unsigned long set[] = { KVM_SET_REGS, KVM_SET_SREGS, KVM_SET_FPU };
	bool same = true;

	for (unsigned i = 0; i < 3 && i < arch->nblocks; i++)
		same = same && get[i] == _IOC(_IOC_READ, KVMIO, arch->blocks[i].get_nr, arch->blocks[i].size) &&
		       set[i] == _IOC(_IOC_WRITE, KVMIO, arch->blocks[i].set_nr, arch->blocks[i].size);
	ok(same, "their ioctls are those of <linux/kvm.h>");
#else
	skip("their ioctls are those of <linux/kvm.h>", "<asm/kvm.h> here is not x86's");
#endif
}

int main(void)
{
	const struct arch *aarch64 = arch_find("aarch64"), *x86_64 = arch_find("x86_64");

	if (!ok(aarch64 && x86_64, "both architectures are there"))
		return done();
	is_str(aarch64->tdesc->architecture, "aarch64", "GDB's name of aarch64");
	is_str(x86_64->tdesc->architecture, "i386:x86-64", "GDB's name of x86_64");
	check_features(aarch64, known_aarch64);
	check_features(x86_64, known_x86_64);
	check_rows(aarch64, 0x60);
	check_rows(x86_64, 0x20);
	check_general(aarch64, 34, 33 * 8 + 4);
	check_general(x86_64, 24, 17 * 8 + 7 * 4);
	check_generic(aarch64);
	check_generic(x86_64);
	check_blocks(x86_64);
	return done();
}
