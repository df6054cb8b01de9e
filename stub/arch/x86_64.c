/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86: debug registers, what its exits mean. The page walk is x86_64_mmu.c, where registers are x86_64_regs.c, what a step
 * leaves behind x86_64_step.c. Names and numbers of fields are those of Intel's Software Developer's Manual (SDM).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "debug_common.h"
#include "exit_common.h"
#include "x86_64.h"

extern const struct tdesc_table tdesc_x86_64, tdesc_i386, tdesc_i8086;

static const uint8_t int3[] = { 0xcc };

#define SLOTS 4

/* DR7 (SDM volume 3, 17.2.4): R/W and LEN of a slot, by the type and the length of a point. */
static const uint8_t dr7_rw[POINT_TYPES] = { [POINT_HARDWARE] = 0, [POINT_WRITE] = 1, [POINT_ACCESS] = 3 };
static const uint8_t dr7_len[] = { [1] = 0, [2] = 1, [4] = 3, [8] = 2 };

#define DR7_RESERVED_1 0x400ull
#define DR7_GLOBAL(n) (2ull << (2 * (n)))
#define DR7_RW(n, rw) ((uint64_t)(rw) << (16 + 4 * (n)))
#define DR7_LEN(n, len) ((uint64_t)(len) << (18 + 4 * (n)))
#define DR7_TYPE(n, type) ((uint64_t)(type) << (16 + 4 * (n))) /* type and length */
#define DR7_TYPE_MASK 15

static uint64_t watch_piece(uint64_t addr, uint64_t len)
{
	return piece_aligned(addr, len, 8);
}

/* LEN of an execution point is 0, as for one byte, whatever the instruction's length. */
static uint64_t slot_len(const struct arch_point *p)
{
	return p->type == POINT_HARDWARE ? 1 : p->len;
}

/* There is no kind that hits on reads alone. */
static unsigned point_slots(const struct arch_point *p)
{
	return p->type == POINT_READ ? 0 : pieces_count(p->addr, slot_len(p), watch_piece, SLOTS);
}

/*
 * The number of the next free slot. point_slots() has counted points before they come here: one for which there is no slot is
 * left out.
 */
static unsigned encode_point(uint64_t *dr, unsigned slot, const struct arch_point *p)
{
	uint64_t addr = p->addr, len = slot_len(p);

	while (len && slot < SLOTS) {
		uint64_t size = watch_piece(addr, len);

		dr[slot] = addr;
		dr[7] |= DR7_GLOBAL(slot) | DR7_RW(slot, dr7_rw[p->type]) | DR7_LEN(slot, dr7_len[size]);
		addr += size;
		len -= size;
		slot++;
	}
	return slot;
}

static unsigned encode_end(uint64_t *dr, unsigned slot, uint64_t end)
{
	struct arch_point p = { .type = POINT_HARDWARE, .addr = end };

	if (slot == SLOTS) {
		slot--;
		dr[7] &= ~(DR7_GLOBAL(slot) | DR7_TYPE(slot, DR7_TYPE_MASK));
	}
	return encode_point(dr, slot, &p);
}

static void encode_own(uint64_t *dr, unsigned slot, struct arch_own *own)
{
	for (unsigned i = 0; i < own->n; i++) {
		own->reg[i].placed = slot < SLOTS;
		own->reg[i].slot = slot;
		if (slot == SLOTS)
			continue;
		dr[slot] = own->reg[i].addr;
		dr[7] |= DR7_GLOBAL(slot) | DR7_TYPE(slot, own->reg[i].type);
		slot++;
	}
}

