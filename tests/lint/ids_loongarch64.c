/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every source of xml/loongarch64*.xml against <asm/kvm.h>: compiled, never run, with a loongarch64 compiler's headers. IDS is the
 * output of `awk -v check=1 -f xml/parse.awk -f xml/check.awk -f xml/table.awk xml/loongarch64.xml`.
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

#define SAME(name, id) _Static_assert((uint64_t)ID_##name == (uint64_t)(id), #name)
SAME(badv, KVM_IOC_CSRID(0x7));
SAME(scr0, KVM_REG_LOONGARCH_LBT_SCR0);
SAME(scr1, KVM_REG_LOONGARCH_LBT_SCR1);
SAME(scr2, KVM_REG_LOONGARCH_LBT_SCR2);
SAME(scr3, KVM_REG_LOONGARCH_LBT_SCR3);
SAME(eflags, KVM_REG_LOONGARCH_LBT_EFLAGS);
SAME(ftop, KVM_REG_LOONGARCH_LBT_FTOP);
SAME(COUNTER, KVM_REG_LOONGARCH_COUNTER);
SAME(DEBUG_INST, KVM_REG_LOONGARCH_DEBUG_INST);

/* All others are CSRs or words of CPUCFG; the header has no names for these, only their composition. */
#define NUMBER(id) ((id) >> LOONGARCH_REG_SHIFT & KVM_CSR_IDX_MASK >> LOONGARCH_REG_SHIFT)
#define IS_CSR(id) ((id) == KVM_IOC_CSRID(NUMBER((uint64_t)(id))))
#define IS_CPUCFG(id) ((id) == KVM_IOC_CPUCFG(NUMBER((uint64_t)(id))))
#define CHECK_ID(name, id) +!(IS_CSR(id) || IS_CPUCFG(id))
enum {
	OTHER_IDS = 0
#include IDS
};
#undef CHECK_ID
_Static_assert(OTHER_IDS == 8, "an id is not checked here");
