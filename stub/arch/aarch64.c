/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: breakpoints and watchpoints, what its exits mean. The page walk is aarch64_mmu.c, computed registers aarch64_regs.c.
 * Section and register names are those of the Arm Architecture Reference Manual (DDI 0487).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aarch64.h"
#include "debug_common.h"
#include "exit_common.h"

extern const struct tdesc_table tdesc_aarch64;

static const uint8_t brk_0[] = { 0x00, 0x00, 0x20, 0xd4 };

/* A DBGWVR watches 2^MASK bytes, MASK 3..31, on such a boundary; or any run of bytes within 8 (DBGWCR_EL1, BAS). */
#define WATCH_WORD 8
#define WATCH_MAX (1ull << 31)

static uint64_t watch_piece(uint64_t addr, uint64_t len)
{
	uint64_t in_word = WATCH_WORD - addr % WATCH_WORD;

	if (in_word < WATCH_WORD || len < WATCH_WORD)
		return len < in_word ? len : in_word;
	return piece_aligned(addr, len, WATCH_MAX);
}

static unsigned point_slots(const struct arch_point *p)
{
	if (p->type == POINT_HARDWARE)
		return p->addr % (p->len == 2 ? 2 : 4) == 0;
	return pieces_count(p->addr, p->len, watch_piece, A64_DEBUG_REGS);
}

/* E, and PMC with HMC and SSC 0: at EL0 and EL1. */
#define CR_ENABLE 0x1ull
#define CR_EL0_EL1 (3ull << 1)
#define BCR_BAS_A64 (0xfull << 5) /* and A32 */
#define BCR_BAS_T32 (0x3ull << 5) /* of the first halfword */

static void encode_exec(struct aarch64_debug *regs, unsigned slot, const struct arch_point *p)
{
	uint64_t at = p->addr % 4;

	regs->bvr[slot] = p->addr - at;
	regs->bcr[slot] = CR_ENABLE | CR_EL0_EL1 | (p->len == 2 ? BCR_BAS_T32 << at : BCR_BAS_A64);
}

/* DBGWCR_EL1.LSC */
static const uint8_t watch_lsc[POINT_TYPES] = { [POINT_READ] = 1, [POINT_WRITE] = 2, [POINT_ACCESS] = 3 };

static uint64_t watch_select(uint64_t addr, uint64_t len)
{
	uint64_t bas = len < WATCH_WORD ? ((1u << len) - 1) << addr % WATCH_WORD : 0xff;
	uint64_t mask = len > WATCH_WORD ? __builtin_ctzll(len) : 0;

	return bas << 5 | mask << 24;
}

/*
 * The number of the next free slot. point_slots() has counted points before they come here: one for which there is no slot is
 * left out.
 */
static unsigned encode_watch(struct aarch64_debug *regs, unsigned slot, const struct arch_point *p)
{
	uint64_t addr = p->addr, len = p->len;

	while (len && slot < A64_DEBUG_REGS) {
		uint64_t size = watch_piece(addr, len);

		regs->wvr[slot] = addr - addr % WATCH_WORD;
		regs->wcr[slot] = CR_ENABLE | CR_EL0_EL1 | (uint64_t)watch_lsc[p->type] << 3 | watch_select(addr, size);
		addr += size;
		len -= size;
		slot++;
	}
	return slot;
}

static size_t encode_debug(const struct debug_request *d, uint32_t *control, void *bytes)
{
	struct aarch64_debug regs = { 0 };
	unsigned execs = 0, watches = 0;

	for (unsigned i = 0; i < d->n && i < ARCH_HW_MAX; i++) {
		if (d->hw[i].type != POINT_HARDWARE)
			watches = encode_watch(&regs, watches, &d->hw[i]);
		else if (execs < A64_DEBUG_REGS)
			encode_exec(&regs, execs++, &d->hw[i]);
	}
	*control = debug_control(d, A64_DEBUG_USE_HW);
	_Static_assert(sizeof(regs) == ARCH_DEBUG_SIZE, "nothing is left of it");
	memcpy(bytes, &regs, sizeof(regs));
	return sizeof(regs);
}

/* ESR_ELx.EC, bits 31..26: debug exceptions from a lower level, which is where the guest is. */
static const struct {
	uint8_t class;
	uint8_t kind;
} classes[] = {
	{ 0x30, HIT_EXEC }, { 0x32, HIT_STEP }, { 0x34, HIT_WATCH }, { 0x38, HIT_PLANTED }, /* BKPT of AArch32 */
	{ 0x3c, HIT_PLANTED },								    /* BRK */
};

