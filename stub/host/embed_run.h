/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each KVM_RUN of a VMM whose process we are in takes before and after.
 *
 * A vCPU's thread is the VMM's. Between two KVM_RUNs it is brought here and goes through one of two ways:
 *
 * - The fast one, while nobody attends to the vCPU (host_ops.attend): embed_enter() and embed_leave(), one atomic operation
 *   each. No system call, no lock.
 * - The slow one: embed_quiet() first, and embed_loud() last. Between the two all signals are blocked, so that no handler of the VMM's
 *   runs while we hold a lock. There embed_begin() precedes a KVM_RUN, and embed_end() follows it and says what came of it; while the guest
 *   stands the thread sleeps in host_ops.wait().
 *
 * Where embed_still() stands in front of a KVM_RUN in place of embed_loud(), KVM itself lets the signals in, and blocks them again behind it: no
 * handler runs before embed_loud(), and a signal is pending until then, or ends wait().
 *
 * What the VMM is never to miss is its own kick, by a signal or by immediate_exit. A signal that is handled while the thread is in KVM_RUN
 * or in wait() ends it with EINTR; embed_loud() sees to one that comes while signals are blocked. One that was handled before a
 * KVM_RUN which came out with an exit of the debugger's is seen by nobody. Hence the rule for whoever calls wait(): not after a KVM_RUN
 * of which the VMM does not know. Then the VMM gets EINTR, and the next call may wait.
 *
 * kvm_run->immediate_exit is the VMM's: 1, which it may set at any time, always has its KVM_RUN and its EINTR. What is set here is
 * IMMEDIATE_OURS, and only that is taken back here.
 */
#ifndef EMBED_RUN_H
#define EMBED_RUN_H

#include "host.h"

/* One of the VMM's vCPUs. */
struct embed_vcpu;

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
 * In place of embed_loud(), in front of a KVM_RUN that is embed_run(): signals stay blocked, and none is handled unseen. One that the VMM lets in,
 * and that is pending or comes, ends it with EINTR, and embed_loud() is to follow then before anything else is run or waited for. False: that is not
 * possible here, and embed_loud() is the way.
 */
bool embed_still(struct embed_vcpu *v);

/*
 * The VMM wants this thread, by immediate_exit or by embed_want(): its KVM_RUN is to come at once, whatever the guest is doing, and executes
 * nothing. By the slow way: embed_begin() with HOST_SETTLE, and nobody above needs to know.
 */
bool embed_is_wanted(const struct embed_vcpu *v);

/* The same, because the VMM has asked for that, and not by a signal that was handled. And: so the last KVM_RUN has failed with EINTR. */
bool embed_is_asked(const struct embed_vcpu *v);
bool embed_answers(const struct embed_vcpu *v);

/* The VMM has its thread, by -EINTR: what it did by embed_want() is answered. */
void embed_has_thread(struct embed_vcpu *v);

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

#endif
