/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which level the first instructions of an image are for: only what is executed in any case is looked at, so up to the first instruction
 * that may or may not go elsewhere. On arm64 that is not one which goes by CurrentEL alone. The encodings are those of the Arm ARM, C4.1, and of the RISC-V manuals.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "known_files.h"

#define LOOKED_AT 256 /* instructions */

static bool fetch(const struct ram *ram, uint64_t at, uint32_t *insn)
{
	size_t len = sizeof(*insn);
	const uint8_t *p = ram_at(ram, at, &len);

	if (!p || len < sizeof(*insn))
		return false;
	memcpy(insn, p, sizeof(*insn));
	*insn = le32toh(*insn);
	return true;
}

/* --- arm64 */

static bool is_branch_arm64(uint32_t insn)
{
	return (insn & 0xff000000) == 0x54000000 || (insn & 0x7c000000) == 0x34000000 || (insn & 0xfe000000) == 0xd6000000 ||
	       (insn & 0xff000000) == 0xd4000000 || !insn;
}

/* An image asks which level it is in by MRS, CMP or CCMP, and B.EQ or B.NE, one behind the other: what comes of it is known. */
struct asked {
	int reg;      /* has CurrentEL; -1: none */
	int equal;    /* a comparison with that has said; -1: none has */
	bool decided; /* the branch by it was the last but for unconditional ones */
};

#define CURRENT_EL 4 /* of EL1 */

static bool holds(const struct asked *a, unsigned condition)
{
	return (condition & 1) != (unsigned)a->equal;
}

static bool is_of_asked(const struct asked *a, uint32_t insn)
{
	return a->reg >= 0 && (insn >> 5 & 31) == (unsigned)a->reg;
}

/* Is it the branch that the question ends with? Whatever is none of these ends it as well. */
static bool ask(struct asked *a, uint32_t insn)
{
	const struct asked before = *a;

	*a = (struct asked){ .reg = -1, .equal = -1 };
	if ((insn & 0xffffffe0) == 0xd5384240) { /* MRS of CurrentEL */
		a->reg = (int)(insn & 31);
	} else if ((insn & 0x7fc0001f) == 0x7100001f && is_of_asked(&before, insn)) { /* CMP with a number */
		*a = before;
		a->equal = (insn >> 10 & 0xfff) == CURRENT_EL;
	} else if ((insn & 0x7fe0ec10) == 0x7a400800 && is_of_asked(&before, insn) &&
		   before.equal >= 0) { /* CCMP, by EQ or NE */
		*a = before;
		a->equal = holds(&before, insn >> 12) ? (insn >> 16 & 31) == CURRENT_EL : insn >> 2 & 1;
	} else if ((insn & 0xff00001e) == 0x54000000 && before.equal >= 0) { /* B.EQ, B.NE */
		a->equal = before.equal;
		a->decided = true;
	} else if ((insn & 0x7c000000) == 0x14000000) {
		a->decided = before.decided;
	}
	return a->decided && a->equal >= 0;
}

/* It stays here: B to itself, or back to WFE or WFI. */
static bool is_end_arm64(const struct ram *ram, uint32_t insn, uint64_t gpa)
{
	uint32_t next;

	if (insn == 0x14000000)
		return true;
	return (insn == 0xd503205f || insn == 0xd503207f) && fetch(ram, gpa + 4, &next) && next == 0x17ffffff;
}

/* Where a branch leads whose offset has so many bits, from this one on. */
static uint64_t branch_arm64(uint64_t gpa, uint32_t insn, unsigned from, unsigned bits)
{
	return gpa + (uint64_t)((int64_t)((uint64_t)insn << (64 - bits - from)) >> (64 - bits)) * 4;
}