static size_t encode_debug(const struct debug_request *d, uint32_t *control, void *bytes)
{
	struct x86_debug regs = { 0 };
	unsigned slot = 0;

	for (unsigned i = 0; i < d->n && i < ARCH_HW_MAX; i++)
		if (d->hw[i].type != POINT_READ)
			slot = encode_point(regs.debugreg, slot, &d->hw[i]);
	if (d->ends_at)
		slot = encode_end(regs.debugreg, slot, d->end);
	if (d->own)
		encode_own(regs.debugreg, slot, d->own);
	if (slot)
		regs.debugreg[7] |= DR7_RESERVED_1;
	*control = debug_control(d, X86_DEBUG_USE_HW_BP);
	if (d->step && d->block_irq)
		*control |= X86_DEBUG_BLOCKIRQ;
	memset(bytes, 0, ARCH_DEBUG_SIZE);
	memcpy(bytes, &regs, sizeof(regs));
	return sizeof(regs);
}

/* SDM volume 3, 6.3.1 and 17.2.3 */
#define VECTOR_DB 1
#define VECTOR_BP 3
#define DR6_SLOTS 0xf
#define DR6_BD 0x2000
#define DR6_BS 0x4000
#define DR6_BT 0x8000

static void classify_db(const struct x86_debug_exit *e, struct arch_hit *hit)
{
	hit->slots = e->dr6 & DR6_SLOTS;
	hit->stepped = e->dr6 & DR6_BS;
	if (hit->slots)
		hit->kind = HIT_EXEC;
	else
		hit->kind = hit->stepped ? HIT_STEP : HIT_OWN;
}

static void classify_debug(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	struct x86_debug_exit e;

	exit_data(exit, &e);
	if (e.exception == VECTOR_DB)
		classify_db(&e, hit);
	if (e.exception == VECTOR_BP)
		*hit = (struct arch_hit){ .kind = HIT_PLANTED, .have_addr = true, .addr = e.pc };
}

static void classify(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	*hit = (struct arch_hit){ .kind = HIT_NONE, .emulated = exit_is_emulation_failure(exit) };
	if (exit->reason == REASON_DEBUG)
		classify_debug(exit, hit);
}

/*
 * INT1 says nothing in DR6. On Intel's processors the exit is from the instruction itself, where KVM goes on behind it when
 * nobody debugs (handle_exception_nmi(), arch/x86/kvm/vmx/vmx.c).
 */
static int skip_int1(struct view *v)
{
	uint8_t code[X86_INSN_MAX];
	size_t len = x86_64_read_code(v, code), n = 0;
	uint64_t rip;

	while (n < len && x86_64_is_prefix(code[n], false))
		n++;
	if (n == len || code[n] != INSN_INT1)
		return 0;
	return v->get(v, X86_RIP, &rip) ? -EIO : v->set(v, X86_RIP, rip + n + 1);
}

/*
 * KVM queues the exception; the guest's DR6 is ours to fill in, for KVM tells its bits in the exit alone. x86_64_own.c tells
 * the guest of the hits of its registers.
 */
static int give_back(struct view *v, const struct vcpu_exit *exit, uint32_t *control)
{
	struct x86_debug_exit e;
	uint64_t dr6;
	int err;

	exit_data(exit, &e);
	*control = e.exception == VECTOR_BP ? X86_DEBUG_INJECT_BP : X86_DEBUG_INJECT_DB;
	if (e.exception == VECTOR_BP)
		return 0;
	err = e.dr6 & (DR6_SLOTS | DR6_BD | DR6_BS | DR6_BT) ? 0 : skip_int1(v);
	if (!err)
		err = v->get(v, X86_DR6, &dr6);
	return err ? err : v->set(v, X86_DR6, dr6 | (e.dr6 & (DR6_BD | DR6_BS | DR6_BT)));
}

static void describe_debug(const struct vcpu_exit *exit, char *text, size_t size)
{
	struct x86_debug_exit e;

	exit_data(exit, &e);
	snprintf(text, size, "a debug exception that nobody asked for, vector %" PRIu32 " (DR6 0x%" PRIx64 ")", e.exception,
		e.dr6);
}

static void describe(const struct vcpu_exit *exit, char *text, size_t size)
{
	if (exit->reason == REASON_DEBUG)
		describe_debug(exit, text, size);
	else if (exit->reason == REASON_SHUTDOWN)
		snprintf(text, size, "the guest had a triple fault (KVM_EXIT_SHUTDOWN)");
	else
		exit_describe(exit, text, size);
}