static unsigned exception_class(const struct aarch64_debug_exit *e)
{
	return e->hsr >> 26;
}

static void classify_debug(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	struct aarch64_debug_exit e;

	exit_data(exit, &e);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].class == exception_class(&e))
			hit->kind = classes[i].kind;
	if (hit->kind == HIT_WATCH) {
		hit->have_addr = true;
		hit->addr = e.far;
	}
}

static void classify(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	*hit = (struct arch_hit){ .kind = HIT_NONE, .emulated = exit_is_emulation_failure(exit) };
	if (exit->reason == REASON_DEBUG)
		classify_debug(exit, hit);
}

static void describe(const struct vcpu_exit *exit, char *text, size_t size)
{
	struct aarch64_debug_exit e;

	if (exit->reason != REASON_DEBUG) {
		exit_describe(exit, text, size);
		return;
	}
	exit_data(exit, &e);
	snprintf(text, size, "a debug exception that nobody asked for, of class 0x%02x (ESR 0x%08" PRIx32 ")",
		exception_class(&e), e.hsr);
}

/* KVM_MP_STATE_*; arch/arm64/kvm/psci.c */
static const char *const mp_states[] = {
	[0] = "running",
	[5] = "off (PSCI)",
	[10] = "suspended (PSCI)",
};

static const char *mp_state(uint32_t state)
{
	return state < sizeof(mp_states) / sizeof(mp_states[0]) ? mp_states[state] : NULL;
}

static const uint8_t probe_code[] = {
	0x1f, 0x20, 0x03, 0xd5, /* nop */
	0x1f, 0x20, 0x03, 0xd5, /* nop */
	0x20, 0x00, 0x00, 0xf9, /* str x0, [x1] */
	0x40, 0x00, 0x00, 0xf9, /* str x0, [x2] */
	0x00, 0x00, 0x00, 0x14, /* b . */
};

/* Of any exception: the store that ends the run, again. Every vector, on its 0x80 boundary, begins with that store. */
static const uint8_t probe_vector[] = {
	0x40, 0x00, 0x00, 0xf9, /* str x0, [x2] */
	0x00, 0x00, 0x00, 0x14, /* b . */
};

/* Nothing is there: RAM of QEMU's virt machine, and of ours, begins at 1 GiB. */
#define PROBE_OUTSIDE 0x1000

static int probe_start(struct view *v, uint64_t code, uint64_t data, uint64_t vectors)
{
	int err = v->set(v, A64_VBAR_EL1, vectors);

	if (!err)
		err = v->set(v, A64_X(1), data);
	if (!err)
		err = v->set(v, A64_X(2), PROBE_OUTSIDE);
	return err ? err : v->set(v, A64_PC, code);
}

static const struct arch_probe probe = {
	.code = probe_code,
	.size = sizeof(probe_code),
	.second = 4,
	.store = 8,
	.start = probe_start,
	.vector = probe_vector,
	.vector_size = sizeof(probe_vector),
};

const struct arch arch_aarch64 = {
	.name = "aarch64",
	.llvm = "aarch64",
	.pointer_size = 8,
	.tdesc = &tdesc_aarch64,
	.insn_align = 4,
	.regs = {
		.pc = A64_PC,
		.blocks = aarch64_blocks,
		.nblocks = A64_BLOCKS,
		.computed = aarch64_computed,
		.ncomputed = A64_COMPUTED,
		.scales = aarch64_scales,
		.nscales = A64_SCALES,
		.mp_state = mp_state,
	},
	.walk = {
		.translate = aarch64_translate,
		.aliases = aarch64_aliases,
		.address_bits = aarch64_address_bits,
		.handler = A64_VBAR_EL1,
		.vectors = A64_VBAR_EL1,
		.entry_flags = aarch64_entry_flags,
	},
	.trap = {
		.opcode = { brk_0, sizeof(brk_0) },
		.at = aarch64_trap_at,
	},
	.debug = {
		.slots_by_cap = true,
		.point_slots = point_slots,
		.encode = encode_debug,
		.insn_at = aarch64_insn_at,
		.fetch = &aarch64_fetch,
	},
	.exit = {
		.classify = classify,
		.describe = describe,
		.give_back = aarch64_give_back,
		.access = aarch64_access,
		.accessed = aarch64_accessed,
	},
	.step = {
		.mask = &aarch64_mask,
		.successors = aarch64_successors,
	},
	.probe = &probe,
	.os = &aarch64_linux,
};
