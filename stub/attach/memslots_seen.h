/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory slots as a VMM was seen to set them, by whoever traces its threads from its start on: at the entry of a system call, and behind it.
 * A call that has failed has changed nothing. Slots are kept for each VM; those of KVM's address space 0 alone, as memslots.h has it.
 */
#ifndef MEMSLOTS_SEEN_H
#define MEMSLOTS_SEEN_H

#include "memslots_table.h"
#include "tracee_arch.h"

/* A system call that is under way. All zeroes: one that is of no matter. */
struct seen_call {
	enum {
		SEEN_NOTHING,
		SEEN_VM, /* one is made */
		SEEN_SLOT
	} kind;
	int fd;		     /* SEEN_SLOT: the VM's */
	struct memslot slot; /* ... of size 0: it goes */
};

struct seen_vm {
	pid_t pid;
	int fd; /* in that process */
	struct memslots slots;
};

struct seen_vms {
	unsigned n;
	struct seen_vm *vm;
};

/* At the entry of a call, by who traces this thread: what it would do. */
void seen_begins(struct seen_call *seen, pid_t tid, const struct tracee_call *call);

/* It has returned that, in this process: `seen` is all zeroes afterwards. Out of memory, nothing is known of the VM any more. */
void seen_ends(struct seen_vms *vms, pid_t pid, struct seen_call *seen, int64_t result);

/* The process has executed another program. */
void seen_forget(struct seen_vms *vms, pid_t pid);

/* Are these two descriptors of a process's the same open file? */
bool seen_is_same(pid_t pid, int fd, int other);

/* The slots of this VM; fd -1: of the only one that the process has made. NULL: none was seen. */
const struct memslots *seen_of(const struct seen_vms *vms, pid_t pid, int fd);

void seen_free(struct seen_vms *vms);

#endif
