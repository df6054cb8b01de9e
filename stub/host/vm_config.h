/* SPDX-License-Identifier: BSD-2-Clause */
/* What a VM of our own is to be: for whoever opens one (vm.h), and for the board (vm_arch.h). */
#ifndef VM_CONFIG_H
#define VM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

/* More than any KVM has (x86: 4096). How many there can be here, opening the VM says. */
#define VM_VCPUS_MAX 4096

#define VM_LOADS_MAX 32

/* A file that is put into memory as it is. */
struct vm_load {
	uint64_t gpa;
	const char *path;
};

struct vm_config {
	unsigned vcpus;
	uint64_t memory;		   /* bytes of RAM */
	const char *image;		   /* NULL: the VM starts empty */
	const char *bios;		   /* firmware, in the board's flash, in an image's place; or NULL */
	struct vm_load load[VM_LOADS_MAX]; /* after the image, in this order */
	unsigned nload;
	bool has_entry;	     /* where the first vCPU starts, or all that start, is not the image's to say */
	uint64_t entry;	     /* ... but this guest-physical address */
	const char *initrd;  /* for a Linux Image, or NULL */
	const char *append;  /* its command line, or NULL */
	const char *restore; /* a machine that was saved, in place of an image: vcpus and memory are its own. Or NULL */
	const char *mode;    /* of arch->modes: how a VM without an image starts; NULL: in the first */
	int console;	     /* the guest's console output is written to this fd */
};

#endif
