/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * s390x: where its registers are, what its exits mean, addresses without DAT. Not yet run on real KVM: nothing in host/ makes such
 * a VM. Owns nothing; the registers themselves are xml/s390x*.xml.
 *
 * It is big-endian, and so is the host that runs it: GDB is sent the bytes as they are. On another host only the tests use this,
 * where numbers have that host's byte order; offsets and widths are the same.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "debug_common.h"
#include "exit_common.h"
#include "s390x.h"

extern const struct tdesc_table tdesc_s390x;

/* <linux/kvm.h>: KVM_GET_REGS and KVM_SET_REGS, ..._SREGS, ..._FPU; and kvm_run */
static const struct arch_block blocks[] = {
	[S390_REGS] = { .name = "regs", .get_nr = 0x81, .set_nr = 0x82, .size = S390_REGS_SIZE },
	[S390_SREGS] = { .name = "sregs", .get_nr = 0x83, .set_nr = 0x84, .size = S390_SREGS_SIZE },
	[S390_FPU] = { .name = "fpu", .get_nr = 0x8c, .set_nr = 0x8d, .size = S390_FPU_SIZE },
	[S390_PSW] = { .name = "psw", .size = S390_PSW_SIZE, .run_at = S390_PSW_AT },
	[S390_PREFIX] = { .name = "prefix", .size = S390_PREFIX_SIZE, .run_at = S390_PREFIX_AT, .run_sync = S390_SYNC_PREFIX },
	[S390_VRS] = { .name = "vrs", .size = S390_VRS_SIZE, .run_at = S390_VRS_AT, .run_sync = S390_SYNC_VRS },
};

/* DIAG 2,4,0x501: KVM hands it to user space unasked (Documentation/virt/kvm/s390/s390-diag.rst), as a breakpoint. */
static const uint8_t diag_501[] = { 0x83, 0x24, 0x05, 0x01 };
#define DIAG_IPA 0x8324
#define DIAG_IPB (0x0501u << 16)

/* Intercept code 4 (arch/s390/include/asm/kvm_host.h, ICPT_INST): the PSW is past the instruction. */
#define ICPT_INST 4

/*
 * None: KVM has breakpoints and watchpoints by PER, but takes them behind a pointer in kvm_guest_debug_arch, which
 * host_ops.set_debug() has no way to carry.
 */
static unsigned point_slots(const struct arch_point *p)
{
	(void)p;
	return 0;
}

/*
 * The bit that is KVM_GUESTDBG_USE_SW_BP elsewhere asks for PER breakpoints here, and any bit that KVM does not know is EINVAL:
 * only a step is asked for. A planted DIAG needs no asking.
 */
static size_t encode_debug(const struct debug_request *d, uint32_t *control, void *bytes)
{
	const struct debug_request step = { .step = d->step };

	*control = debug_control(&step, 0);
	memset(bytes, 0, ARCH_DEBUG_SIZE);
	return S390_DEBUG_SIZE;
}

static void classify_debug(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	static const uint8_t kinds[] = { [S390_TYPE_BP] = HIT_EXEC, [S390_TYPE_WP] = HIT_WATCH, [S390_TYPE_STEP] = HIT_STEP };
	struct s390_debug_exit e;

	exit_data(exit, &e);
	if (e.type < sizeof(kinds))
		hit->kind = kinds[e.type];
	if (hit->kind == HIT_EXEC || hit->kind == HIT_WATCH) {
		hit->have_addr = true;
		hit->addr = e.addr;
	}
}

static void classify_intercept(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	struct s390_sieic e;

	exit_data(exit, &e);
	if (e.icptcode != ICPT_INST || e.ipa != DIAG_IPA || e.ipb != DIAG_IPB)
		return;
	hit->kind = HIT_PLANTED;
	hit->past = sizeof(diag_501);
}

static void classify(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	*hit = (struct arch_hit){ .kind = HIT_NONE, .emulated = exit_is_emulation_failure(exit) };
	if (exit->reason == REASON_DEBUG)
		classify_debug(exit, hit);
	if (exit->reason == S390_REASON_SIEIC)
		classify_intercept(exit, hit);
}

static void describe(const struct vcpu_exit *exit, char *text, size_t size)
{
	struct s390_sieic e;

	if (exit->reason != S390_REASON_SIEIC) {
		exit_describe(exit, text, size);
		return;
	}
	exit_data(exit, &e);
	snprintf(text, size, "an interception that nobody handles, code 0x%02x, instruction 0x%04x %08" PRIx32, e.icptcode,
		e.ipa, e.ipb);
}

/* PSW bit 5, from the left. */
#define PSW_DAT (1ull << (63 - 5))

/* "Prefixing": two pages from 0 on are exchanged with two from the prefix on. A page of our own size never crosses that border. */
#define PREFIX_AREA 0x2000ull
#define PAGE_SIZE 0x1000ull

static uint64_t absolute(uint64_t real, uint64_t prefix)
{
	if (real < PREFIX_AREA)
		return real + prefix;
	return real - prefix < PREFIX_AREA ? real - prefix : real;
}

static int translate(struct view *v, uint64_t va, struct arch_page *page)
{
	uint64_t mask, prefix;
	int err = v->get(v, S390_PSWM, &mask);

	if (!err && mask & PSW_DAT)
		return -EOPNOTSUPP;
	if (!err)
		err = v->get(v, S390_PREFIX_REG, &prefix);
	if (err)
		return err;
	*page = (struct arch_page){
		.pa = absolute(va, prefix),
		.size = PAGE_SIZE - va % PAGE_SIZE,
		.access = ARCH_PAGE_ANY | ARCH_PAGE_BARE,
	};
	return 0;
}

/* KVM_MP_STATE_* */
static const char *const mp_states[] = {
	[0] = "running",
	[5] = "stopped",
	[6] = "in check stop",
	[7] = "operating",
	[8] = "loading",
};

static const char *mp_state(uint32_t state)
{
	return state < sizeof(mp_states) / sizeof(mp_states[0]) ? mp_states[state] : NULL;
}

const struct arch arch_s390x = {
	.name = "s390x",
	.llvm = "s390x",
	.pointer_size = 8,
	.big_endian = true,
	.tdesc = &tdesc_s390x,
	.insn_align = 2,
	.regs = {
		.pc = S390_PSWA,
		.blocks = blocks,
		.nblocks = sizeof(blocks) / sizeof(blocks[0]),
		.mp_state = mp_state,
	},
	.walk = {
		.translate = translate,
	},
	.trap = {
		.opcode = { diag_501, sizeof(diag_501) },
	},
	.debug = {
		.point_slots = point_slots,
		.encode = encode_debug,
		.watch_after = true,
	},
	.exit = {
		.classify = classify,
		.describe = describe,
	},
};
