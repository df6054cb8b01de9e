/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every ONE_REG id of xml/riscv64*.xml against <asm/kvm.h>: compiled, never run, with a riscv64 compiler's headers.
 * IDS is the output of `awk -v check=1 -f xml/parse.awk -f xml/check.awk -f xml/table.awk xml/riscv64.xml`.
 *
 * What is younger than Linux 6.1, the oldest header that this is built with, is compared where the header has it. The ids of ISA and
 * SBI extensions are compared with the enums' order by tdesc.t: a header of any age has some of them.
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
#define REG(size, type, n) (KVM_REG_RISCV | KVM_REG_SIZE_##size | KVM_REG_RISCV_##type | (n))

#define CORE(name) SAME(name, REG(U64, CORE, KVM_REG_RISCV_CORE_REG(regs.name)))
CORE(ra);
CORE(sp);
CORE(gp);
CORE(tp);
CORE(t0);
CORE(t1);
CORE(t2);
CORE(s1);
CORE(a0);
CORE(a1);
CORE(a2);
CORE(a3);
CORE(a4);
CORE(a5);
CORE(a6);
CORE(a7);
CORE(s2);
CORE(s3);
CORE(s4);
CORE(s5);
CORE(s6);
CORE(s7);
CORE(s8);
CORE(s9);
CORE(s10);
CORE(s11);
CORE(t3);
CORE(t4);
CORE(t5);
CORE(t6);
CORE(pc);
SAME(fp, REG(U64, CORE, KVM_REG_RISCV_CORE_REG(regs.s0)));
SAME(priv, REG(U64, CORE, KVM_REG_RISCV_CORE_REG(mode)));

#define D(name, n) SAME(name, REG(U64, FP_D, KVM_REG_RISCV_FP_D_REG(f[n])))
D(ft0, 0);
D(ft1, 1);
D(ft2, 2);
D(ft3, 3);
D(ft4, 4);
D(ft5, 5);
D(ft6, 6);
D(ft7, 7);
D(fs0, 8);
D(fs1, 9);
D(fa0, 10);
D(fa1, 11);
D(fa2, 12);
D(fa3, 13);
D(fa4, 14);
D(fa5, 15);
D(fa6, 16);
D(fa7, 17);
D(fs2, 18);
D(fs3, 19);
D(fs4, 20);
D(fs5, 21);
D(fs6, 22);
D(fs7, 23);
D(fs8, 24);
D(fs9, 25);
D(fs10, 26);
D(fs11, 27);
D(ft8, 28);
D(ft9, 29);
D(ft10, 30);
D(ft11, 31);
SAME(fcsr, REG(U32, FP_D, KVM_REG_RISCV_FP_D_REG(fcsr)));

#define F(name, n) SAME(alone_##name, REG(U32, FP_F, KVM_REG_RISCV_FP_F_REG(f[n])))
F(ft0, 0);
F(ft1, 1);
F(ft2, 2);
F(ft3, 3);
F(ft4, 4);
F(ft5, 5);
F(ft6, 6);
F(ft7, 7);
F(fs0, 8);
F(fs1, 9);
F(fa0, 10);
F(fa1, 11);
F(fa2, 12);
F(fa3, 13);
F(fa4, 14);
F(fa5, 15);
F(fa6, 16);
F(fa7, 17);
F(fs2, 18);
F(fs3, 19);
F(fs4, 20);
F(fs5, 21);
F(fs6, 22);
F(fs7, 23);
F(fs8, 24);
F(fs9, 25);
F(fs10, 26);
F(fs11, 27);
F(ft8, 28);
F(ft9, 29);
F(ft10, 30);
F(ft11, 31);
SAME(alone_fcsr, REG(U32, FP_F, KVM_REG_RISCV_FP_F_REG(fcsr)));

