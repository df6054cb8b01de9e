/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every ONE_REG id of xml/mips64*.xml against <asm/kvm.h>: compiled, never run, with a mips64 compiler's headers. IDS is the output
 * of `awk -v check=1 -f xml/parse.awk -f xml/check.awk -f xml/table.awk xml/mips64.xml`.
 *
 * Of coprocessor 0 the header has only the composition of an id: register, select and size are those of the kernel's own
 * arch/mips/include/asm/kvm_host.h, which is not among a compiler's headers.
 */
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_ID(name, id) ID_##name = (id),
enum {
#include IDS
	ID_END
};
#undef CHECK_ID

#define SAME(name, id) _Static_assert((uint64_t)ID_##name == (uint64_t)(id), #name)
#define R(n) SAME(r##n, KVM_REG_MIPS_R##n)
#define F(n) SAME(f##n, KVM_REG_MIPS_FPR_64(n))
#define W(n) SAME(w##n, KVM_REG_MIPS_VEC_128(n))
#define EIGHT(what, a, b, c, d, e, f, g, h) \
	what(a);                            \
	what(b);                            \
	what(c);                            \
	what(d);                            \
	what(e);                            \
	what(f);                            \
	what(g);                            \
	what(h)
#define ALL(what)                                    \
	EIGHT(what, 0, 1, 2, 3, 4, 5, 6, 7);         \
	EIGHT(what, 8, 9, 10, 11, 12, 13, 14, 15);   \
	EIGHT(what, 16, 17, 18, 19, 20, 21, 22, 23); \
	EIGHT(what, 24, 25, 26, 27, 28, 29, 30, 31)

ALL(R);
ALL(F);
ALL(W);
SAME(lo, KVM_REG_MIPS_LO);
SAME(hi, KVM_REG_MIPS_HI);
SAME(pc, KVM_REG_MIPS_PC);
SAME(fcsr, KVM_REG_MIPS_FCR_CSR);
SAME(fir, KVM_REG_MIPS_FCR_IR);
SAME(MSAIR, KVM_REG_MIPS_MSA_IR);
SAME(MSACSR, KVM_REG_MIPS_MSA_CSR);
SAME(COUNT_CTL, KVM_REG_MIPS_COUNT_CTL);
SAME(COUNT_RESUME, KVM_REG_MIPS_COUNT_RESUME);
SAME(COUNT_HZ, KVM_REG_MIPS_COUNT_HZ);

/* None outside coprocessor 0 is left out above: 3 times 32, and 10 others. */
#define SET_MASK 0xffff0000ull
#define IS_CP0(id) (((id)&SET_MASK) == (KVM_REG_MIPS_CP0 & SET_MASK))
#define CHECK_ID(name, id) +!IS_CP0(id)
enum {
	OTHER_IDS = 0
#include IDS
};
#undef CHECK_ID
_Static_assert(OTHER_IDS == 3 * 32 + 10, "an id is not checked here");

/* A register of coprocessor 0: 32 or 64 bits, 32 registers of 8 selects; or one of the MAARs. */
#define IS_SIZE(id) (((id)&KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U32 || ((id)&KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U64)
#define REST(id) ((id) & ~(KVM_REG_SIZE_MASK | 0x1ffull))
#define CHECK_ID(name, id) _Static_assert(!IS_CP0(id) || (IS_SIZE(id) && REST(id) == KVM_REG_MIPS_CP0), #name);
#include IDS
