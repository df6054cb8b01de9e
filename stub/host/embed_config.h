/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM that embed.h makes a host of, and what of its VMM may be used for that. */
#ifndef EMBED_CONFIG_H
#define EMBED_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define EMBED_VCPUS_MAX 4096 /* numbers of vCPUs are below this */

struct embed_config {
	int kvm_fd; /* /dev/kvm, which is duplicated; -1: it is opened */
	int vm_fd;  /* remains the VMM's, and open for as long as the host is */

	/* How a vCPU is called out: by kick(), with vcpu as embed_add_vcpu() had it, or else by this signal; 0: one that is free. */
	int kick_signal;
	void (*kick)(void *opaque, void *vcpu);

	/* Bit n - 1 is signal n: those that vCPU threads block and KVM_SET_SIGNAL_MASK lets in. */
	uint64_t run_signals;

	/* host_ops.reset: the VMM brings its vCPUs and memory back to their start. 0 or -errno. NULL: it cannot. */
	int (*reset)(void *opaque);

	/* As ram.h's, or NULL. */
	ssize_t (*read_memory)(void *opaque, uint64_t gpa, void *buf, size_t size);
	ssize_t (*write_memory)(void *opaque, uint64_t gpa, const void *buf, size_t size);

	void *opaque;
};

/* A thread that runs vCPUs; one that serves; one that does both. */
enum embed_thread {
	EMBED_VCPU,
	EMBED_SERVER,
	EMBED_SERVING_VCPU,
	EMBED_THREADS
};

/* The system calls, and the requests of ioctl(), of such a thread. Constant. */
const int *embed_syscalls(enum embed_thread thread, size_t *n);
const unsigned long *embed_ioctls(enum embed_thread thread, size_t *n);

#endif
