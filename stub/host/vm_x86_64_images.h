/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of images that the x86-64 board takes. */
#ifndef VM_X86_64_IMAGES_H
#define VM_X86_64_IMAGES_H

#include "load.h"
#include "vm_x86_64.h"

/* A kind of image: the first of the table that knows a file by its bytes loads it. */
struct x86_kind {
	bool (*is)(const struct load_file *f);
	int (*load)(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why);
	bool takes_append, takes_initrd; /* --append and --initrd mean something to it */
};

/* The VM's image into RAM: what is not needed for that is left in *start. 0, or -errno and a sentence. */
int x86_load_image(struct vm *vm, struct x86_start *start, const struct refusal *why);

#endif
