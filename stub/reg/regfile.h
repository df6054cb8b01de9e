/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register file of one vCPU: a lazy cache over the transport. A value is fetched when it is first asked for and kept until
 * the vCPU runs or any register is written; a write goes through at once, and what is read after it is what the vCPU holds.
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
	char why[160]; /* the sentence of the last refusal */
};

/* 0 or -ENOMEM. The transport and the description are the caller's and outlive the file. */
int regfile_init(struct regfile *f, unsigned vcpu, struct transport *t, const struct tdesc *d);
void regfile_free(struct regfile *f);

/* The vCPU is about to run: what is cached is void. */
void regfile_drop(struct regfile *f);

/*
 * Have these registers in the cache, by as few ioctls as the transport can: those of the list that are not there yet are one
 * batch. A register that cannot be read is left out; reading it says why.
 */
void regfile_prefetch(struct regfile *f, const unsigned *regs, unsigned n);

/* The register's size, or -errno: -ENOENT no such register, -ENOSPC cap too small, or what the kernel said. */
ssize_t regfile_read(struct regfile *f, unsigned reg, void *value, size_t cap);

/* 0, or -errno: -EINVAL wrong size or a value that does not fit, -EPERM read-only, or what the kernel said. */
int regfile_write(struct regfile *f, unsigned reg, const void *value, size_t size);

/* Registers 0 .. ngeneral - 1: one batch. The size, or -errno. A write refused half way is undone. */
ssize_t regfile_read_general(struct regfile *f, void *values, size_t cap);
int regfile_write_general(struct regfile *f, const void *values, size_t size);

#endif
