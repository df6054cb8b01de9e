/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opcodes in guest-physical memory, hidden from readers. A place is where one is; whoever wants it there, several breakpoints or the end
 * of a step, shares it with the others. Knows the host's memory, no vCPU and no virtual address.
 *
 * What the guest has written over an opcode is the guest's, whole: code is written by instructions. What a debugger writes there is
 * the guest's byte by byte, and the opcode stays in.
 *
 * Changes while nobody is in the guest, but for planted_lift() and planted_again(), which a reader of memory does not notice.
 */
#ifndef PLANTED_H
#define PLANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TRAP_MAX 4
#define PLANTED_MAX 288
#define PLANTED_CODE 16 /* by so many bytes code is known again */

struct host;

struct place {
	uint64_t pa;
	const uint8_t *trap;
	unsigned size;	      /* of the opcode */
	unsigned users;	      /* 0: the entry is free */
	unsigned lifted;      /* so many of the users have the opcode out for a while */
	_Atomic uint32_t old; /* bytes: what the guest has there */
	uint8_t code[PLANTED_CODE];
	size_t ncode; /* bytes of code, as planted_remember() found them */
	bool known;   /* of planted_reloaded(): the code is there once more */
};

struct planted {
	struct host *host;
	struct place place[PLANTED_MAX];
	unsigned n;    /* entries that have been in use */
	unsigned used; /* entries that are in use now */
};

/*
 * An opcode more. 0; -EFAULT: there is no RAM; -EROFS: it cannot be written; -EBUSY: another opcode covers a part of these bytes; -ENOSPC.
 * Each planted_add() has its planted_drop(), which takes it out with the last one.
 */
int planted_add(struct planted *p, uint64_t pa, const uint8_t *trap, unsigned size, struct place **place);
void planted_drop(struct planted *p, struct place *place);

static inline bool planted_any(const struct planted *p)
{
	return p->used > 0;
}

/* 0 if planted_add() could do it. */
int planted_possible(struct planted *p, uint64_t pa, const uint8_t *trap, unsigned size);

/*
 * The place that begins at pa, or NULL. And, where none is now: the last one that began there, if the bytes there are what was under its
 * opcode.
 */
struct place *planted_at(struct planted *p, uint64_t pa);
const struct place *planted_last(struct planted *p, uint64_t pa);

/* Is the opcode in memory: neither lifted nor written over? */
bool planted_is_in(const struct planted *p, const struct place *place);

/* Is an opcode, or what is under one, in any of these bytes? */
bool planted_covers(const struct planted *p, uint64_t pa, size_t len);

/* Takes the opcode out, for a vCPU that executes what is under it; puts it in again, where it is out. 0 or -errno as of planted_add(). */
void planted_lift(struct planted *p, struct place *place);
int planted_again(struct planted *p, struct place *place);
bool planted_is_lifted(const struct place *place);

/*
 * Around memory's being written anew: what code is at each place; and, is it there once more? What is zeroes is no code. All opcodes are
 * out then, until planted_again().
 */
void planted_remember(struct planted *p);
void planted_reloaded(struct planted *p);

/* The memory with the opcodes in it is gone: all places are free. */
void planted_forget(struct planted *p);

/* Guest-physical memory as the guest has it: opcodes are hidden in what was read of pa, and kept by writes. */
void planted_hide(const struct planted *p, uint64_t pa, void *buf, size_t len);
ssize_t planted_write(struct planted *p, uint64_t pa, const void *buf, size_t len);

#endif
