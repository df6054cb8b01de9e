/* SPDX-License-Identifier: BSD-2-Clause */
/* A small VM of our own, with the memory map of QEMU's machines, for an ELF image (or a Linux Image of arm64 or riscv64). */
#ifndef VM_H
#define VM_H

#include "host.h"

/* More than any KVM has (x86: 4096). How many there can be here, opening the VM says. */
#define VM_VCPUS_MAX 4096

struct vm_config {
	unsigned vcpus;
	uint64_t memory;    /* bytes of RAM */
	const char *image;  /* NULL: the VM starts empty */
	const char *initrd; /* for a Linux Image, or NULL */
	const char *append; /* its command line, or NULL */
	const char *mode;   /* of arch->modes: how a VM without an image starts; NULL: in the first */
	int console;	    /* the guest's console output is written to this fd */
};

/* The machine, stopped at its entry; or NULL and one sentence in error. The config's strings must outlive it. */
struct host *vm_open(const struct vm_config *config, char *error, size_t size);

/*
 * A scratch VM to find out what this host's KVM does: one vCPU, `memory` bytes of RAM at *base, no device, the vCPU as after
 * vm_open without an image. Any access outside RAM comes back as EXIT_STUCK. kvm is /dev/kvm, which remains the caller's, or -1: it is
 * opened. Signals are left as they are, handlers and masks: a kick does not end a run that is under way.
 */
struct host *vm_open_scratch(int kvm, uint64_t memory, uint64_t *base, char *error, size_t size);

#endif
