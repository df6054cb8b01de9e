/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of where guest memory lies in a VMM's process, and the VM that it is of. Nothing here knows how a slot is found. */
#ifndef MEMSLOTS_TABLE_H
#define MEMSLOTS_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../host/host.h"

/* As KVM_SET_USER_MEMORY_REGION. */
struct memslot {
	unsigned id;	    /* KVM's number of it; of one that the user told, how many were told before it */
	uint64_t gpa, size; /* bytes, whole pages */
	uint64_t hva;	    /* in the VMM's process */
	uint32_t flags;	    /* KVM_MEM_* */
};

struct memslots_bpf;

/* All zeroes: an empty one. */
struct memslots {
	unsigned n;
	struct memslot *slot; /* by gpa; none overlaps another */
	const char *source;   /* a few words: how they were found; constant */
	unsigned missing;     /* areas where the guest has memory too, whose place in the VMM could not be found */
	unsigned room;
	bool by_calls;		  /* they are those that the VMM was seen to set (memslots_vm.seen) */
	struct memslots_bpf *bpf; /* what is kept open to look again; NULL: nothing */
};

/* Whose memory it is. */
struct memslots_vm {
	pid_t pid;
	int vm_fd;   /* the VM, in that process */
	int vm_copy; /* the VM, our copy of that (pidfd_getfd); -1: none */
	unsigned page_size;

	/*
	 * ioctls on the VM that are executed in its process, in order, also while its vCPUs run. Each has its own err, and arg
	 * has no pointers in it. 0, or -errno when the process cannot be reached. NULL: there is no way to execute any.
	 */
	int (*calls)(void *arg, struct host_call *calls, unsigned n);
	void *arg;

	/* A guest-physical address where there is memory for sure; UINT64_MAX: none is known, and one is looked for. */
	uint64_t occupied;

	bool no_bpf; /* as if the kernel let us have no BPF */

	/*
	 * The slots that the VMM was seen to set, NULL: none. They are all, as long as nothing has happened since that was not seen.
	 */
	const struct memslots *seen;
	bool seen_is_all;
};

/*
 * As KVM_SET_USER_MEMORY_REGION has done it: the slot of this id is now so, or, of size 0, there is none. What it overlaps is gone: KVM takes
 * no slot that overlaps another. 0; or -EINVAL or -ENOMEM, and there is no slot of this id.
 */
int memslots_set(struct memslots *slots, const struct memslot *slot);

/* A copy of the slots, and no more, in place of an empty table. 0 or -ENOMEM. */
int memslots_copy(struct memslots *to, const struct memslots *from);

/* Adds one where it belongs. 0; -EEXIST, it overlaps another; -EINVAL, it is empty or goes beyond all addresses; -ENOMEM. */
int memslots_add(struct memslots *slots, const struct memslot *slot);

/* Frees the table alone, and leaves it empty. */
void memslots_free_table(struct memslots *slots);

/* The slot of this guest-physical address, or NULL. */
const struct memslot *memslots_at(const struct memslots *slots, uint64_t gpa);

#endif
