/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RAM of a VM of our own: where it is for the guest and for us. Once the guest has run it is reached by system calls only,
 * so that a page that cannot be had is an errno, and no signal.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../refuse.h"

#define RAM_PIECES 2 /* the most that any of our machines has: x86-64 leaves a hole below 4 GiB */

struct ram_piece {
	uint64_t gpa, size;
	uint8_t *hva; /* NULL: not mapped */
};

struct ram {
	pid_t self; /* asked for once: getpid() is a system call */
	unsigned n;
	struct ram_piece piece[RAM_PIECES];
};

/* Maps the pieces, whose gpa and size are set: zeroes, taken from the system when they are touched. 0, or -errno. */
int ram_map(struct ram *ram, const struct refusal *why);

/* Unmaps what is mapped and leaves no pieces. */
void ram_unmap(struct ram *ram);

/* The piece that holds all of [gpa, gpa + len), or NULL. */
const struct ram_piece *ram_find(const struct ram *ram, uint64_t gpa, uint64_t len);

/* Bytes in all pieces. */
uint64_t ram_size(const struct ram *ram);

/* Our address of gpa, with *len cut to the end of its piece; NULL when gpa is not RAM. */
uint8_t *ram_at(const struct ram *ram, uint64_t gpa, size_t *len);

/*
 * How many bytes, up to the end of the piece or to a page of it that cannot be had; -EFAULT when gpa is not RAM, -EIO when its page
 * cannot be had, or another -errno.
 */
ssize_t ram_read(const struct ram *ram, uint64_t gpa, void *buf, size_t len);
ssize_t ram_write(const struct ram *ram, uint64_t gpa, const void *buf, size_t len);

/* A number that is another one when any of these bytes has been changed. The guest has not run. */
uint64_t ram_sum(const struct ram *ram, uint64_t gpa, size_t len);

/* As in "0x0..0xc0000000 and 0x100000000..0x140000000". */
void ram_describe(const struct ram *ram, char *text, size_t size);

#endif
