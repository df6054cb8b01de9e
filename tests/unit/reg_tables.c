/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated tables of every architecture: what GDB demands of them, and that they agree with stub/arch/. */
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

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
	{ "org.gnu.gdb.aarch64.sve", 52,
		"z0 z1 z2 z3 z4 z5 z6 z7 z8 z9 z10 z11 z12 z13 z14 z15 z16 z17 z18 z19 z20 z21 z22 z23 z24 z25 "
		"z26 z27 z28 z29 z30 z31 fpsr fpcr p0 p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12 p13 p14 p15 ffr vg" },
	{ "org.gnu.gdb.aarch64.pauth", 2, "pauth_dmask pauth_cmask" },
	{ "org.gnu.gdb.aarch64.tls", 2, "tpidr tpidr2" },
	{ "org.kvm.aarch64.system", 0, "SP_EL0 SP_EL1 ELR_EL1 SPSR_EL1 SCTLR_EL1" },
	{ "org.kvm.aarch64.debug", 4 + 4 * 16, "MDCCINT_EL1 MDSCR_EL1" },
	{ "org.kvm.aarch64.pmu", 13 + 2 * 31, "PMCR_EL0" },
	{ "org.kvm.aarch64.id", 0, "MIDR_EL1 MPIDR_EL1" },
	{ "org.kvm.aarch64.gic", 15, "ICC_PMR_EL1" },
	{ "org.kvm.aarch64.events", 4, "SERROR_PENDING" },
	{ "org.kvm.aarch64.el2", 0, "VPIDR_EL2 VMPIDR_EL2" },
	{ "org.kvm.aarch64.firmware", 9, "PSCI_VERSION" },
	{ 0 },
};

static const struct known known_riscv64[] = {
	{ "org.gnu.gdb.riscv.cpu", 33,
		"zero ra sp gp tp t0 t1 t2 fp s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6 pc" },
	{ "org.gnu.gdb.riscv.fpu", 33,
		"ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 "
		"fs10 fs11 ft8 ft9 ft10 ft11 fcsr" },
	{ "org.gnu.gdb.riscv.fpu", 33,
		"ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 "
		"fs10 fs11 ft8 ft9 ft10 ft11 fcsr" },
	{ "org.gnu.gdb.riscv.vector", 32,
		"v0 v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11 v12 v13 v14 v15 v16 v17 v18 v19 v20 v21 v22 v23 v24 v25 v26 v27 v28 v29 "
		"v30 v31" },
	{ "org.gnu.gdb.riscv.virtual", 1, "priv" },
	{ "org.gnu.gdb.riscv.csr", 0, "fflags frm sstatus sie stvec sscratch sepc scause stval sip satp scounteren senvcfg" },
	{ "org.kvm.riscv64.timer", 4, "timer_freq time timer_compare timer_state" },
	{ "org.kvm.riscv64.config", 0, "isa" },
	{ "org.kvm.riscv64.isa", 0, "isa_a isa_c isa_d isa_f" },
	{ "org.kvm.riscv64.sbi", 0, "sbi_v01 sbi_time" },
	{ 0 },
};

