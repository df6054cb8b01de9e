/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs whose threads are a VMM's (host.borrowed): what such a thread does around each KVM_RUN of its own, in place of the loop of a
 * thread of run/'s; and how they come and go. What turn_begin() has planned, planted and told KVM, turn_end() takes back.
 *
 * Such a vCPU is in the guest between the two. Else its thread is with the VMM, or waits in turn_begin(): it stands as far as others are
 * concerned, so that a guest is stopped when nobody is in it.
 */
#ifndef RUN_TURN_H
#define RUN_TURN_H

#include "vcpu.h"

enum turn {
	TURN_RUN,    /* KVM_RUN by v->run.how, and turn_end() behind it */
	TURN_SETTLE, /* the same by HOST_SETTLE: the access that is pending is completed, and nothing is executed */
	TURN_FREE, /* nobody attends to this vCPU: by the host's fast way, and here again if that is closed by then; no turn_end() */
	TURN_BACK /* the VMM has its thread: -EINTR, and no turn_end() */
};

/* By the vCPU's own thread. Waits, by host_ops.wait(), until the vCPU may enter, or until the VMM wants its thread. */
enum turn turn_begin(struct vcpu *v);

/* Behind KVM_RUN. True: the exit is the VMM's. A vCPU that was caught on the fast way has no turn_begin() in front of it. */
bool turn_end(struct vcpu *v, const struct vcpu_exit *exit);

/* Has turn_begin() let it in, or was it caught, and turn_end() has not been told how the run ended? By its own thread, outside KVM_RUN. */
bool turn_is_begun(struct vcpu *v);

/*
 * Before and behind a KVM_RUN that the VMM wanted, by HOST_SETTLE and without a turn_begin(), of a vCPU of which none is begun. True: the exit
 * is the VMM's.
 */
void turn_pass(struct vcpu *v);
bool turn_passes(struct vcpu *v, const struct vcpu_exit *exit);

/*
 * By the baton's holder, of a vCPU that stands and is about to be told to go: what it was seen to be before an access was completed is forgotten,
 * and a step of it is done by that access, unless the client has looked at it since. -EBUSY: the access is being completed still.
 */
int turn_catch_up(struct vcpu *v);

/*
 * By the vCPU's own thread, outside of a run: something is to be shown to the client, with this signal and a sentence; 0 when it lets the
 * guest go on, or when nobody attends; -EINTR: the VMM wants its thread.
 */
int turn_show(struct vcpu *v, int signal, const char *text);

/*
 * A vCPU that the host has by now; it stands while the guest does, else it waits to be let in. Its registers are not looked at before it
 * has come here to run. And: it is gone, with its events. While neither its thread nor the baton's holder is in a function of run/'s.
 * 0, -EEXIST or -ENOMEM.
 */
int turn_add(struct guest *g, unsigned nr, struct vcpu **v);
void turn_remove(struct vcpu *v);

/*
 * Nobody attends to the guest: its vCPUs run without a word to run/, from when each begins its next turn. Whoever stops the guest attends
 * again, by itself (threads_hand_over() and threads_interrupt()). And, of a guest that nobody has attended to yet: it runs.
 */
void turn_let_go(struct guest *g);
void turn_set_off(struct guest *g);

#endif
