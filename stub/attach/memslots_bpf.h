/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory slots as the kernel has them in struct kvm. A BPF program of a dozen instructions, which is attached to nothing and
 * only run by us, copies bytes of the kernel's memory; where they lie the kernel's description of its types says (btf.h). The
 * VM is not stopped, and does not notice. Wants CAP_BPF and CAP_PERFMON, and the layout that Linux has since 5.16.
 */
#ifndef MEMSLOTS_BPF_H
#define MEMSLOTS_BPF_H

#include "../refuse.h"
#include "memslots_table.h"

/* Of vm->vm_copy, of which a copy is kept. 0, or -errno and a sentence. */
int memslots_bpf_open(const struct memslots_vm *vm, struct memslots_bpf **opened, const struct refusal *why);

/* Adds all slots to an empty table. 0, or -errno and a sentence. */
int memslots_bpf_read(struct memslots_bpf *b, struct memslots *slots, const struct refusal *why);

/* They were changed since memslots_bpf_read(); or they cannot be read any more. */
bool memslots_bpf_changed(const struct memslots_bpf *b);

/* NULL: nothing. */
void memslots_bpf_close(struct memslots_bpf *b);

#endif