static const struct known known_ppc64le[] = {
	{ "org.gnu.gdb.power.core", 38,
		"r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15 r16 r17 r18 r19 r20 r21 r22 r23 r24 r25 r26 r27 r28 r29 "
		"r30 r31 pc msr cr lr ctr xer" },
	{ "org.gnu.gdb.power.fpu", 33,
		"f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 f13 f14 f15 f16 f17 f18 f19 f20 f21 f22 f23 f24 f25 f26 f27 f28 f29 "
		"f30 f31 fpscr" },
	{ "org.gnu.gdb.power.altivec", 34,
		"vr0 vr1 vr2 vr3 vr4 vr5 vr6 vr7 vr8 vr9 vr10 vr11 vr12 vr13 vr14 vr15 vr16 vr17 vr18 vr19 vr20 vr21 vr22 vr23 "
		"vr24 vr25 vr26 vr27 vr28 vr29 vr30 vr31 vscr vrsave" },
	{ "org.gnu.gdb.power.vsx", 32,
		"vs0h vs1h vs2h vs3h vs4h vs5h vs6h vs7h vs8h vs9h vs10h vs11h vs12h vs13h vs14h vs15h vs16h vs17h vs18h vs19h "
		"vs20h vs21h vs22h vs23h vs24h vs25h vs26h vs27h vs28h vs29h vs30h vs31h" },
	{ "org.kvm.ppc64le.system", 0, "SRR0 SRR1 SPRG0" },
	{ "org.kvm.ppc64le.slb", 32, "SLB0 SLB1" },
	{ "org.kvm.ppc64le.pmu", 0, "MMCR0 MMCR1" },
	{ "org.kvm.ppc64le.kvm", 0, "VPA_ADDR" },
	{ "org.kvm.ppc64le.tm", 0, "TM_GPR0 TM_GPR1" },
	{ 0 },
};

static const struct known known_x86_64[] = {
	{ "org.gnu.gdb.i386.core", 40,
		"rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags cs ss ds es fs gs st0 st1 st2 st3 "
		"st4 st5 "
		"st6 st7 fctrl fstat ftag fiseg fioff foseg fooff fop" },
	{ "org.gnu.gdb.i386.sse", 17,
		"xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 xmm7 xmm8 xmm9 xmm10 xmm11 xmm12 xmm13 xmm14 xmm15 mxcsr" },
	{ "org.gnu.gdb.i386.avx", 16,
		"ymm0h ymm1h ymm2h ymm3h ymm4h ymm5h ymm6h ymm7h ymm8h ymm9h ymm10h ymm11h ymm12h ymm13h ymm14h "
		"ymm15h" },
	{ "org.gnu.gdb.i386.avx512", 72,
		"xmm16 xmm17 xmm18 xmm19 xmm20 xmm21 xmm22 xmm23 xmm24 xmm25 xmm26 xmm27 xmm28 xmm29 xmm30 xmm31 "
		"ymm16h ymm17h ymm18h ymm19h ymm20h ymm21h ymm22h ymm23h ymm24h ymm25h ymm26h ymm27h ymm28h "
		"ymm29h ymm30h ymm31h k0 k1 k2 k3 k4 k5 k6 k7 zmm0h zmm1h zmm2h zmm3h zmm4h zmm5h zmm6h zmm7h "
		"zmm8h zmm9h zmm10h zmm11h zmm12h zmm13h zmm14h zmm15h zmm16h zmm17h zmm18h zmm19h zmm20h zmm21h "
		"zmm22h zmm23h zmm24h zmm25h zmm26h zmm27h zmm28h zmm29h zmm30h zmm31h" },
	{ "org.gnu.gdb.i386.pkeys", 1, "pkru" },
	{ "org.gnu.gdb.i386.segments", 2, "fs_base gs_base" },
	{ "org.kvm.x86_64.system", 0, "cr0 cr2 cr3 cr4 cr8 efer" },
	{ "org.kvm.x86_64.msr", 0, "TSC" },
	{ "org.kvm.x86_64.apic", 45, "apic_id apic_version apic_tpr" },
	{ "org.kvm.x86_64.events", 20, "exception_injected exception_nr" },
	{ 0 },
};

