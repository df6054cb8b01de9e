/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are taken for images and are none for this machine: what they are, and what to do with them. */
#ifndef KNOWN_FILES_H
#define KNOWN_FILES_H

#include "load.h"

/* 0 when the file is nothing that is known; else -ENOEXEC and a sentence. machine: what this one is called. */
int known_refuse(const struct load_file *f, const char *machine, const struct refusal *why);

/* The same for firmware of x86, which is known by nothing but a jump. */
int known_refuse_firmware(const struct load_file *f, const struct refusal *why);

/*
 * Code at gpa, as far as it is executed in any case, that needs more than a guest has: EL2 or EL3, or machine mode. 0 when it does not, or
 * -ENOEXEC and a sentence.
 */
int known_refuse_arm64(const struct load_file *f, const struct ram *ram, uint64_t gpa, const struct refusal *why);
int known_refuse_riscv64(const struct load_file *f, const struct ram *ram, uint64_t gpa, const struct refusal *why);

#endif
