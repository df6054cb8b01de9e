/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steps that TF alone does not end. The processor clears TF on its way to the handler of INT n, INT3, INTO and INT1, and KVM's
 * step is over when the handler has returned and one instruction more was executed; SYSCALL clears what an MSR says, kernels
 * say TF; and SYSRET loads RFLAGS from R11. Where these lead is known beforehand: the step ends at a debug register there.
 * (IRET and POPF load RFLAGS as well, but after an instruction that began with TF set the trap comes.) References are to
 * Intel's SDM, volume 3.
 */
#include <string.h>

#include "x86_64.h"

#define FLAG_OF (1ull << 11)
#define FLAG_TF (1ull << 8)
#define FLAG_VM (1ull << 17)

#define EFER_SCE (1ull << 0)

enum vector {
	VECTOR_DB = 1,
	VECTOR_BP = 3,
	VECTOR_OF = 4,
	VECTOR_NP = 11,
	VECTOR_GP = 13
};

/* The vCPU before the instruction. */
struct at {
	struct view *v;
	struct flag_step *step;
	uint64_t cr0, efer;
	bool is_long; /* IA-32e mode; with is_64_bit, 64-bit code in it */
	bool is_64_bit;
};

static int find_mode(struct at *at)
{
	uint64_t l;
	int err = at->v->get(at->v, X86_CR0, &at->cr0);

	if (!err)
		err = at->v->get(at->v, X86_EFER, &at->efer);
	if (!err)
		err = at->v->get(at->v, X86_CS_L, &l);
	if (!err) {
		at->is_long = at->efer & EFER_LMA;
		at->is_64_bit = at->is_long && l;
	}
	return err;
}

static bool entry_of_table(
	const struct at *at, uint64_t base_key, uint64_t limit_key, uint64_t offset, unsigned size, uint64_t *word)
{
	uint64_t base, limit;

	if (at->v->get(at->v, base_key, &base) || at->v->get(at->v, limit_key, &limit) || offset + size - 1 > limit)
		return false;
	return !x86_64_read_words(at->v, base + offset, size < 8 ? size : 8, size > 8 ? 2 : 1, word);
}

/* The IVT: IP and CS (20.1.4). */
static bool real_handler(const struct at *at, unsigned vector, uint64_t *end)
{
	uint64_t word;

	if (!entry_of_table(at, X86_IDT_BASE, X86_IDT_LIMIT, 4ull * vector, 4, &word))
		return false;
	*end = (word >> 16 << 4) + (word & 0xffff);
	return true;
}

/* A code segment's base (3.4.5); in IA-32e mode there is none. */
static bool segment_base(const struct at *at, uint64_t selector, uint64_t *base)
{
	bool is_local = selector & 4;
	uint64_t word;

	*base = 0;
	if (at->is_long)
		return true;
	if (!entry_of_table(at, is_local ? X86_LDT_BASE : X86_GDT_BASE, is_local ? X86_LDT_LIMIT : X86_GDT_LIMIT,
		    selector & ~7ull, 8, &word))
		return false;
	*base = (word >> 16 & 0xffffff) | (word >> 56 & 0xff) << 24;
	return true;
}

/* Gates (6.11, 6.14.1): type 5 is a task's, bit 3 says whether the offset has its upper half. */
#define GATE_TYPE(word) ((word) >> 40 & 0xf)
#define GATE_DPL(word) ((word) >> 45 & 3)
#define GATE_PRESENT (1ull << 47)
#define GATE_TASK 5
#define GATE_32_BIT 8

static bool gate_handler(const struct at *at, const uint64_t gate[2], uint64_t *end)
{
	uint64_t base, offset = gate[0] & 0xffff;

	if (GATE_TYPE(gate[0]) == GATE_TASK || !segment_base(at, gate[0] >> 16 & 0xffff, &base))
		return false;
	if (GATE_TYPE(gate[0]) & GATE_32_BIT)
		offset |= gate[0] >> 48 << 16;
	if (at->is_long)
		offset |= gate[1] << 32;
	*end = at->is_long ? offset : 0xffffffff & (base + offset);
	return true;
}

/* In protected mode. */
static bool handler(const struct at *at, unsigned vector, uint64_t *end)
{
	unsigned size = at->is_long ? 16 : 8;
	uint64_t gate[2] = { 0 };

	return entry_of_table(at, X86_IDT_BASE, X86_IDT_LIMIT, (uint64_t)vector * size, size, gate) && gate[0] & GATE_PRESENT &&
	       gate_handler(at, gate, end);
}