int known_refuse_arm64(const struct load_file *f, const struct ram *ram, uint64_t gpa, const struct refusal *why)
{
	struct asked asked = { .reg = -1, .equal = -1 };
	uint32_t insn;

	for (unsigned i = 0; i < LOOKED_AT && fetch(ram, gpa, &insn); i++) {
		unsigned op1 = insn >> 16 & 7;

		if (asked.decided && is_end_arm64(ram, insn, gpa))
			return refuse(why, -ENOEXEC,
				"%s: is not for EL1: it asks for its level, and stays at 0x%" PRIx64
				" then; a guest has EL1 and EL0",
				f->path, gpa);
		if (ask(&asked, insn)) {
			gpa = holds(&asked, insn) ? branch_arm64(gpa, insn, 5, 19) : gpa + 4;
			asked.equal = -1;
			continue;
		}
		if (is_branch_arm64(insn))
			break;
		/* MSR or MRS of a register whose op1 says EL2 or EL3. */
		if ((insn & 0xffd80000) == 0xd5180000 && (op1 == 4 || op1 == 6))
			return refuse(why, -ENOEXEC,
				"%s: is for EL%u: its instruction at 0x%" PRIx64 " is, and a guest has EL1 and EL0", f->path,
				op1 == 4 ? 2 : 3, gpa);
		/* B, BL */
		gpa = (insn & 0x7c000000) == 0x14000000 ? branch_arm64(gpa, insn, 0, 26) : gpa + 4;
	}
	return 0;
}

/* --- riscv64 */

/* C.J, C.BEQZ, C.BNEZ, C.JR, C.JALR, C.EBREAK, and what is illegal. */
static bool is_branch_compressed(uint32_t insn)
{
	unsigned funct3 = insn >> 13 & 7;

	return (insn & 3) == 1 ? funct3 >= 5 : (insn & 3) == 2 ? funct3 == 4 && !(insn >> 2 & 31) : !(insn & 0xffff);
}

static int64_t jal_offset(uint32_t insn)
{
	int64_t offset = (insn >> 21 & 0x3ff) << 1 | (insn >> 20 & 1) << 11 | (insn >> 12 & 0xff) << 12;

	return offset - (insn >> 31 ? 1 << 20 : 0);
}

/* AUIPC and JALR by the same register: where they lead. */
static bool is_far_call(uint32_t first, uint32_t second, uint64_t at, uint64_t *to)
{
	if ((first & 0x7f) != 0x17 || (second & 0x707f) != 0x67 || (second >> 15 & 31) != (first >> 7 & 31))
		return false;
	*to = at + (uint64_t)(int64_t)(int32_t)(first & 0xfffff000) + (uint64_t)(int64_t)((int32_t)second >> 20);
	return true;
}

/* A register of machine mode, or MRET. */
static bool is_machine_mode(uint32_t insn)
{
	if ((insn & 0x7f) != 0x73)
		return false;
	return insn == 0x30200073 || ((insn >> 12 & 3) && (insn >> 28 & 3) == 3);
}

/* The next instruction that is executed in any case; false: there is none. */
static bool next_riscv64(const struct ram *ram, uint32_t insn, uint64_t *at)
{
	uint32_t second;

	if ((insn & 3) != 3) {
		*at += 2;
		return !is_branch_compressed(insn);
	}
	if ((insn & 0x7f) == 0x6f) {
		*at += (uint64_t)jal_offset(insn);
		return true;
	}
	if (fetch(ram, *at + 4, &second) && is_far_call(insn, second, *at, at))
		return true;
	*at += 4;
	return (insn & 0x7f) != 0x63 && (insn & 0x7f) != 0x67 && insn != 0x73;
}

int known_refuse_riscv64(const struct load_file *f, const struct ram *ram, uint64_t gpa, const struct refusal *why)
{
	uint32_t insn;

	for (unsigned i = 0; i < LOOKED_AT && fetch(ram, gpa, &insn); i++) {
		if (is_machine_mode(insn))
			return refuse(why, -ENOEXEC,
				"%s: is for machine mode: its instruction at 0x%" PRIx64
				" is, and a guest begins in supervisor mode",
				f->path, gpa);
		if (!next_riscv64(ram, insn, &gpa))
			break;
	}
	return 0;
}
