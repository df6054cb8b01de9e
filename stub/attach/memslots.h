/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the memory of another process's guest is: KVM's memory slots, which it tells nobody. Whoever may use BPF reads them
 * in the kernel (memslots_bpf.h). Who has no more than the right to trace the process asks for slots that KVM refuses, and
 * learns from how it refuses them (memslots_queries.h). Of a VMM that was started here its own calls were seen (memslots_seen.h). Or the user
 * knows.
 *
 * What is found are the slots of KVM's address space 0. x86 has a second one, which a vCPU sees only in system management
 * mode: it is not read. Slots that KVM makes for itself, as the page of x86's APIC, are left out.
 */
#ifndef MEMSLOTS_H
#define MEMSLOTS_H

#include "../refuse.h"
#include "memslots_table.h"

/*
 * Finds them all, in place of those that were found before; what was opened then is used again. The VM must be the same one.
 * By one thread at a time. 0; or -ENXIO and a sentence, there are none yet; or another -errno and a sentence that says what each
 * way wants, and the slots are as they were.
 */
int memslots_find(const struct memslots_vm *vm, struct memslots *slots, const struct refusal *why);

/*
 * Adds the slot that the user tells: GPA:SIZE:HVA, as in 0x40000000:128M:0x7f3200000000. Numbers as in C; SIZE may have K, M,
 * G or T behind it. 0; or a sentence and -EINVAL, -EEXIST or -ENOMEM.
 */
int memslots_parse(const char *text, struct memslots *slots, const struct refusal *why);

/*
 * They are others now than they were found to be: one cheap look into the kernel, whatever the vCPUs do. False also when
 * there is no way to tell: the slots were found by queries, or told. By one thread at a time, as memslots_find().
 */
bool memslots_changed(const struct memslots *slots);

/* Frees the table, closes what was opened, and leaves it empty. */
void memslots_free(struct memslots *slots);

#endif