/* The same vCPU for 32-bit and 16-bit code: GDB's names and order, and nothing of 64-bit mode but system registers. */
static const struct known known_i386[] = {
	{ "org.gnu.gdb.i386.core", 32,
		"eax ecx edx ebx esp ebp esi edi eip eflags cs ss ds es fs gs st0 st1 st2 st3 st4 st5 st6 st7 fctrl fstat ftag "
		"fiseg fioff foseg fooff fop" },
	{ "org.gnu.gdb.i386.sse", 9, "xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 xmm7 mxcsr" },
	{ "org.gnu.gdb.i386.avx", 8, "ymm0h ymm1h ymm2h ymm3h ymm4h ymm5h ymm6h ymm7h" },
	{ "org.gnu.gdb.i386.avx512", 16, "k0 k1 k2 k3 k4 k5 k6 k7 zmm0h zmm1h zmm2h zmm3h zmm4h zmm5h zmm6h zmm7h" },
	{ "org.gnu.gdb.i386.pkeys", 1, "pkru" },
	{ "org.kvm.i386.segments", 2, "fs_base gs_base" },
	{ "org.kvm.x86_64.system", 0, "cr0 cr2 cr3 cr4 cr8 efer" },
	{ "org.kvm.x86_64.msr", 0, "TSC" },
	{ "org.kvm.x86_64.apic", 45, "apic_id apic_version apic_tpr" },
	{ "org.kvm.x86_64.events", 20, "exception_injected exception_nr" },
	{ 0 },
};

static const struct known known_s390x[] = {
	{ "org.gnu.gdb.s390.core", 18, "pswm pswa r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15" },
	{ "org.gnu.gdb.s390.acr", 16, "acr0 acr1 acr2 acr3 acr4 acr5 acr6 acr7 acr8 acr9 acr10 acr11 acr12 acr13 acr14 acr15" },
	{ "org.gnu.gdb.s390.fpr", 17, "fpc f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 f13 f14 f15" },
	{ "org.gnu.gdb.s390.vx", 32,
		"v0l v1l v2l v3l v4l v5l v6l v7l v8l v9l v10l v11l v12l v13l v14l v15l v16 v17 v18 v19 v20 v21 v22 "
		"v23 v24 v25 v26 v27 v28 v29 v30 v31" },
	{ "org.kvm.s390x.control", 17, "cr0 cr1 cr2 cr3 cr4 cr5 cr6 cr7 cr8 cr9 cr10 cr11 cr12 cr13 cr14 cr15 prefix" },
	{ "org.kvm.s390x.kvm", 9, "todpr epochdiff cputm ckc pft pfc pfs pp gbea" },
	{ 0 },
};

static const struct known known_mips64[] = {
	{ "org.gnu.gdb.mips.cpu", 35,
		"r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15 r16 r17 r18 r19 r20 r21 r22 r23 r24 r25 r26 "
		"r27 r28 r29 r30 r31 lo hi pc" },
	{ "org.gnu.gdb.mips.cp0", 3, "status badvaddr cause" },
	{ "org.gnu.gdb.mips.fpu", 34,
		"f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 f13 f14 f15 f16 f17 f18 f19 f20 f21 f22 f23 f24 f25 f26 "
		"f27 f28 f29 f30 f31 fcsr fir" },
	{ "org.kvm.mips64.system", 0, "Index EntryLo0 EntryLo1 Context" },
	{ "org.kvm.mips64.msa", 34,
		"w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15 w16 w17 w18 w19 w20 w21 w22 w23 w24 w25 w26 "
		"w27 w28 w29 w30 w31 MSAIR MSACSR" },
	{ "org.kvm.mips64.kvm", 3, "COUNT_CTL COUNT_RESUME COUNT_HZ" },
	{ 0 },
};

