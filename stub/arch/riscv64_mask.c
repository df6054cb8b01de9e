/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: interrupts wait while none is enabled in sie. sstatus.SIE would not do: in user mode interrupts are taken whatever it says
 * (RISC-V Instruction Set Manual, volume II, "Supervisor Status Register"). And nothing saves sie when a trap is taken.
 *
 * Encodings: volume I, "RV32/64G Instruction Set Listings"; volume II for wfi; "Zawrs" for wrs.
 */
#include "riscv64.h"

#define OPCODE_SYSTEM 0x73
#define OPCODE(insn) ((insn)&0x7f)
#define FUNCT3(insn) ((insn) >> 12 & 7)
#define CSR(insn) ((insn) >> 20)

#define CSR_SIE 0x104
#define CSR_STOPI 0xdb0 /* the highest of those that are pending and enabled (Advanced Interrupt Architecture) */

#define INSN_ECALL 0x00000073
#define INSN_WRS_NTO 0x00d00073
#define INSN_WRS_STO 0x01d00073
#define INSN_WFI 0x10500073

/* funct3 of what is no access to a CSR: 0 ecall and its kin, 4 the hypervisor's loads and stores. */
static bool is_csr_access(uint32_t insn)
{
	return OPCODE(insn) == OPCODE_SYSTEM && FUNCT3(insn) & 3;
}

/* The wait is over when an interrupt is pending that sie enables. */
static bool waits(uint32_t insn)
{
	return insn == INSN_WFI || insn == INSN_WRS_NTO || insn == INSN_WRS_STO;
}

/* From supervisor mode it is a call of KVM's SBI, which may suspend the hart until there is an interrupt. */
static bool is_sbi_call(struct view *v, uint32_t insn)
{
	uint64_t mode;

	return insn == INSN_ECALL && !v->get(v, RV_MODE, &mode) && mode == RV_MODE_S;
}

/* csrrw, csrrs, csrrc: funct3 1, 2, 3; with an immediate operand 5, 6, 7. */
enum {
	CSRRW = 1,
	CSRRS,
	CSRRC
};

static uint64_t operand(struct view *v, uint32_t insn)
{
	unsigned rs1 = insn >> 15 & 31;
	uint64_t value = rs1;

	if (!(FUNCT3(insn) & 4) && rs1)
		v->get(v, RV_X(rs1), &value);
	return value;
}

/* Which bits there are to be set, only the hart knows: it does that itself. */
static void use_of_sie(struct view *v, uint32_t insn, struct arch_mask_use *use)
{
	unsigned how = FUNCT3(insn) & 3, rd = insn >> 7 & 31;
	uint64_t bits = operand(v, insn);

	use->needs_own = how == CSRRS && bits;
	use->replaces = how == CSRRW;
	use->read_to = rd ? RV_X(rd) : 0;
	use->clears = how == CSRRC ? bits : 0;
}

static void use_of(struct view *v, const uint8_t *code, size_t len, struct arch_mask_use *use)
{
	uint32_t insn = len < 4 ? 0 : code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;

	if (is_csr_access(insn) && CSR(insn) == CSR_SIE)
		use_of_sie(v, insn, use);
	else
		use->needs_own = (is_csr_access(insn) && CSR(insn) == CSR_STOPI) || waits(insn) || is_sbi_call(v, insn);
}

const struct arch_mask riscv64_mask = {
	.key = RV_SIE,
	.bits = ~0ull,
	.masked = 0,
	.use = use_of,
};