/* KVM_MP_STATE_* */
static const char *const mp_states[] = {
	[0] = "running",
	[1] = "waiting for INIT",
	[2] = "waiting for SIPI",
	[3] = "halted",
	[4] = "starting (SIPI received)",
	[9] = "in AP reset hold",
};

static const char *mp_state(uint32_t state)
{
	return state < sizeof(mp_states) / sizeof(mp_states[0]) ? mp_states[state] : NULL;
}

/* INT3 in real mode: emulate_int(), arch/x86/kvm/emulate.c */
static bool trap_is_emulated(struct view *v)
{
	uint64_t cr0;

	return !v->get(v, X86_CR0, &cr0) && !(cr0 & CR0_PE);
}

/* The same instructions in 32-bit and 64-bit mode. */
static const uint8_t probe_code[] = {
	0x90,	    /* nop */
	0x90,	    /* nop */
	0x89, 0x03, /* mov %eax, (%rbx) */
	0xe6, 0xe9, /* out %al, $0xe9 */
	0xeb, 0xfe, /* jmp . */
};

/* No vectors: with no IDT an exception is a triple fault, which ends the run. */
static int probe_start(struct view *v, uint64_t code, uint64_t data, uint64_t vectors)
{
	int err = v->set(v, X86_RBX, data);

	(void)vectors;
	return err ? err : v->set(v, X86_RIP, code);
}

static const struct arch_probe probe = {
	.code = probe_code,
	.size = sizeof(probe_code),
	.second = 1,
	.store = 2,
	.start = probe_start,
};

static const struct arch_mode modes[] = {
	{ "x86-64", &arch_x86_64 },
	{ "i386", &arch_i386 },
	{ "i8086", &arch_i8086 },
};

/* One vCPU; gdb decodes the guest's code by the description that it was given on connecting. */
#define X86(name_, llvm_, pointer_size_, tdesc_) \
	{                                        \
		.name = name_, \
		.llvm = llvm_, \
		.pointer_size = pointer_size_, \
		.tdesc = tdesc_, \
		.modes = modes, \
		.nmodes = sizeof(modes) / sizeof(modes[0]), \
		.insn_align = 1, \
		.regs = { \
			.pc = X86_RIP, \
			.blocks = x86_64_blocks, \
			.nblocks = X86_BLOCKS, \
			.computed = x86_64_computed, \
			.ncomputed = X86_COMPUTED, \
			.component = x86_64_component, \
			.mp_state = mp_state, \
		}, \
		.walk = { \
			.translate = x86_64_translate, \
			.aliases = x86_64_aliases, \
			.code_address = x86_64_code_address, \
			.handler = X86_LSTAR, \
			.vectors = X86_IDT_BASE, \
			.entry_flags = x86_64_entry_flags, \
		}, \
		.trap = { \
			.opcode = { int3, sizeof(int3) }, \
			.is_emulated = trap_is_emulated, \
		}, \
		.debug = { \
			.slots = SLOTS, \
			.point_slots = point_slots, \
			.encode = encode_debug, \
			.watch_after = true, \
			.exec_before_fetch = true, \
			.own = &x86_64_own, \
		}, \
		.exit = { \
			.classify = classify, \
			.describe = describe, \
			.give_back = give_back, \
		}, \
		.step = { \
			.block_irq = X86_DEBUG_BLOCKIRQ, \
			.flag = &x86_64_step_flag, \
		}, \
		.emulate = &x86_64_emulate, \
		.probe = &probe, \
		.os = &x86_64_linux,                 \
	}

const struct arch arch_x86_64 = X86("x86_64", "x86_64", 8, &tdesc_x86_64);
const struct arch arch_i386 = X86("i386", "i386", 4, &tdesc_i386);
const struct arch arch_i8086 = X86("i8086", "i386", 4, &tdesc_i8086);
