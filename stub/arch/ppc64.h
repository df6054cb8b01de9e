/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 64-bit Power as KVM has it: the struct ioctls and ids that arch/ itself uses, and the debug exit. Constants are from
 * arch/powerpc/include/uapi/asm/kvm.h and, for fields of registers, from the Power ISA 3.1B; tests/lint/offsets_ppc64le.c
 * compares the former with the kernel's header.
 */
#ifndef ARCH_PPC64_H
#define ARCH_PPC64_H

#include <stdint.h>

#include "arch.h"

/* The blocks, in the order of arch->blocks: struct kvm_regs, kvm_sregs, kvm_ppc_mmuv3_cfg. */
#define PPC_REGS 0
#define PPC_SREGS 1
#define PPC_MMU 2

#define PPC_REGS_SIZE 392
#define PPC_SREGS_SIZE 1232
#define PPC_MMU_SIZE 16

#define PPC_PC KEY_BLOCK(PPC_REGS, 8, 0x00)
#define PPC_CTR KEY_BLOCK(PPC_REGS, 8, 0x10)
#define PPC_LR KEY_BLOCK(PPC_REGS, 8, 0x18)
#define PPC_MSR KEY_BLOCK(PPC_REGS, 8, 0x28)
#define PPC_SRR0 KEY_BLOCK(PPC_REGS, 8, 0x30)
#define PPC_SRR1 KEY_BLOCK(PPC_REGS, 8, 0x38)
#define PPC_GPR(n) KEY_BLOCK(PPC_REGS, 8, 0x88 + 8 * (n))

/*
 * Where the guest has said that its process table is, as KVM_PPC_CONFIGURE_V3_MMU was told it: the second doubleword of a partition
 * table's entry. 0: nowhere so far.
 */
#define PPC_PROCESS_TABLE KEY_BLOCK(PPC_MMU, 8, 0x08)

#define PPC_PID 0x10300000000000b2ull
#define PPC_TAR 0x10300000000000a8ull
#define PPC_LPCR 0x10300000000000b5ull

/* MSR (Book III, Machine State Register), bits counted from the low end. */
#define PPC_MSR_SF (1ull << 63)
#define PPC_MSR_HV (1ull << 60)
#define PPC_MSR_EE (1ull << 15)
#define PPC_MSR_PR (1ull << 14)
#define PPC_MSR_ME (1ull << 12)
#define PPC_MSR_IR (1ull << 5)
#define PPC_MSR_DR (1ull << 4)
#define PPC_MSR_LE (1ull << 0)

/* struct kvm_guest_debug_arch: nothing of it is used, kvm-hv has no debug registers for a debugger. */
#define PPC_DEBUG_SIZE 256

/* struct kvm_debug_exit_arch. kvm-hv leaves status as the last exit left it (book3s_hv.c). */
struct ppc64_debug_exit {
	uint64_t address;
	uint32_t status;
};

/* ppc64_mmu.c: struct arch_walk's translate(), aliases(), entry_flags and untranslated(); and translate() as with another MSR */
int ppc64_translate(struct view *v, uint64_t va, struct arch_page *page);
uint64_t ppc64_aliases(struct view *v, uint64_t va);
extern const struct arch_flag ppc64_entry_flags[];
const char *ppc64_untranslated(struct view *v);
int ppc64_translate_by(struct view *v, uint64_t msr, uint64_t va, struct arch_page *page);

/* ppc64_interrupt.c: what an interrupt would find now. 0 or -errno. */
struct ppc64_interrupt {
	uint64_t vectors;     /* the handlers are so far above their offsets */
	uint64_t scv_vectors; /* the first of those of scv */
	uint64_t msr;	      /* they run with it, and in the byte order of LPCR.ILE */
};
int ppc64_interrupt(struct view *v, struct ppc64_interrupt *i);

/* ppc64_interrupt.c: struct arch_debug's fetch */
extern const struct arch_fetch ppc64_fetch;

/* The offset of the handler at pc, wherever handlers are; a pc that can be no handler's is larger than all of them. */
uint64_t ppc64_vector(uint64_t pc);

/* ppc64_step.c: struct arch_step's successors() and translate_next() */
int ppc64_successors(struct view *v, uint64_t pc, const uint8_t *code, size_t len, uint64_t next[ARCH_SUCCESSORS]);
int ppc64_translate_next(struct view *v, const uint8_t *code, size_t len, uint64_t next, struct arch_page *page);

/* ppc64_mask.c: struct arch_step's mask */
extern const struct arch_mask ppc64_mask;

#endif
