/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM of our own in a file, to go on from there as often as one likes. The file: a header of a page; the state (state.h); and, at a
 * multiple of 64 KiB, RAM, slot after slot, with holes where it is zero. It is read by the program that wrote it, or one of the same format's
 * number, on a computer of the same architecture: no format to keep things in. Every file that is read is hostile.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "host.h"
#include "state.h"
#include "ram.h"

struct vm_config;

#define SNAPSHOT_MODE 16

/* A file that was found to be one, open. */
struct snapshot {
	const char *path;
	int fd; /* -1: none */
	uint32_t vcpus;
	uint64_t memory;	  /* as struct vm_config has it */
	char mode[SNAPSHOT_MODE]; /* of arch->modes, as host.mode was, or empty */
	uint64_t ram_at, ram_size, state_at, state_size;
};

/* 0, or -errno and a sentence that begins with the path. The path is the caller's, and outlives it. */
int snapshot_open(struct snapshot *p, const char *path, const struct refusal *why);
void snapshot_close(struct snapshot *p);

/*
 * The slots' bytes, in place of whatever they hold: what the file has as a hole is zeroes. The guest has not run. -EINVAL: the slots are of
 * another size.
 */
int snapshot_load_ram(const struct snapshot *p, const struct ram *ram, const struct refusal *why);

/* The state's bytes, for *s, to be freed by state_free(). */
int snapshot_load_state(const struct snapshot *p, struct state *s, const struct refusal *why);

/*
 * All of it into an empty file, which is the caller's, also when that fails. hide is for each piece of RAM before it is written. p has vcpus,
 * memory and mode, and the rest is filled in.
 */
int snapshot_write(struct snapshot *p, int fd, const struct ram *ram, const struct state *s, host_hide_fn *hide, void *arg,
	const struct refusal *why);

#endif
