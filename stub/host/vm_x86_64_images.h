/* SPDX-License-Identifier: BSD-2-Clause */
/* What an image asks of the start on the x86-64 board, and the kinds of images that there are. */
#ifndef VM_X86_64_IMAGES_H
#define VM_X86_64_IMAGES_H

#include "load.h"
#include "vm_x86_64.h"

/* The vCPU's mode. */
enum x86_mode {
	START_LONG,
	START_PROTECTED,
	START_REAL,
	STARTS
};

struct x86_start {
	enum x86_mode mode;
	const char *described; /* of arch->modes: which code is to be expected, where that is not what the vCPU starts in; or NULL */
	uint64_t entry;
	bool first_only; /* the other vCPUs wait for INIT and SIPI */
	bool plain;	 /* cr0 is PE alone, cr4 is 0 */
	uint64_t rax, rbx;
};

/* A kind of image: the first of the table that knows a file by its bytes loads it. */
struct x86_kind {
	bool (*is)(const struct load_file *f);
	int (*load)(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why);
	bool takes_append, takes_initrd; /* --append and --initrd mean something to it */
};

/* The VM's image into RAM: what is not needed for that is left in *start. 0, or -errno and a sentence. */
int x86_load_image(struct vm *vm, struct x86_start *start, const struct refusal *why);

#endif
