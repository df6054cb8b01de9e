/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory as a debugger takes it: guest-physical, and guest-virtual in the address space of one vCPU, page by page. arch/ translates, host/
 * moves the bytes, and what is planted is hidden from readers. Knows no machine and no thread: whoever calls sees to it that the
 * vCPU does not run, and that nobody who has other memory than the guest's own is in the guest.
 */
#ifndef MEMORY_MEMORY_H
#define MEMORY_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../arch/arch.h"
#include "../host/host.h"
#include "../refuse.h"
#include "../reg/regfile.h"
#include "planted.h"

/* What all vCPUs share. */
struct memory {
	struct host *host;
	const struct arch *arch;
	struct planted planted; /* the opcodes of breakpoints, and those of the ends of steps */
	unsigned age;		/* counts the debugger's writes, to page tables perhaps */
	struct refusal why;	/* takes the sentence of what is refused */
};

/* Where pages were found to be, for as long as neither the vCPU's registers nor any memory change. */
#define SEEN_PAGES 4

struct seen_pages {
	unsigned regs_age, memory_age;
	unsigned n, next;
	struct {
		uint64_t va;
		struct arch_page page;
	} page[SEEN_PAGES];
};

/* The address space of one vCPU, by its registers and page tables. */
struct space {
	struct memory *memory;
	struct regfile *regs;
	struct seen_pages seen;
};

/* As target.h's read_mem and write_mem, and the same of guest-physical memory. */
ssize_t memory_read(struct space *s, uint64_t addr, void *buf, size_t len);
int memory_write(struct space *s, uint64_t addr, const void *buf, size_t len);
ssize_t memory_read_phys(struct memory *m, uint64_t pa, void *buf, size_t len);
int memory_write_phys(struct memory *m, uint64_t pa, const void *buf, size_t len);
int memory_translate(struct space *s, uint64_t addr, struct arch_page *page);

/* The same on the vCPU's own thread while others run: the sentence is the caller's, or nobody's (NULL). */
ssize_t memory_peek(struct space *s, uint64_t addr, void *buf, size_t len);
int memory_find(struct space *s, uint64_t addr, struct arch_page *page, const struct refusal *why);

/* It is not known where any memory is: why, one sentence. NULL: it is, as far as it was asked for. */
const char *memory_unknown(const struct memory *m);

/* Others run, and may change the page tables: where pages were found to be is not known any more. */
void memory_forget(struct space *s);

/* Where the vCPU's next instruction is, as the others take addresses: on x86 that may not be its pc. 0 when it cannot be read. */
uint64_t memory_of_pc(struct space *s);

#endif
