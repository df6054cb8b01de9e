/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guardian of an attached VM: a process of ours that waits for our end. When we are killed, the kernel lets the VMM's threads go as
 * they are: armed, with opcodes in memory. The guardian takes them, as the tracer of all of them, takes the opcodes and the hand out, turns
 * guest debugging off, and lets them go.
 *
 * A thread at rest is meanwhile nowhere near KVM_RUN: its pc is that of a loop in the hand's page (tracee_rest), and what its registers
 * are to be is kept here, where the guardian finds it. What runs armed returns to that loop as well (attach_shelter.c). What is in the VMM
 * when we are killed, and is entered by that before the guardian has it, may come to its breakpoint: then the VMM sees a debug exit.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdatomic.h>
#include <sys/types.h>

#include "../refuse.h"
#include "hand.h"

#define GUARD_OPCODES 512
#define GUARD_OPCODE 8 /* bytes, at most */

struct guard_vcpu {
	atomic_int tid;		 /* of its thread in the VMM; 0: it is not known */
	atomic_uint control;	 /* of KVM_SET_GUEST_DEBUG, as it was told last; 0: nothing is armed */
	struct tracee_regs regs; /* of a thread at rest */
};

struct guard_opcode {
	atomic_bool is_in;
	uint8_t size;
	uint8_t trap[GUARD_OPCODE], old[GUARD_OPCODE];
	uint64_t gpa, at; /* in the guest, and in the VMM */
};

/* Shared by us and the guardian; nothing else is, from its start on. */
struct guard_table {
	atomic_bool over; /* there is nothing to take out: we go by ourselves */
	struct hand_way way;
	struct guard_opcode opcode[GUARD_OPCODES];
	struct guard_vcpu vcpu[];
};

struct guard {
	struct guard_table *table;
	size_t size;
	pid_t pid; /* the guardian; 0: there is none */
	int alive; /* our end of a pipe, of which it waits for the end; -1 */
};

/* The table, for so many vCPUs. 0 or -errno. */
int guard_init(struct guard *g, unsigned vcpus);

/* What the guardian does when we have been killed: in its process, which has one thread, and of our descriptors the two that it keeps. */
struct guard_job {
	void (*rescue)(void *arg);
	void *arg;
	int keep[2];
};

/* Starts it. 0, or -errno and a sentence. */
int guard_open(struct guard *g, const struct guard_job *job, const struct refusal *why);

/* Another one in its place, that knows what is known now. 0, or -errno and a sentence: it stays. */
int guard_again(struct guard *g, const struct guard_job *job, const struct refusal *why);

/* It ends, and does nothing. */
void guard_close(struct guard *g);

/* Is it there? Where it is not, no thread is left in a loop out of which nobody would take it. */
bool guard_watches(struct guard *g);

/* An opcode is about to be put in, over `old`; or it is out. */
void guard_puts(struct guard *g, uint64_t gpa, uint64_t at, const uint8_t *old, const uint8_t *trap, unsigned size);
void guard_took(struct guard *g, uint64_t at);

/* Takes it out, by /proc/PID/mem. False: it is not there any more, or its page is not. */
bool guard_take_out(const struct guard_opcode *o, int memory);

#endif