static const struct known known_loongarch64[] = {
	{ "org.gnu.gdb.loongarch.base", 35,
		"r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15 r16 r17 r18 r19 r20 r21 r22 r23 r24 r25 r26 "
		"r27 r28 r29 r30 r31 orig_a0 pc badv" },
	{ "org.gnu.gdb.loongarch.fpu", 41,
		"f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 f13 f14 f15 f16 f17 f18 f19 f20 f21 f22 f23 f24 f25 f26 "
		"f27 f28 f29 f30 f31 fcc0 fcc1 fcc2 fcc3 fcc4 fcc5 fcc6 fcc7 fcsr" },
	{ "org.gnu.gdb.loongarch.lsx", 32,
		"vr0 vr1 vr2 vr3 vr4 vr5 vr6 vr7 vr8 vr9 vr10 vr11 vr12 vr13 vr14 vr15 vr16 vr17 vr18 vr19 vr20 vr21 "
		"vr22 vr23 vr24 vr25 vr26 vr27 vr28 vr29 vr30 vr31" },
	{ "org.gnu.gdb.loongarch.lasx", 32,
		"xr0 xr1 xr2 xr3 xr4 xr5 xr6 xr7 xr8 xr9 xr10 xr11 xr12 xr13 xr14 xr15 xr16 xr17 xr18 xr19 xr20 xr21 "
		"xr22 xr23 xr24 xr25 xr26 xr27 xr28 xr29 xr30 xr31" },
	{ "org.gnu.gdb.loongarch.lbt", 6, "scr0 scr1 scr2 scr3 eflags ftop" },
	{ "org.kvm.loongarch64.csr", 0, "CRMD PRMD EUEN MISC ECFG ESTAT ERA BADI" },
	{ "org.kvm.loongarch64.cpucfg", 21,
		"CPUCFG0 CPUCFG1 CPUCFG2 CPUCFG3 CPUCFG4 CPUCFG5 CPUCFG6 CPUCFG7 CPUCFG8 CPUCFG9 CPUCFG10 CPUCFG11 "
		"CPUCFG12 CPUCFG13 CPUCFG14 CPUCFG15 CPUCFG16 CPUCFG17 CPUCFG18 CPUCFG19 CPUCFG20" },
	{ "org.kvm.loongarch64.kvm", 2, "COUNTER DEBUG_INST" },
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

/* Bits [first, last] of the field that begins at text; 0 when it names none. */
static uint64_t field_bits(const char *text)
{
	unsigned first, last;
	const char *at = strstr(text, "start=\"");

	if (!at || sscanf(at, "start=\"%u\" end=\"%u\"", &first, &last) != 2 || last > 63 || first > last)
		return 0;
	return (UINT64_MAX >> (63 - (last - first))) << first;
}

/* Every bit of a type of fields is in one of them, and in one alone: gdb shows no other. */
static bool names_all_bits(const char *type)
{
	const char *end = strstr(type, "</"), *size = strstr(type, "size=\"");
	uint64_t named = 0, bits;

	for (const char *field = strstr(type, "<field "); field && field < end; field = strstr(field + 1, "<field ")) {
		bits = field_bits(field);
		if (!bits || named & bits)
			return false;
		named |= bits;
	}
	return named == UINT64_MAX >> (64 - 8 * strtoul(size + 6, NULL, 10));
}

static void check_types(const struct arch *arch)
{
	static const char *const kinds[] = { "<flags ", "<struct " };
	unsigned n = 0, whole = 0;

	for (unsigned i = 0; i < arch->tdesc->nfeatures; i++)
		for (unsigned k = 0; k < 2; k++)
			for (const char *at = arch->tdesc->features[i].types; (at = strstr(at, kinds[k])); at++, n++)
				whole += names_all_bits(at);
	ok(n && whole == n, "%s: of its %u types of fields %u name every bit, once", arch->name, n, whole);
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

/* Is it in a feature that a vCPU has in place of another one? */
static bool stands_in(const struct tdesc_table *table, const struct reg_row *row)
{
	for (unsigned i = 0; i < table->nfeatures; i++) {
		const struct tdesc_feature *f = &table->features[i];

		if (f->unless && row >= f->rows && row < f->rows + f->nrows)
			return true;
	}
	return false;
}

static bool computed_is_known(const struct arch *arch, const char *from)
{
	for (unsigned i = 0; i < arch->regs.ncomputed; i++)
		if (!strcmp(arch->regs.computed[i].name, from))
			return true;
	return false;
}

/* Is the value where this architecture can have it? */
static bool source_is_good(const struct arch *arch, const struct reg_row *row, uint8_t arch_byte)
{
	if (row->from)
		return !row->key && row->bits <= 64 && computed_is_known(arch, row->from);
	if (KEY_IS_DEVICE(row->key))
		return row->bits == 64 && !strcmp(arch->name, "aarch64");
	if (!KEY_IS_BLOCK(row->key))
		return row->key >> 56 == arch_byte && (row->times || row->bits <= KEY_SIZE(row->key) * 8);
	return KEY_BLOCK_NR(row->key) < arch->regs.nblocks && KEY_SIZE(row->key) &&
	       KEY_OFFSET(row->key) + KEY_SIZE(row->key) <= arch->regs.blocks[KEY_BLOCK_NR(row->key)].size;
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
		unique = unique && (row_named(table, row->name)->key == row->key || stands_in(table, row));
		ended = ended || !row->general;
		general = general && !(row->general && ended);
	}
	ok(bytes, "%s: every register is whole bytes", arch->name);
	ok(sources, "%s: every register has a source that the architecture has", arch->name);
	ok(unique, "%s: no name is of two registers", arch->name);
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

/* "pc", then what the calling convention has: on i386, no argument in a register. */
static void check_generic(const struct arch *arch, const char *last_arg)
{
	const char *const wanted[] = { "pc", "sp", "fp", "flags", "arg1", last_arg };
	const struct reg_row *row, *pc = NULL;
	unsigned found = 0, n = last_arg ? 6 : 4;

	for (unsigned i = 0; i < n; i++)
		for (row = next_row(arch->tdesc, NULL); row; row = next_row(arch->tdesc, row))
			if (row->generic && !strcmp(row->generic, wanted[i])) {
				found++;
				pc = i == 0 ? row : pc;
			}
	is_int(found, n, "pc, sp, fp, flags and arguments are named for LLDB, once each");
	ok(pc && pc->key == arch->regs.pc, "%s: the generic pc is the architecture's pc", arch->name);
}

static void check_block(const struct arch *arch, const char *reg, unsigned nr, const char *block)
{
	const struct reg_row *row = row_named(arch->tdesc, reg);

	ok(row && KEY_IS_BLOCK(row->key) && KEY_BLOCK_NR(row->key) == nr && nr < arch->regs.nblocks &&
			!strcmp(arch->regs.blocks[nr].name, block),
		"%s is in block %u, and that is %s", reg, nr, block);
}

/* Two tables number the blocks: xml/ARCH.xml and stub/arch/ARCH.c. */
static void check_other_blocks(void)
{
	const struct arch *s390x = arch_find("s390x"), *loongarch64 = arch_find("loongarch64");

	is_int(s390x->regs.nblocks, 6, "s390x has six blocks");
	check_block(s390x, "r15", 0, "regs");
	check_block(s390x, "cr15", 1, "sregs");
	check_block(s390x, "fpc", 2, "fpu");
	check_block(s390x, "pswa", 3, "psw");
	check_block(s390x, "prefix", 4, "prefix");
	check_block(s390x, "v31", 5, "vrs");
	check_block(arch_find("aarch64"), "SERROR_ESR", 0, "vcpu_events");
	is_int(loongarch64->regs.nblocks, 2, "loongarch64 has two blocks");
	check_block(loongarch64, "pc", 0, "regs");
	check_block(loongarch64, "xr31", 1, "fpu");
	check_block(arch_find("ppc64le"), "pc", 0, "regs");
	check_block(arch_find("ppc64le"), "PVR", 1, "sregs");
	check_block(arch_find("ppc64le"), "PROCESS_TABLE", 2, "mmu");
}

static void check_blocks(const struct arch *arch)
{
	is_int(arch->regs.nblocks, 8, "x86_64 has eight blocks");
	check_block(arch, "rip", 0, "regs");
	check_block(arch, "efer", 1, "sregs");
	check_block(arch, "mxcsr", 2, "xsave");
	check_block(arch, "dr7", 3, "debugregs");
	check_block(arch, "xcr0", 4, "xcrs");
	check_block(arch, "apic_svr", 6, "lapic_state");
	check_block(arch, "nmi_pending", 7, "vcpu_events");
#ifdef __x86_64__
	static const unsigned long get[] = { KVM_GET_REGS, KVM_GET_SREGS, KVM_GET_XSAVE, KVM_GET_DEBUGREGS, KVM_GET_XCRS };
	static const unsigned long set[] = { KVM_SET_REGS, KVM_SET_SREGS, KVM_SET_XSAVE, KVM_SET_DEBUGREGS, KVM_SET_XCRS };
	bool same = true;

	for (unsigned i = 0; i < 5 && i < arch->regs.nblocks; i++) {
		const struct arch_block *b = &arch->regs.blocks[i];
		unsigned size = b->coded ? b->coded : b->size;

		same = same && get[i] == _IOC(_IOC_READ, KVMIO, b->get_nr, size) &&
		       set[i] == _IOC(_IOC_WRITE, KVMIO, b->set_nr, size);
	}
	ok(same, "their ioctls are those of <linux/kvm.h>");
#else
	skip("their ioctls are those of <linux/kvm.h>", "<asm/kvm.h> here is not x86's");
#endif
}

/* One vCPU by several names: what else there is of it is the same, and so is the place of a register that two of them have. */
static void check_modes(const struct arch *arch)
{
	is_int(arch->nmodes, 3, "x86_64 has three modes");
	ok(arch->modes[0].arch == arch, "the first is the architecture itself");
	for (unsigned i = 0; i < arch->nmodes; i++) {
		struct arch other = *arch->modes[i].arch;
		const struct reg_row *row = NULL, *ours;
		bool same = true;

		other.name = arch->name;
		other.llvm = arch->llvm;
		other.pointer_size = arch->pointer_size;
		other.tdesc = arch->tdesc;
		ok(!memcmp(&other, arch, sizeof(other)), "%s: differs in its table alone", arch->modes[i].name);
		while ((row = next_row(arch->modes[i].arch->tdesc, row))) {
			ours = row_named(arch->tdesc, row->name);
			same = same && (!ours || ours->key == row->key);
		}
		ok(same, "%s: registers are where x86-64 has them", arch->modes[i].name);
	}
}

/* What is to be true of each architecture's table. */
static const struct {
	const char *name, *gdb_name;
	const struct known *known;
	uint8_t id_byte;
	unsigned ngeneral, general_size;
	const char *last_arg;
} tables[] = {
	{ "aarch64", "aarch64", known_aarch64, 0x60, 34, 33 * 8 + 4, "arg6" },
	{ "ppc64le", "powerpc:common64", known_ppc64le, 0x10, 38, 36 * 8 + 2 * 4, "arg8" },
	{ "x86_64", "i386:x86-64", known_x86_64, 0x20, 24, 17 * 8 + 7 * 4, "arg6" },
	{ "i386", "i386", known_i386, 0x20, 16, 16 * 4, NULL },
	{ "i8086", "i8086", known_i386, 0x20, 16, 16 * 4, NULL },
	{ "riscv64", "riscv:rv64", known_riscv64, 0x80, 33, 33 * 8, "arg8" },
	{ "s390x", "s390:64-bit", known_s390x, 0x50, 18, 18 * 8, "arg5" },
	{ "mips64", "mips:isa64r2", known_mips64, 0x70, 35, 35 * 8, "arg8" },
	{ "loongarch64", "loongarch64", known_loongarch64, 0x90, 35, 35 * 8, "arg8" },
};

int main(void)
{
	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct arch *arch = arch_find(tables[i].name);

		if (!ok(arch != NULL, "%s is there", tables[i].name))
			return done();
		is_str(arch->tdesc->architecture, tables[i].gdb_name, "GDB's name of it");
		check_features(arch, tables[i].known);
		check_types(arch);
		check_rows(arch, tables[i].id_byte);
		check_general(arch, tables[i].ngeneral, tables[i].general_size);
		check_generic(arch, tables[i].last_arg);
	}
	check_modes(arch_find("x86_64"));
	check_blocks(arch_find("x86_64"));
	check_other_blocks();
	return done();
}