/* An instruction's interrupt goes through a gate that the privilege level may use (6.12.1.2). INT1 may use any. */
static bool is_let_through(const struct at *at, unsigned vector, uint64_t *fault)
{
	unsigned size = at->is_long ? 16 : 8;
	uint64_t gate[2] = { 0 }, cpl = 0;

	at->v->get(at->v, X86_SS_DPL, &cpl);
	*fault = VECTOR_GP;
	if (!entry_of_table(at, X86_IDT_BASE, X86_IDT_LIMIT, (uint64_t)vector * size, size, gate) ||
		(GATE_DPL(gate[0]) < cpl && vector != VECTOR_DB))
		return false;
	*fault = VECTOR_NP;
	return gate[0] & GATE_PRESENT;
}

static bool interrupt(const struct at *at, unsigned vector, uint64_t *end)
{
	uint64_t fault;

	if (!(at->cr0 & CR0_PE))
		return real_handler(at, vector, end);
	return handler(at, is_let_through(at, vector, &fault) ? vector : (unsigned)fault, end);
}

static bool into(const struct at *at, uint64_t *end)
{
	return !at->is_64_bit && at->step->flags & FLAG_OF && interrupt(at, VECTOR_OF, end);
}

/* 5.8.8. Where TF outlives SYSCALL, the trap comes at the kernel's entry. */
static bool syscall(const struct at *at, uint64_t *end)
{
	uint64_t mask;

	if (!at->is_long || !(at->efer & EFER_SCE) || at->v->get(at->v, X86_FMASK, &mask) || !(mask & FLAG_TF))
		return false;
	return !at->v->get(at->v, at->is_64_bit ? X86_LSTAR : X86_CSTAR, end);
}

static bool sysret(const struct at *at, bool rex_w, uint64_t *end)
{
	if (!at->is_64_bit || at->v->get(at->v, X86_RCX, end))
		return false;
	if (!rex_w)
		*end &= 0xffffffff;
	return true;
}

#define INSN_ESCAPE 0x0f
#define INSN_SYSCALL 0x05
#define INSN_SYSRET 0x07
#define INSN_INT3 0xcc
#define INSN_INT 0xcd
#define INSN_INTO 0xce

/* code has `len` bytes of the instruction from its opcode on, at least 2. */
static bool end_of(const struct at *at, const uint8_t *code, bool rex_w, uint64_t *end)
{
	switch (code[0]) {
	case INSN_INT3:
		return interrupt(at, VECTOR_BP, end);
	case INSN_INT:
		return interrupt(at, code[1], end);
	case INSN_INTO:
		return into(at, end);
	case INSN_INT1:
		return interrupt(at, VECTOR_DB, end);
	case INSN_ESCAPE:
		return code[1] == INSN_SYSCALL ? syscall(at, end) : code[1] == INSN_SYSRET && sysret(at, rex_w, end);
	default:
		return false;
	}
}

#define PAGE 4096ull

/* From the page of the step before, without a look at tables, when all of the instruction is in there. */
static bool read_seen(const struct at *at, uint64_t va, uint64_t cr3, uint8_t code[X86_INSN_MAX])
{
	const struct flag_step *s = at->step;

	return s->code.va && va - s->code.va <= PAGE - X86_INSN_MAX && s->code.root == cr3 &&
	       s->code.mode == (at->cr0 ^ at->efer << 32) &&
	       !at->v->read_phys(at->v, s->code.pa + (va - s->code.va), code, X86_INSN_MAX);
}

static void see(const struct at *at, uint64_t va, uint64_t cr3)
{
	struct arch_page page;

	if (va < PAGE || x86_64_translate(at->v, va & ~(PAGE - 1), &page))
		return;
	at->step->code.root = cr3;
	at->step->code.mode = at->cr0 ^ at->efer << 32;
	at->step->code.va = va & ~(PAGE - 1);
	at->step->code.pa = page.pa;
}

static size_t read_code(const struct at *at, uint8_t code[X86_INSN_MAX])
{
	uint64_t va, cr3;

	if (x86_64_code_address(at->v, &va) || at->v->get(at->v, X86_CR3, &cr3))
		return 0;
	if (read_seen(at, va, cr3, code))
		return X86_INSN_MAX;
	see(at, va, cr3);
	return x86_64_read_code(at->v, code);
}

static bool find_end(const struct at *at, uint64_t *end)
{
	uint8_t code[X86_INSN_MAX + 1] = { 0 };
	size_t len = read_code(at, code), opcode;
	bool rex_w = false;

	for (opcode = 0; opcode < len && x86_64_is_prefix(code[opcode], at->is_64_bit); opcode++)
		rex_w = at->is_64_bit && (code[opcode] & 0xf8) == 0x48;
	return opcode < len && end_of(at, code + opcode, rex_w, end);
}

bool x86_64_step_end(struct view *v, struct flag_step *step, uint64_t *end)
{
	struct at at = { .v = v, .step = step };

	if (step->flags & FLAG_VM || find_mode(&at))
		return false;
	if (step->queued)
		return interrupt(&at, step->queued & X86_DEBUG_INJECT_BP ? VECTOR_BP : VECTOR_DB, end);
	return find_end(&at, end);
}
