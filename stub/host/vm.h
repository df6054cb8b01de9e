/* SPDX-License-Identifier: BSD-2-Clause */
/* A small VM of our own, with the memory map of QEMU's machines, for an ELF image (or a Linux Image of arm64 or riscv64). */
#ifndef VM_H
#define VM_H

#include "host.h"
#include "vm_config.h"

/* The machine, stopped at its entry; or NULL and one sentence in error. The config's strings must outlive it. */
struct host *vm_open(const struct vm_config *config, char *error, size_t size);

/*
 * A scratch VM to find out what this host's KVM does: one vCPU, `memory` bytes of RAM at *base, no device, the vCPU as after
 * vm_open without an image. Any access outside RAM comes back as EXIT_STUCK. kvm is /dev/kvm, which remains the caller's, or -1: it is
 * opened. Signals are left as they are, handlers and masks: a kick does not end a run that is under way.
 */
struct host *vm_open_scratch(int kvm, uint64_t memory, uint64_t *base, char *error, size_t size);

#endif
