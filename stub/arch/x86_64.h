/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86-64 as KVM has it: the struct ioctls and the fields of them that arch/ itself uses, the debug request and the debug exit.
 * Constants are from arch/x86/include/uapi/asm/kvm.h and, for fields of registers, from Intel's Software Developer's Manual;
 * tests/lint/offsets_x86_64.c compares the former with the kernel's header.
 */
#ifndef ARCH_X86_64_H
#define ARCH_X86_64_H

#include <stdint.h>

#include "arch.h"

/* The blocks, in the order of arch->blocks: struct kvm_regs, kvm_sregs, kvm_xsave, and so on. */
#define X86_REGS 0
#define X86_SREGS 1
#define X86_XSAVE 2
#define X86_DEBUGREGS 3
#define X86_XCRS 4
#define X86_CPUID 5
#define X86_LAPIC 6
#define X86_EVENTS 7

#define X86_REGS_SIZE 144
#define X86_SREGS_SIZE 312

/* Where KVM leaves copies of these two in struct kvm_run (KVM_CAP_SYNC_REGS), and its bits for them. */
#define X86_REGS_AT 304
#define X86_SREGS_AT 448
#define X86_SYNC_REGS 1
#define X86_SYNC_SREGS 2

#define X86_XSAVE_SIZE 4096
#define X86_XSAVE_ROOM 16384 /* with all that a processor can have so far: tiles, at most 11008 */
#define X86_DEBUGREGS_SIZE 128
#define X86_DR(n) KEY_BLOCK(X86_DEBUGREGS, 8, 8 * (n)) /* 0 to 3 */
#define X86_DR6 KEY_BLOCK(X86_DEBUGREGS, 8, 0x20)
#define X86_DR7 KEY_BLOCK(X86_DEBUGREGS, 8, 0x28)
#define X86_XCRS_SIZE 392
#define X86_LAPIC_SIZE 1024
#define X86_EVENTS_SIZE 64
#define X86_CPUID_HEAD 8   /* struct kvm_cpuid2 */
#define X86_CPUID_ENTRY 40 /* struct kvm_cpuid_entry2 */
#define X86_CPUID_MAX 256  /* KVM_MAX_CPUID_ENTRIES, arch/x86/include/asm/kvm_host.h */

#define X86_CPUID_NENT KEY_BLOCK(X86_CPUID, 4, 0)
#define X86_CPUID_WORD(entry, word) KEY_BLOCK(X86_CPUID, 4, X86_CPUID_HEAD + X86_CPUID_ENTRY * (entry) + 4 * (word))

#define X86_RBX KEY_BLOCK(X86_REGS, 8, 0x08)
#define X86_RCX KEY_BLOCK(X86_REGS, 8, 0x10)
#define X86_RSP KEY_BLOCK(X86_REGS, 8, 0x30)
#define X86_R11 KEY_BLOCK(X86_REGS, 8, 0x58)
#define X86_RIP KEY_BLOCK(X86_REGS, 8, 0x80)
#define X86_RFLAGS KEY_BLOCK(X86_REGS, 8, 0x88)
#define X86_CS_BASE KEY_BLOCK(X86_SREGS, 8, 0x0)
#define X86_CS_L KEY_BLOCK(X86_SREGS, 1, 0x13)
#define X86_SS_BASE KEY_BLOCK(X86_SREGS, 8, 0x78)
#define X86_SS_DPL KEY_BLOCK(X86_SREGS, 1, 0x88)
#define X86_TR_BASE KEY_BLOCK(X86_SREGS, 8, 0x90)
#define X86_LDT_BASE KEY_BLOCK(X86_SREGS, 8, 0xa8)
#define X86_LDT_LIMIT KEY_BLOCK(X86_SREGS, 4, 0xb0)
#define X86_GDT_BASE KEY_BLOCK(X86_SREGS, 8, 0xc0)
#define X86_GDT_LIMIT KEY_BLOCK(X86_SREGS, 2, 0xc8)
#define X86_IDT_BASE KEY_BLOCK(X86_SREGS, 8, 0xd0)
#define X86_IDT_LIMIT KEY_BLOCK(X86_SREGS, 2, 0xd8)
#define X86_CR0 KEY_BLOCK(X86_SREGS, 8, 0xe0)
#define X86_CR3 KEY_BLOCK(X86_SREGS, 8, 0xf0)
#define X86_CR4 KEY_BLOCK(X86_SREGS, 8, 0xf8)
#define X86_LSTAR 0x20300002c0000082ull /* an MSR, and so a ONE_REG id; reg/msrs.c */
#define X86_CSTAR 0x20300002c0000083ull
#define X86_FMASK 0x20300002c0000084ull
#define X86_EFER KEY_BLOCK(X86_SREGS, 8, 0x108)

