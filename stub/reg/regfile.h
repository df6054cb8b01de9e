/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register file of one vCPU: a lazy cache over the transport. A value is fetched when it is first asked for and kept until
 * the vCPU runs or any register is written; a write goes through at once, and a read behind it finds what the vCPU holds.
 *
 * Debuggers ask for the same registers at every stop. Where the transport moves many for the price of one, the registers that
 * were asked for at the last stop come with the first register that is fetched at this stop.
 */
#ifndef REGFILE_H
#define REGFILE_H

#include <stdbool.h>

#include "tdesc.h"
#include "transport.h"

struct regfile {
	struct view view; /* what arch/ sees of this vCPU */
	struct transport *transport;
	const struct tdesc *tdesc;
	unsigned vcpu;
	struct regcache *cache;
	unsigned
		age; /* counts regfile_drop(): what was worked out from these registers is good while the count stays the same */
	char why[160]; /* the sentence of the last refusal */
};

/*
 * 0 or -ENOMEM. Nothing is asked of the vCPU. The transport is the caller's and outlives the file. Registers have no numbers
 * yet: until regfile_describe() the file goes by keys (view, ids, held bits).
 */
int regfile_init(struct regfile *f, unsigned vcpu, struct transport *t);

/* Held bits stay in the vCPU: where the vCPU goes on, regfile_give_back() comes before. */
void regfile_free(struct regfile *f);

/*
 * From now on registers have this description's numbers. The description is the caller's, and outlives the file or the next
 * call. 0; or -ENOMEM, and all is as before. A description that the file had once can be had again without memory.
 */
int regfile_describe(struct regfile *f, const struct tdesc *d);

/* The vCPU is about to run: what is cached is void. */
void regfile_drop(struct regfile *f);

/* The debugger has seen enough of this stop: at the next one it is expected to ask for the same registers. */
void regfile_resumed(struct regfile *f);

/* Another debugger, or another guest: nothing that is cached is good, and no register is expected to be asked for. */
void regfile_forget(struct regfile *f);

/*
 * Have these registers in the cache, by as few ioctls as the transport can: those of the list that are not in the cache yet are
 * one batch, with those that are expected to be asked for. A register that cannot be read is left out; regfile_read() says why.
 */
void regfile_prefetch(struct regfile *f, const unsigned *regs, unsigned n);

/* The debugger, which has looked at another vCPU before, is expected to ask this one for the same registers. */
void regfile_expect_as(struct regfile *f, const struct regfile *other);

/* The register's size, or -errno: -ENOENT no such register, -ENOSPC cap too small, or what the kernel said. */
ssize_t regfile_read(struct regfile *f, unsigned reg, void *value, size_t cap);

/*
 * Writes the register, whatever value the vCPU has there: 0, or -errno: -EINVAL wrong size or a value that does not fit, -EPERM
 * read-only, or what the kernel said.
 */
int regfile_write(struct regfile *f, unsigned reg, const void *value, size_t size);

/*
 * For a debugger, which puts back after a call all that it has read before. A value that is there already is not written: KVM
 * could refuse it, and some registers change by a write. And where GDB puts back all registers, those that are not the state of
 * the guest's program (enum reg_kind) stay as they are: 1 the first time since regfile_forget(), with a sentence in why, then
 * 0.
 */
int regfile_put(struct regfile *f, unsigned reg, const void *value, size_t size);

/* The value of a key of at most 8 bytes, if it is in the cache: it was asked for since the last regfile_drop(). Nothing is fetched. */
bool regfile_has(struct regfile *f, uint64_t key, uint64_t *value);

/*
 * Values by keys, in one batch: a struct with several of them is written once. 0 or -errno; then those that were written have their old
 * values again.
 */
int regfile_set_all(struct regfile *f, const struct view_value *values, unsigned n);

/* Registers 0 .. ngeneral - 1, in one batch. The size, or 0; or -errno. A write that is refused half way is undone. */
ssize_t regfile_read_general(struct regfile *f, void *values, size_t cap);
int regfile_write_general(struct regfile *f, const void *values, size_t size);

/* An id that the description may not know, with KEY_SIZE bytes: straight from, and to, the kernel. 0 or -errno. */
int regfile_get_id(struct regfile *f, struct reg_item *item);
int regfile_set_id(struct regfile *f, struct reg_item *item);

/*
 * Held bits (hold.c): in the vCPU the bits of the mask are such that it takes no interrupt, while whoever reads or writes them
 * here finds, and sets, the guest's own.
 */

/* Would the guest take interrupts now, if the bits were not held? 1 or 0, or -errno. */
int regfile_may_be_interrupted(struct regfile *f, const struct arch_mask *mask);

/* Holds the bits from now on; nothing is written when they are held already. *own is the guest's bits. 0 or -errno. */
int regfile_hold(struct regfile *f, const struct arch_mask *mask, uint64_t *own);
bool regfile_is_held(const struct regfile *f);

/*
 * The bits are held no longer. regfile_give_back() gives the vCPU the guest's own, 0 or -errno; regfile_let_go() is for a vCPU
 * that has been reset, or whose held bits something else has replaced.
 */
int regfile_give_back(struct regfile *f);
void regfile_let_go(struct regfile *f);

/*
 * The guest has changed its own bits, to these, and with them perhaps the held ones, which the next regfile_hold() puts again.
 */
void regfile_own_bits(struct regfile *f, uint64_t own);

/* ---- inside reg/ only: for the other files that implement what is above ---- */

/* The next fetch is to bring this register, unless it is computed, or cached. */
void regfile_want(struct regfile *f, unsigned reg);

/* A batch: the registers that are wanted, and those that are a habit, if they cost nothing more. As slots_fetch(). */
int regfile_fetch(struct regfile *f);

/*
 * A batch of writes, slots.nwrites items: one more value, which is in the cache, goes into it; it is written, and so many items of it are
 * done; and so many have their old values again, the last first. 0 or -errno.
 */
int regfile_stage(struct regfile *f, uint64_t key, const void *bytes, size_t size);
int regfile_set_staged(struct regfile *f, unsigned *done);
void regfile_set_back(struct regfile *f, unsigned n);

/* Can the register be written at all? 0 or -EPERM. */
int regfile_writable(const struct tdesc_reg *reg);

/* A computed register, reg->size bytes. 0 or -errno. */
int regfile_set_computed(struct regfile *f, const struct tdesc_reg *reg, const void *bytes);

/* Leaves the sentence in f->why and returns err. */
int regfile_refuse(struct regfile *f, unsigned reg, int err);

#endif
