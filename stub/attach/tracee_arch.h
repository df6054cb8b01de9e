/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What differs between architectures in a thread of another process: its registers, its system calls, and the code of the hand
 * (hand.h). One of tracee_<arch>.c has it, for this computer's own architecture.
 */
#ifndef TRACEE_ARCH_H
#define TRACEE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACEE_REGS_MAX 64

/* Those of NT_PRSTATUS, as PTRACE_GETREGSET has them: 64 bits each on all architectures that there are here. */
struct tracee_regs {
	size_t size; /* bytes of r that are in use */
	uint64_t r[TRACEE_REGS_MAX];
};

struct tracee_call {
	uint64_t nr;
	uint64_t arg[6];
};

struct tracee_arch {
	unsigned pc, nr, arg[6]; /* where they are in tracee_regs.r; nr is that of the call that is under way, or was last */
	unsigned nr_set;	 /* ... at its entry, in this register set (NT_*); 0: it is as well in tracee_regs.r */
	unsigned insn_align;	 /* of any instruction, in bytes */
	unsigned insn_size;	 /* of the system call instruction, in bytes */
	unsigned hand[3];	 /* where the hand finds its descriptor, its area and how large that is: see hand.h */
	bool keeps_first;	 /* behind a call arg[0], or first, is still what it was called with */
	unsigned first;		 /* ... where */
	int veiled;	   /* what is shown as something else at the stops of a system call, and not written then; or -1 */
	int64_t sync_code; /* as a call of the hand's: see TRACEE_SYNC_CODE; 0: what is written by /proc/PID/mem is fetched as it is */
};

/*
 * No system call: the hand's code does it. Its arguments, as those of a system call that does the same: memory of one page, from an address up
 * to another one, has been changed, and is to be fetched anew by every processor. -EFAULT, and no harm: it cannot be read any more.
 */
#define TRACEE_SYNC_CODE (-1)

extern const struct tracee_arch tracee_arch;

/*
 * Code, position-independent. The hand's: a system call instruction, and what a thread that was made by it does. And, up to the end, where
 * a thread may be left for a while: a loop that changes nothing, and calls nothing that a filter might forbid; and a system call instruction,
 * behind which it comes to that loop.
 */
extern const char tracee_hand[], tracee_rest[], tracee_run[], tracee_hand_end[];

/* Are these bytes, in memory order, a system call instruction? */
bool tracee_is_syscall(const uint8_t *insn);

/* What the call has returned: -errno, or a value. */
int64_t tracee_result(const struct tracee_regs *r);
void tracee_set_result(struct tracee_regs *r, int64_t result);

/* The thread is at a system call instruction, and is to make this call: its pc is the caller's to set. */
void tracee_set_call(struct tracee_regs *r, const struct tracee_call *call);

/* What the thread has returned to is no system call any more: the kernel is not to restart one. */
void tracee_no_restart(struct tracee_regs *r);

#endif
