/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RAM of a VM: a table of KVM's slots, where each is for the guest and for us. Slots may come, move and go while others read. What
 * somebody else has mapped is reached by system calls only, so that a page that cannot be had is an errno, and no signal.
 */
#ifndef RAM_H
#define RAM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../refuse.h"

struct ram_slot {
	uint32_t nr;	/* KVM's number of it */
	bool read_only; /* for the guest */
	bool ours;	/* ram_map() has mapped it */
	uint64_t gpa, size;
	uint8_t *hva;
};

struct ram {
	pid_t self; /* asked for once: getpid() is a system call */

	/*
	 * In place of process_vm_readv() and process_vm_writev(), for what is in one slot: how many bytes, at least one, or -errno. NULL: it
	 * is done by them. Set before the first slot. Called without the lock, which the owner of these may have to wait for.
	 */
	ssize_t (*read)(void *opaque, uint64_t gpa, void *buf, size_t len);
	ssize_t (*write)(void *opaque, uint64_t gpa, const void *buf, size_t len);
	void *opaque;

	pthread_rwlock_t lock; /* for what follows */
	unsigned n, room;
	struct ram_slot *slot; /* by address */
};

/* An empty table. 0 or -errno. */
int ram_open(struct ram *ram);

/* Unmaps what ram_map() has mapped, and leaves no slot. */
void ram_drop(struct ram *ram);

/* The same, and frees the table. */
void ram_close(struct ram *ram);

/*
 * As KVM_SET_USER_MEMORY_REGION: slot nr is new, or is moved or changed, or goes (size 0). When it returns, nobody is reading or writing at
 * the slot's former address. -EEXIST: it overlaps another slot; -EINVAL: it goes beyond all addresses; -ENOMEM. The table is as it
 * was then.
 */
int ram_set(struct ram *ram, uint32_t nr, uint64_t gpa, uint64_t size, void *hva, bool read_only);

/* Maps a new slot: zeroes, taken from the system when they are touched. 0, or -errno and a sentence. */
int ram_map(struct ram *ram, uint32_t nr, uint64_t gpa, uint64_t size, const struct refusal *why);

/* The same, read-only for the guest. */
int ram_map_rom(struct ram *ram, uint32_t nr, uint64_t gpa, uint64_t size, const struct refusal *why);

/* The n-th slot by address; false when there are no more. */
bool ram_nth(struct ram *ram, unsigned n, struct ram_slot *slot);

/*
 * How many bytes, up to the end of the slot or to a page of it that cannot be had; -EFAULT when gpa is not RAM, -EIO when its page
 * cannot be had, or another -errno.
 */
ssize_t ram_read(struct ram *ram, uint64_t gpa, void *buf, size_t len);
ssize_t ram_write(struct ram *ram, uint64_t gpa, const void *buf, size_t len);

/*
 * Calls f for stretches of [gpa, gpa + len), at our address, up to the first byte that is in no slot. It is not called for what can be had no
 * more.
 */
void ram_visit(struct ram *ram, uint64_t gpa, size_t len, void (*f)(uint8_t *hva, size_t len));

/* ---- for whoever owns the table and does not change it meanwhile: it takes no lock */

/* The slot that holds all of [gpa, gpa + len), or NULL. */
const struct ram_slot *ram_find(const struct ram *ram, uint64_t gpa, uint64_t len);

/* Bytes in all slots. */
uint64_t ram_size(const struct ram *ram);

/* Our address of gpa, with *len cut to the end of its slot; NULL when gpa is not RAM. */
uint8_t *ram_at(const struct ram *ram, uint64_t gpa, size_t *len);

/* A number that is another one when any of these bytes has been changed. The guest has not run. */
uint64_t ram_sum(const struct ram *ram, uint64_t gpa, size_t len);

/* As in "0x0..0xc0000000 and 0x100000000..0x140000000". */
void ram_describe(const struct ram *ram, char *text, size_t size);

#endif
