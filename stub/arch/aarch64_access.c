/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: loads and stores that the syndrome does not describe, with writeback or of a pair, on their way to a device. KVM
 * cannot carry out such an access and says where it goes (KVM_EXIT_ARM_NISV); what the access is, the instruction says.
 * Encodings are those of the Arm Architecture Reference Manual (DDI 0487), "Loads and Stores" in C4.1.
 */
#include <errno.h>
#include <stdio.h>

#include "aarch64_access.h"
#include "exit_common.h"

#define PAGE 0x1000u /* of what a fault tells, the bits below are from the virtual address */
#define ZR 31	     /* as data; as a base this number is the stack pointer */

#define SCTLR_E0E (1ull << 24)
#define SCTLR_EE (1ull << 25)

static int64_t sign_extend(uint64_t value, unsigned bits)
{
	return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

/* --- the instruction alone */

static const char *decode_pair(uint32_t insn, struct a64_access *a)
{
	unsigned opc = insn >> 30, how = insn >> 23 & 3;
	int64_t offset;

	a->write = !(insn >> 22 & 1);
	if (opc == 3 || (opc == 1 && a->write))
		return "its encoding is not that of a plain pair";
	a->n = 2;
	a->size = opc == 2 ? 8 : 4;
	a->is_signed = opc == 1;
	a->width = opc ? 8 : 4;
	a->rt[1] = insn >> 10 & 31;
	offset = sign_extend(insn >> 15 & 0x7f, 7) * a->size;
	a->offset = how == 1 ? 0 : offset;
	a->writeback = how & 1 ? offset : 0;
	a->writes_back = how & 1;
	return !a->write && a->rt[0] == a->rt[1] ? "it loads one register twice" : NULL;
}

static const char *decode_single(uint32_t insn, struct a64_access *a)
{
	unsigned size = insn >> 30, opc = insn >> 22 & 3, how = insn >> 10 & 3;
	int64_t offset = sign_extend(insn >> 12 & 0x1ff, 9);

	if (opc >= 2 && size + (opc == 3) >= 3)
		return "it is no load or store";
	a->write = !opc;
	a->n = 1;
	a->size = 1u << size;
	a->is_signed = opc >= 2;
	a->width = opc == 2 || size == 3 ? 8 : 4;
	if (insn >> 24 & 1) { /* unsigned offset */
		a->offset = (int64_t)(insn >> 10 & 0xfff) << size;
		return NULL;
	}
	if (insn >> 21 & 1)
		return how == 2 ? "its offset is in a register" : "it is an atomic one, or one with pointer authentication";
	a->writes_back = how & 1;
	a->writeback = how & 1 ? offset : 0;
	a->offset = how == 1 ? 0 : offset;
	return NULL;
}

#define IS_VECTOR(insn) ((insn) >> 26 & 1)

const char *aarch64_decode_access(uint32_t insn, struct a64_access *a)
{
	bool is_pair = (insn & 0x3a000000) == 0x28000000, is_single = (insn & 0x3a000000) == 0x38000000;
	const char *why;

	*a = (struct a64_access){ .rn = insn >> 5 & 31, .rt = { insn & 31 } };
	if ((insn & 0x0a000000) == 0x08000000 && IS_VECTOR(insn))
		return "it moves a vector register";
	if (!is_pair && !is_single)
		return "it is no plain load or store";
	why = is_pair ? decode_pair(insn, a) : decode_single(insn, a);
	if (why)
		return why;
	for (unsigned i = 0; i < a->n; i++)
		if (a->writes_back && a->rn != ZR && a->rt[i] == a->rn)
			return "it changes the register that its address is from";
	return NULL;
}

/* --- the vCPU */

static int base_key(struct view *v, const struct a64_access *a, uint64_t *key)
{
	*key = A64_X(a->rn);
	return a->rn == ZR ? aarch64_stack_pointer(v, key) : 0;
}

static int is_big_endian(struct view *v, uint64_t pstate, bool *big)
{
	uint64_t sctlr;
	int err = v->get(v, A64_SCTLR_EL1, &sctlr);

	if (!err)
		*big = sctlr & ((pstate & A64_MODE_MASK) == A64_MODE_EL0 ? SCTLR_E0E : SCTLR_EE);
	return err;
}

/* A register's value to the guest's bytes, or back: the same. */
static void swap(uint8_t bytes[8], unsigned size)
{
	for (unsigned i = 0; i < size / 2; i++) {
		uint8_t byte = bytes[i];

		bytes[i] = bytes[size - 1 - i];
		bytes[size - 1 - i] = byte;
	}
}

static int get_data(struct view *v, const struct a64_access *a, unsigned i, bool big, uint8_t bytes[8])
{
	uint64_t value = 0;
	int err = a->rt[i] == ZR ? 0 : v->get(v, A64_X(a->rt[i]), &value);

	for (unsigned n = 0; n < a->size; n++)
		bytes[n] = value >> 8 * n;
	if (big)
		swap(bytes, a->size);
	return err;
}

static int set_data(struct view *v, const struct a64_access *a, unsigned i, bool big, uint8_t bytes[8])
{
	uint64_t value = 0;

	if (a->rt[i] == ZR)
		return 0;
	if (big)
		swap(bytes, a->size);
	for (unsigned n = 0; n < a->size; n++)
		value |= (uint64_t)bytes[n] << 8 * n;
	if (a->is_signed)
		value = sign_extend(value, 8 * a->size);
	if (a->width == 4)
		value = (uint32_t)value;
	return v->set(v, A64_X(a->rt[i]), value);
}

/* What the fault tells has to be what the instruction does, as far as that can be seen from here. */
static const char *check_place(const struct a64_access *a, uint64_t base, uint64_t ipa)
{
	uint64_t at = base + (uint64_t)a->offset;

	if (at % PAGE != ipa % PAGE)
		return "it began with what is no device";
	return at % PAGE + a->n * a->size > PAGE ? "it reaches into another page" : NULL;
}

static const char *plan(struct view *v, uint32_t insn, uint64_t ipa, struct arch_access *access)
{
	uint64_t pstate, base, key;
	struct a64_access a;
	bool big = false;
	const char *why = aarch64_decode_access(insn, &a);

	if (why)
		return why;
	if (v->get(v, A64_PSTATE, &pstate) || pstate & A64_MODE_32)
		return "it is of AArch32";
	if (base_key(v, &a, &key) || v->get(v, key, &base) || is_big_endian(v, pstate, &big))
		return "its registers cannot be read";
	why = check_place(&a, base, ipa);
	*access = (struct arch_access){ .pa = ipa, .write = a.write, .n = a.n, .size = a.size };
	for (unsigned i = 0; i < a.n && a.write && !why; i++)
		if (get_data(v, &a, i, big, access->data[i]))
			why = "its registers cannot be read";
	return why;
}

static uint32_t insn_of(const uint8_t code[4])
{
	return code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;
}

int aarch64_access(struct view *v, const struct vcpu_exit *exit, const uint8_t *code, size_t len, struct arch_access *access,
	char *why, size_t size)
{
	const char *reason = "it cannot be read";
	struct exit_nisv nisv;

	if (exit->reason != REASON_ARM_NISV)
		return -ENOENT;
	exit_data(exit, &nisv);
	if (len >= 4)
		reason = plan(v, insn_of(code), nisv.ipa, access);
	if (!reason)
		return 0;
	snprintf(why, size,
		"an access to 0x%llx, which is not RAM, by an instruction that is not carried out for the guest: %s",
		(unsigned long long)nisv.ipa, reason);
	return -EOPNOTSUPP;
}

int aarch64_accessed(struct view *v, const uint8_t *code, struct arch_access *access)
{
	uint64_t pstate, key, base, pc;
	struct a64_access a;
	bool big = false;
	int err = v->get(v, A64_PSTATE, &pstate);

	aarch64_decode_access(insn_of(code), &a);
	if (!err)
		err = is_big_endian(v, pstate, &big);
	for (unsigned i = 0; i < a.n && !a.write && !err; i++)
		err = set_data(v, &a, i, big, access->data[i]);
	if (!err && a.writes_back)
		err = base_key(v, &a, &key);
	if (!err && a.writes_back)
		err = v->get(v, key, &base);
	if (!err && a.writes_back)
		err = v->set(v, key, base + (uint64_t)a.writeback);
	if (!err)
		err = v->get(v, A64_PC, &pc);
	return err ? err : v->set(v, A64_PC, pc + 4);
}
