/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every source of xml/ppc64le*.xml against <asm/kvm.h>: compiled, never run, with a compiler for powerpc64le. IDS is the output
 * of `awk -v check=1 -f xml/parse.awk -f xml/check.awk -f xml/table.awk xml/ppc64le.xml`.
 *
 * Special-purpose registers are named as their macros are, so that a new one stays one line of xml/. The others are numbered in
 * the header, and here.
 */
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

/* Fields of the struct ioctls: one assertion each. */
#include IDS

/* Since Linux 6.11. */
#ifndef KVM_REG_PPC_DEXCR
#define KVM_REG_PPC_DEXCR (KVM_REG_PPC | KVM_REG_SIZE_U64 | 0xc6)
#define KVM_REG_PPC_HASHKEYR (KVM_REG_PPC | KVM_REG_SIZE_U64 | 0xc7)
#define KVM_REG_PPC_HASHPKEYR (KVM_REG_PPC | KVM_REG_SIZE_U64 | 0xc8)
#endif

/* LPCR's macro is of the half that was all there was at first. */
#undef KVM_REG_PPC_LPCR
#define KVM_REG_PPC_LPCR KVM_REG_PPC_LPCR_64

#undef KVM_REG_PPC_TM_GPR0
#undef KVM_REG_PPC_TM_GPR31
#undef KVM_REG_PPC_TM_VSR0
#undef KVM_REG_PPC_TM_VSR63
#define TM_GPR(n) KVM_REG_PPC_TM_GPR##n = KVM_REG_PPC_TM | KVM_REG_SIZE_U64 | (n)
#define TM_VSR(n) KVM_REG_PPC_TM_VSR##n = KVM_REG_PPC_TM | KVM_REG_SIZE_U128 | (0x20 + (n))
#define F(n) KVM_REG_PPC_f##n = KVM_REG_PPC_FPR(n)
#define VR(n) KVM_REG_PPC_vr##n = KVM_REG_PPC_VR(n)
#define VSH(n) KVM_REG_PPC_vs##n##h = KVM_REG_PPC_VSR(n)
#define TEN(what, ten)                                                                                                  \
	what(ten##0), what(ten##1), what(ten##2), what(ten##3), what(ten##4), what(ten##5), what(ten##6), what(ten##7), \
		what(ten##8), what(ten##9)
#define TO_31(what) TEN(what, ), TEN(what, 1), TEN(what, 2), what(30), what(31)
enum {
	TO_31(F),
	TO_31(VR),
	TO_31(VSH),
	TO_31(TM_GPR),
	TEN(TM_VSR, ),
	TEN(TM_VSR, 1),
	TEN(TM_VSR, 2),
	TEN(TM_VSR, 3),
	TEN(TM_VSR, 4),
	TEN(TM_VSR, 5),
	TM_VSR(60),
	TM_VSR(61),
	TM_VSR(62),
	TM_VSR(63),
	KVM_REG_PPC_fpscr = KVM_REG_PPC_FPSCR,
	KVM_REG_PPC_vscr = KVM_REG_PPC_VSCR,
	KVM_REG_PPC_vrsave = KVM_REG_PPC_VRSAVE
};

#define CHECK_ID(name, id) _Static_assert((uint64_t)KVM_REG_PPC_##name == (id), #name);
#include IDS