#define CR0_PE (1ull << 0)
#define EFER_LMA (1ull << 10)

/* The XSAVE area (SDM volume 1, 13.4): x87 is its component 0. st(i): the mantissa, and sign and exponent. */
#define X86_X87(width, offset) (KEY_BLOCK(X86_XSAVE, width, offset) | KEY_IN_COMPONENT(0))
#define X86_ST_MANTISSA(i) X86_X87(8, 32 + 16 * (i))
#define X86_ST_EXPONENT(i) X86_X87(2, 32 + 16 * (i) + 8)
#define X86_FSW X86_X87(2, 2)
#define X86_FTWX X86_X87(1, 4)
#define X86_XSTATE_BV 512

/* KVM_GUESTDBG_* */
#define X86_DEBUG_BLOCKIRQ 0x100000
#define X86_DEBUG_USE_HW_BP 0x20000
#define X86_DEBUG_INJECT_DB 0x40000
#define X86_DEBUG_INJECT_BP 0x80000

/* struct kvm_guest_debug_arch */
struct x86_debug {
	uint64_t debugreg[8];
};

/* struct kvm_debug_exit_arch */
struct x86_debug_exit {
	uint32_t exception;
	uint32_t pad;
	uint64_t pc; /* linear */
	uint64_t dr6;
	uint64_t dr7;
};

/* x86_64_regs.c: struct arch_regs' tables, and its component() */
#define X86_BLOCKS 8
#define X86_COMPUTED 9
extern const struct arch_block x86_64_blocks[X86_BLOCKS];
extern const struct arch_computed x86_64_computed[X86_COMPUTED];
int x86_64_component(struct view *v, unsigned n, unsigned *at);

/* x86_64_mmu.c: struct arch_walk's translate(), aliases(), entry_flags and code_address() */
extern const struct arch_flag x86_64_entry_flags[];
int x86_64_translate(struct view *v, uint64_t va, struct arch_page *page);
uint64_t x86_64_aliases(struct view *v, uint64_t va);
int x86_64_code_address(struct view *v, uint64_t *addr);

/* x86_64_ends.c: where the step that begins here ends when TF does not end it */
bool x86_64_step_end(struct view *v, struct flag_step *step, uint64_t *end);

/* x86_64_own.c */
extern const struct arch_own_debug x86_64_own;

/*
 * x86_64_linear.c, by linear addresses: 0 or -errno. Words are of at most 8 bytes, at most 5 of them; code is what is at the
 * pc, and how many bytes of it there are.
 */
#define X86_INSN_MAX 15
#define INSN_INT1 0xf1
int x86_64_read_linear(struct view *v, uint64_t va, uint8_t *to, size_t len);
int x86_64_read_words(struct view *v, uint64_t va, unsigned width, unsigned n, uint64_t *word);
size_t x86_64_read_code(struct view *v, uint8_t code[X86_INSN_MAX]);
bool x86_64_is_prefix(uint8_t byte, bool is_64_bit);

/* x86_64_emulate.c */
extern const struct arch_emulate x86_64_emulate;

/* x86_64_step.c */
extern const struct arch_step_flag x86_64_step_flag;

#endif
