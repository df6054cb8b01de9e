/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every source of xml/aarch64*.xml against <asm/kvm.h>: compiled, never run, with an arm64 compiler's headers.
 * IDS is the output of `awk -v check=1 -f xml/parse.awk -f xml/check.awk -f xml/table.awk xml/aarch64.xml`.
 *
 * The registers of struct kvm_regs are a closed set and are listed here by name. System registers are not, so that a new one
 * stays one line of xml/: of them the composition of the id is checked here, and the name by the assembler, in tdesc.t.
 */
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

/* Fields of the struct ioctls: one assertion each. */
#include IDS

#define CHECK_ID(name, id) ID_##name = (id),
enum {
#include IDS
	ID_END
};
#undef CHECK_ID

#define CORE(size, field) (KVM_REG_ARM64 | KVM_REG_SIZE_##size | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))
#define SAME(name, id) _Static_assert((uint64_t)ID_##name == (uint64_t)(id), #name)
#define X(n) SAME(x##n, CORE(U64, regs.regs[n]))
#define V(n) SAME(v##n, CORE(U128, fp_regs.vregs[n]))
#define FIVE(what, ten, a, b, c, d, e) \
	what(ten##a);                  \
	what(ten##b);                  \
	what(ten##c);                  \
	what(ten##d);                  \
	what(ten##e)
#define TEN(what, ten)                  \
	FIVE(what, ten, 0, 1, 2, 3, 4); \
	FIVE(what, ten, 5, 6, 7, 8, 9)

TEN(X, );
TEN(X, 1);
TEN(X, 2);
X(30);
TEN(V, );
TEN(V, 1);
TEN(V, 2);
V(30);
V(31);
SAME(pc, CORE(U64, regs.pc));
SAME(cpsr, CORE(U64, regs.pstate));
SAME(fpsr, CORE(U32, fp_regs.fpsr));
SAME(fpcr, CORE(U32, fp_regs.fpcr));
SAME(SP_EL0, CORE(U64, regs.sp));
SAME(SP_EL1, CORE(U64, sp_el1));
SAME(ELR_EL1, CORE(U64, elr_el1));
SAME(SPSR_EL1, CORE(U64, spsr[KVM_SPSR_EL1]));
SAME(SPSR_abt, CORE(U64, spsr[KVM_SPSR_ABT]));
SAME(SPSR_und, CORE(U64, spsr[KVM_SPSR_UND]));
SAME(SPSR_irq, CORE(U64, spsr[KVM_SPSR_IRQ]));
SAME(SPSR_fiq, CORE(U64, spsr[KVM_SPSR_FIQ]));
SAME(z0, KVM_REG_ARM64_SVE_ZREG(0, 0));
SAME(z31, KVM_REG_ARM64_SVE_ZREG(31, 0));
SAME(p0, KVM_REG_ARM64_SVE_PREG(0, 0));
SAME(p15, KVM_REG_ARM64_SVE_PREG(15, 0));
SAME(ffr, KVM_REG_ARM64_SVE_FFR(0));
SAME(SVE_VLS, KVM_REG_ARM64_SVE_VLS);
SAME(PSCI_VERSION, KVM_REG_ARM_PSCI_VERSION);
SAME(SMCCC_WORKAROUND_1, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1);
SAME(SMCCC_WORKAROUND_2, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2);
SAME(SMCCC_WORKAROUND_3, KVM_REG_ARM_FW_REG(3));
SAME(FW_STD_BMAP, KVM_REG_ARM_STD_BMAP);
SAME(FW_STD_HYP_BMAP, KVM_REG_ARM_STD_HYP_BMAP);
SAME(FW_VENDOR_HYP_BMAP, KVM_REG_ARM_VENDOR_HYP_BMAP);
SAME(FW_VENDOR_HYP_BMAP_2, KVM_REG_ARM_FW_FEAT_BMAP_REG(3));
SAME(CCSIDR13, KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX | KVM_REG_ARM_DEMUX_ID_CCSIDR | 13);
SAME(CNTV_CVAL_EL0, KVM_REG_ARM_TIMER_CVAL);
SAME(CNTVCT_EL0, KVM_REG_ARM_TIMER_CNT);
SAME(CNTV_CTL_EL0, KVM_REG_ARM_TIMER_CTL);

/* None of struct kvm_regs is left out above: 31 x, 32 v and 12 others. */
#define IS_CORE(id) (((id)&KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM_CORE)
#define CHECK_ID(name, id) +IS_CORE(id)
enum {
	CORE_IDS = 0
#include IDS
};
#undef CHECK_ID
_Static_assert(CORE_IDS == 31 + 32 + 12, "an id of struct kvm_regs is not checked here");

/* System registers are made of their five fields as the header makes them. */
#define IS_SYSREG(id) (((id)&KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM64_SYSREG)
#define PART(id, field) ((id) >> KVM_REG_ARM64_SYSREG_##field##_SHIFT & 7)
#define CR(id, field) ((id) >> KVM_REG_ARM64_SYSREG_##field##_SHIFT & 15)
#define SYSREG(id) ARM64_SYS_REG(PART(id, OP0) & 3, PART(id, OP1), CR(id, CRN), CR(id, CRM), PART(id, OP2))
#define CHECK_ID(name, id) _Static_assert(!IS_SYSREG(id) || (id) == SYSREG((uint64_t)(id)), #name);
#include IDS
#undef CHECK_ID

/* And all others are SVE's, the firmware's or CCSIDRs, counted here. */
#define CHECK_ID(name, id) +(!IS_CORE(id) && !IS_SYSREG(id))
enum {
	OTHER_IDS = 0
#include IDS
};
_Static_assert(OTHER_IDS == 32 + 16 + 2 + 8 + 14, "an id that is no system register is not checked here");