#define CSR(name) SAME(name, REG(U64, CSR, KVM_REG_RISCV_CSR_REG(name)))
CSR(sstatus);
CSR(sie);
CSR(stvec);
CSR(sscratch);
CSR(sepc);
CSR(scause);
CSR(stval);
CSR(sip);
CSR(satp);
CSR(scounteren);
#ifdef KVM_REG_RISCV_CSR_AIA
#define AIA(name) SAME(name, REG(U64, CSR, KVM_REG_RISCV_CSR_AIA | KVM_REG_RISCV_CSR_AIA_REG(name)))
AIA(siselect);
AIA(iprio1);
AIA(iprio2);
AIA(sieh);
AIA(siph);
AIA(iprio1h);
AIA(iprio2h);
#endif
#ifdef KVM_REG_RISCV_CSR_SMSTATEEN
CSR(senvcfg);
SAME(sstateen0, REG(U64, CSR, KVM_REG_RISCV_CSR_SMSTATEEN | KVM_REG_RISCV_CSR_SMSTATEEN_REG(sstateen0)));
#endif
#ifdef KVM_REG_RISCV_CSR_ZICFISS
SAME(ssp, REG(U64, CSR, KVM_REG_RISCV_CSR_ZICFISS | KVM_REG_RISCV_CSR_ZICFISS_REG(ssp)));
#endif

/* The size of v0..v31 is left to the vCPU. */
#ifdef KVM_REG_RISCV_VECTOR
#define VECTOR(name) SAME(name, REG(U64, VECTOR, KVM_REG_RISCV_VECTOR_CSR_REG(name)))
VECTOR(vstart);
VECTOR(vl);
VECTOR(vtype);
VECTOR(vcsr);
VECTOR(vlenb);
#define V(n) SAME(v##n, REG(U8, VECTOR, KVM_REG_RISCV_VECTOR_REG(n)))
V(0);
V(1);
V(2);
V(3);
V(4);
V(5);
V(6);
V(7);
V(8);
V(9);
V(10);
V(11);
V(12);
V(13);
V(14);
V(15);
V(16);
V(17);
V(18);
V(19);
V(20);
V(21);
V(22);
V(23);
V(24);
V(25);
V(26);
V(27);
V(28);
V(29);
V(30);
V(31);
#endif

#define TIMER(name, field) SAME(name, REG(U64, TIMER, KVM_REG_RISCV_TIMER_REG(field)))
TIMER(timer_freq, frequency);
TIMER(time, time);
TIMER(timer_compare, compare);
TIMER(timer_state, state);

#define CONFIG(name, field) SAME(name, REG(U64, CONFIG, KVM_REG_RISCV_CONFIG_REG(field)))
CONFIG(isa, isa);
CONFIG(zicbom_block, zicbom_block_size);

/* Members of the struct, which no macro tells of: all are there where this is. */
#ifdef KVM_REG_RISCV_CSR_ZICFISS
CONFIG(mvendorid, mvendorid);
CONFIG(marchid, marchid);
CONFIG(mimpid, mimpid);
CONFIG(zicboz_block, zicboz_block_size);
CONFIG(satp_mode, satp_mode);
CONFIG(zicbop_block, zicbop_block_size);
#endif

#ifdef KVM_REG_RISCV_SBI_STATE
#define STA(name) SAME(sbi_sta_##name, REG(U64, SBI_STATE, KVM_REG_RISCV_SBI_STA | KVM_REG_RISCV_SBI_STA_REG(name)))
STA(shmem_lo);
STA(shmem_hi);
#endif
#ifdef KVM_REG_RISCV_SBI_FWFT
#define FWFT(name, part) \
	SAME(sbi_fwft_##name##_##part, REG(U64, SBI_STATE, KVM_REG_RISCV_SBI_FWFT | KVM_REG_RISCV_SBI_FWFT_REG(name.part)))
#define FWFT_ALL(name)      \
	FWFT(name, enable); \
	FWFT(name, flags);  \
	FWFT(name, value)
FWFT_ALL(misaligned_deleg);
FWFT_ALL(pointer_masking);
FWFT_ALL(pte_ad_hw_updating);
FWFT_ALL(landing_pad);
FWFT_ALL(shadow_stack);
#endif

/* None but the extensions is left out above: 31 x, pc and mode, 33 of D, 33 of F, CSRs, 5 and 32 of V, timer, config, SBI's state. */
#define TYPE(id) ((id)&KVM_REG_RISCV_TYPE_MASK)
#define IS_EXTENSION(id) (TYPE(id) == KVM_REG_RISCV_ISA_EXT || TYPE(id) == 0x08000000)
#define CHECK_ID(name, id) +!IS_EXTENSION(id)
enum {
	OTHER_IDS = 0
#include IDS
};
#undef CHECK_ID
_Static_assert(OTHER_IDS == 33 + 33 + 33 + 20 + 5 + 32 + 4 + 8 + 17, "an id is not checked here");
