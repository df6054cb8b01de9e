/* SPDX-License-Identifier: BSD-2-Clause */
/* stand-in */
#ifndef MEMSLOTS_H
#define MEMSLOTS_H
#include "host.h"
#include "../refuse.h"
struct memslot {
	unsigned id;
	uint64_t gpa, size, hva;
	uint32_t flags;
};
struct memslots {
	unsigned n;
	struct memslot *slot;
	const char *source;
};
struct memslots_vm {
	pid_t pid;
	int vm_fd;
	int vm_copy;
	unsigned page_size;
	int (*calls)(void *arg, struct host_call *calls, unsigned n);
	void *arg;
	uint64_t occupied;
};
int memslots_find(const struct memslots_vm *vm, struct memslots *slots, const struct refusal *why);
int memslots_parse(const char *text, struct memslots *slots, const struct refusal *why);
void memslots_free(struct memslots *slots);
#endif
