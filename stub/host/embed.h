/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs that belong to the VMM in whose process we are: a struct host over its descriptors, and what each KVM_RUN of the VMM's takes
 * before and after.
 *
 * A vCPU's thread is the VMM's. Between two KVM_RUNs it is brought here and goes through one of two ways:
 *
 * - The fast one, while nobody attends to the vCPU (host_ops.attend): embed_enter() and embed_leave(), one atomic operation each. No system call, no lock.
 * - The slow one: embed_quiet() first, and embed_loud() last. Between the two all signals are blocked, so that no handler of the VMM's
 *   runs while we hold a lock. There embed_begin() precedes a KVM_RUN, and embed_end() follows it and says what came of it; while the guest
 *   stands the thread sleeps in host_ops.wait().
 *
 * What the VMM is never to miss is its own kick, by a signal or by immediate_exit. A signal that is handled while the thread is in KVM_RUN
 * or in wait() ends it with EINTR; embed_loud() sees to one that comes while signals are blocked. One that was handled before a
 * KVM_RUN which came out with an exit of the debugger's is seen by nobody. Hence the rule for whoever calls wait(): not after a KVM_RUN
 * of which the VMM does not know. Then the VMM gets EINTR, and the next call may wait.
 *
 * kvm_run->immediate_exit is the VMM's: 1, which it may set at any time, always has its KVM_RUN and its EINTR. What is set here is
 * EMBED_IMMEDIATE, and only that is taken back here.
 */
#ifndef EMBED_H
#define EMBED_H

#include "host.h"

#define EMBED_VCPUS_MAX 4096 /* numbers of vCPUs are below this */

struct embed_config {
	int kvm_fd; /* /dev/kvm, which is duplicated; -1: it is opened */
	int vm_fd;  /* remains the VMM's, and open for as long as the host is */

	/* How a vCPU is called out: by kick(), with vcpu as embed_add_vcpu() had it, or else by this signal; 0: one that is free. */
	int kick_signal;
	void (*kick)(void *opaque, void *vcpu);

	/* Bit n - 1 is signal n: those that vCPU threads block and KVM_SET_SIGNAL_MASK lets in. */
	uint64_t run_signals;

	/* host_ops.reset: the VMM brings its vCPUs and memory back to their start. 0 or -errno. NULL: it cannot. */
	int (*reset)(void *opaque);

	/* As ram.h's, or NULL. */
	ssize_t (*read_memory)(void *opaque, uint64_t gpa, void *buf, size_t size);
	ssize_t (*write_memory)(void *opaque, uint64_t gpa, const void *buf, size_t size);

	void *opaque;
};

/*
 * A host without vCPUs and without memory; or NULL and one sentence in error. The kick signal, where there is no kick(), has a handler from
 * here on that does nothing; it stays when the host is closed, since a signal may still be on its way. host_ops.close() frees the host,
 * and the vCPUs that were not removed.
 */
struct host *embed_open(const struct embed_config *config, char *error, size_t size);

/* Of <linux/kvm.h>, KVM_SET_USER_MEMORY_REGION: as ram.h's ram_set(). Any thread. */
int embed_set_memory(struct host *h, uint32_t slot, uint64_t gpa, uint64_t size, void *address, bool read_only);

/* Where this slot is. False: there is none. */
bool embed_find_memory(struct host *h, uint32_t slot, uint64_t *gpa, uint64_t *size);

/* What host_ops.calls() answers HOST_TOLD with; copied. 0 or -ENOMEM. */
int embed_tell(struct host *h, const void *data, size_t size);

/* One of the VMM's vCPUs. */
struct embed_vcpu;

/*
 * Maps its kvm_run once more, and asks KVM for nothing else. It is in nobody's hands: the fast way is open. -EEXIST: there is one of this
 * number; -EINVAL: the number is too high; -EBADF: fd is no vCPU's; -ENOMEM. fd remains the VMM's, and open until the vCPU is removed.
 */
int embed_add_vcpu(struct host *h, unsigned nr, int fd, void *opaque, struct embed_vcpu **vcpu);

/* It is in no run, and nobody above knows it any more. Frees it. */
void embed_remove_vcpu(struct embed_vcpu *v);

/* From any thread, and in a signal handler: the KVM_RUN under way, or else the next one, fails with EINTR, which the VMM gets. */
void embed_want(struct embed_vcpu *v);

/* ---- by the vCPU's own thread ---- */

/*
 * The fast way. True: KVM_RUN may be called, and embed_leave() follows. False: somebody attends to this vCPU, or this thread runs it for
 * the first time: it is outside, and the slow way is to be gone.
 */
bool embed_enter(struct embed_vcpu *v);

/*
 * KVM_RUN has come back with err, 0 or its -errno. True: nobody attends, the vCPU is outside, and what came is the VMM's. False: the slow
 * way; it counts as inside until embed_end(). After -EINTR exit_reason is KVM_EXIT_INTR in either case.
 */
bool embed_leave(struct embed_vcpu *v, int err);

/* Blocks this thread's signals, and remembers what was blocked. From here on the kick finds this thread. */
void embed_quiet(struct embed_vcpu *v);

/*
 * Blocks what was blocked before, and no more. Signals that came meanwhile are handled in it; when there was one, and KVM_RUN is about to
 * begin, that fails with EINTR.
 */
void embed_loud(struct embed_vcpu *v);

/*
 * The VMM wants this thread, by immediate_exit or by embed_want(): its KVM_RUN is to come at once, whatever the guest is doing, and executes
 * nothing. By the slow way: embed_begin() with HOST_SETTLE, and nobody above needs to know.
 */
bool embed_is_wanted(const struct embed_vcpu *v);

/*
 * In place of KVM_RUN: kvm_run is as after one that failed with EINTR. False: an access is pending, which that would lose; KVM_RUN has to
 * come, with HOST_SETTLE, and fails with EINTR by itself.
 */
bool embed_break_off(struct embed_vcpu *v);

/*
 * Before KVM_RUN, by the slow way: counts as inside from here on. HOST_RUN and HOST_STEP are the same here. HOST_SETTLE: KVM_RUN completes
 * the access that is pending and executes nothing. After a kick that found the vCPU outside KVM_RUN does not execute anything either.
 */
void embed_begin(struct embed_vcpu *v, enum host_run how);

/* KVM_RUN itself, for who has none of its own: 0 or -errno. */
int embed_run(struct embed_vcpu *v);

/*
 * After it, by the slow way: outside from here on. *exit:
 * EXIT_KVM: a debug exit, or an error of KVM's, which may be how a planted opcode is met.
 * EXIT_ENDED, EXIT_CRASHED, EXIT_RESET, EXIT_SHUT_DOWN: the guest has told KVM, or KVM has seen it. kvm_run still holds the exit, which is
 * the VMM's when it was shown.
 * EXIT_KICKED: a kick of ours, or HOST_SETTLE is done. The VMM may have kicked as well (see above).
 * EXIT_VMM: everything else. An access of which KVM awaits the answer is pending until the next KVM_RUN.
 */
void embed_end(struct embed_vcpu *v, int err, struct vcpu_exit *exit);

/* embed_filter.c: the system calls, and the requests of ioctl(), of a thread that runs vCPUs, or serves. Constant. */
const int *embed_syscalls(bool server, size_t *n);
const unsigned long *embed_ioctls(bool server, size_t *n);

#endif
