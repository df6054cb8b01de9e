/* SPDX-License-Identifier: BSD-2-Clause */
/* The mappings of another process, as /proc/PID/maps and smaps tell of them to whoever may trace it. */
#ifndef MEMSLOTS_MAPS_H
#define MEMSLOTS_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct mapping {
	uint64_t start, end;
	bool readable, writable;
	bool own; /* a private mapping of a file, or one that the kernel names: hardly a guest's memory */
};

struct maps {
	unsigned n, room;
	struct mapping *at; /* by address */
};

/* All of them, to be freed by maps_free(). 0 or -errno. */
int maps_read(pid_t pid, struct maps *maps);
void maps_free(struct maps *maps);

/* How many bytes from `at` on are mapped without a gap, in mappings that may be read. */
uint64_t maps_length(const struct maps *maps, uint64_t at);

/* The lowest one that may not be written to. 0; -ENOENT, there is none; or another -errno. */
int maps_find_read_only(pid_t pid, uint64_t *start, uint64_t *end);

/* One that is mapped as a device's memory (VM_PFNMAP). 0; -ENOENT, there is none; or another -errno. */
int maps_find_device(pid_t pid, uint64_t *start, uint64_t *end);

#endif
