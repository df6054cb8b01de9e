/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ELF core file of a whole machine, as /proc/vmcore is one: RAM, and for each vCPU the notes that a debugger takes registers from, and
 * notes of ours with all that KVM has of it. Knows no file and no kernel: whoever calls says which addresses RAM is seen at.
 */
#ifndef CORE_H
#define CORE_H

#include "../sparse.h"
#include "machine.h"

#define CORE_SEGMENTS_MAX 60000 /* PN_XNUM is 65535 */

/* Virtual addresses at which these bytes of RAM are seen; without any, va is pa. */
struct core_segment {
	uint64_t va, pa, size;
};

struct core_sink {
	/* 0 or -errno, with a sentence in guest.why, which ends it. What is not written is zero. */
	sparse_write_fn *write;
	/* So many bytes of RAM are done. The same. */
	int (*progress)(void *arg, uint64_t done, uint64_t all);
	void *arg;
};

struct core_result {
	uint64_t ram, unread; /* bytes; those that could not be had are zero in the file */
	unsigned vcpus;
};

/*
 * Of a machine that stands. A segment whose RAM is none is left out. info: what the VMCOREINFO note is to have, or NULL. 0, or -errno and a
 * sentence.
 */
int core_write(struct machine *m, const struct core_segment *segments, unsigned n, const char *info, size_t info_size,
	const struct core_sink *sink, struct core_result *result);

#endif
