/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM of our own, saved to a file and restored from one. */
#ifndef SAVE_H
#define SAVE_H

#include "vm_arch.h"

/* As host_ops.save. */
int vm_save(struct host *h, int fd, host_hide_fn *hide, void *arg, char *error, size_t size);

/* A VM that has just been started gets what vm->snapshot has. 0, or -errno and a sentence. */
int save_restore(struct vm *vm, const struct refusal *why);

#endif
