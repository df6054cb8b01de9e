/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest as a whole: opened, started over, and what is said of it. */
#ifndef RUN_GUEST_H
#define RUN_GUEST_H

#include "vcpu.h"

/*
 * Over an open host, which remains the caller's: the vCPUs' register files, and the guest stands at its entry. g is all zero but for
 * host, arch, caps, transport and tdesc. 0, or -errno.
 */
int guest_open(struct guest *g);

/* No vCPU thread is in a run any more: of borrowed vCPUs. Frees what guest_open() has, not what was given to it. */
void guest_close(struct guest *g);

/* All as after guest_open(), but for the points, whose opcodes are no longer in memory. 0, or -errno, a sentence, and the end. */
int guest_start_over(struct guest *g);

/* Can it be saved now? 0, or -errno and a sentence. By the baton's holder. */
int guest_can_save(struct guest *g);

/*
 * The guest as it stands into an empty file, for --restore; by the baton's holder. 0, or -errno and a sentence in why: the file is then worth
 * nothing.
 */
int guest_save(struct guest *g, int fd);

/* The vCPU of a thread, or NULL. By any thread. */
struct vcpu *guest_vcpu(struct guest *g, unsigned thread);

/* Is it there? By any thread. */
bool vcpu_is_present(struct vcpu *v);

/* Is any vCPU to run? Is this one? Is the guest over? Is each vCPU resumed, and stopped, by itself? By any thread. */
bool guest_running(struct guest *g);
bool vcpu_runs(struct vcpu *v);
bool guest_ended(struct guest *g);
bool guest_non_stop(struct guest *g);

/* A sentence for whoever runs this guest. By any thread; nobody waits. */
__attribute__((format(printf, 2, 3))) void guest_log(struct guest *g, const char *format, ...);

/* One that says little, and comes often. */
__attribute__((format(printf, 2, 3))) void guest_log_detail(struct guest *g, const char *format, ...);

#endif
