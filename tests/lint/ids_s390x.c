/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every source of xml/s390x*.xml against <asm/kvm.h>: compiled, never run, with an s390x compiler's headers. IDS is the output of
 * `awk -v check=1 -f xml/parse.awk -f xml/check.awk -f xml/table.awk xml/s390x.xml`.
 */
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

/* Parts of struct kvm_run that are blocks of ours; where they are in it is in offsets_s390x.c. */
struct kvm_psw {
	uint64_t mask, addr;
};
struct kvm_prefix {
	uint64_t prefix;
};
struct kvm_vrs {
	uint64_t vrs[32][2];
};
_Static_assert(sizeof(struct kvm_vrs) == sizeof(((struct kvm_sync_regs *)0)->vrs), "vrs");

/* Fields of the struct ioctls: one assertion each. */
#include IDS

#define CHECK_ID(name, id) ID_##name = (id),
enum {
#include IDS
	ID_END
};
#undef CHECK_ID

#define SAME(name, id) _Static_assert((uint64_t)ID_##name == (uint64_t)(id), #name)
SAME(todpr, KVM_REG_S390_TODPR);
SAME(epochdiff, KVM_REG_S390_EPOCHDIFF);
SAME(cputm, KVM_REG_S390_CPU_TIMER);
SAME(ckc, KVM_REG_S390_CLOCK_COMP);
SAME(pft, KVM_REG_S390_PFTOKEN);
SAME(pfc, KVM_REG_S390_PFCOMPARE);
SAME(pfs, KVM_REG_S390_PFSELECT);
SAME(pp, KVM_REG_S390_PP);
SAME(gbea, KVM_REG_S390_GBEA);

/* And no other. */
#define CHECK_ID(name, id) +1
enum {
	NIDS = 0
#include IDS
};
_Static_assert(NIDS == 9, "an id is not checked here");
