/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library's files have of each other: a VM, and its vCPUs, as the VMM has their handles. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#pragma GCC visibility push(default)
#include "kvmgdb.h"
#pragma GCC visibility pop

#include "host/embed.h"
#include "machine/machine.h"
#include "serve/server.h"

struct kvmgdb {
	struct machine machine; /* first: the VMM's own commands are found by it */
	struct host *host;
	struct server *server;
	struct kvmgdb_config config;

	pid_t process; /* that has opened it: a child has the memory only, and shares the descriptors */
	bool threaded;
	pthread_t thread;
	bool dispatches; /* kvmgdb_dispatch() was called, by this one: */
	pthread_t dispatcher;
	atomic_bool closing;
	atomic_bool told; /* the client was: that the guest is over */
	int wake;	  /* an eventfd: the thread is to look at closing */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool working;	  /* the server is, or the VMM has it wait: between kvmgdb_clean_begin() and _end() */
	pthread_t worker; /* ... by this thread */
	sigset_t mask;	  /* ... which else blocks these signals */
	bool cleans;	  /* kvmgdb_clean_begin() has had the server wait, which was not this thread's already */
	struct kvmgdb_vcpu *vcpus;
};

/* A vCPU. All but `next` is its own thread's. */
struct kvmgdb_vcpu {
	struct kvmgdb *gdb;
	struct kvmgdb_vcpu *next; /* guarded by gdb->lock */
	struct embed_vcpu *embed;
	struct vcpu *vcpu;
	bool slow;   /* the KVM_RUN under way is one that kvmgdb_leave() looks at */
	bool bare;   /* ... by which the VMM gets its EINTR, and nobody else needs to know */
	bool ours;   /* KVM_RUN is kvmgdb_run()'s */
	bool still;  /* signals are blocked in the KVM_RUN under way, but for KVM */
	bool unseen; /* the VMM does not know of the last KVM_RUN, in which a handler of its may have run */
};

/* Blocks all signals, and what was blocked before. In between locks may be held, which a handler of the VMM's could have to wait for. */
void own_quiet(sigset_t *before);
void own_loud(const sigset_t *before);

/*
 * Nobody else is in the server, or changes what it looks at, until own_end(), and this thread's signals are blocked. Waits for who is. False:
 * this thread is in it already, by one of the VMM's functions.
 */
bool own_begin(struct kvmgdb *gdb);
void own_end(struct kvmgdb *gdb, bool begun);

/* What there is for the server to do now. */
void own_work(struct kvmgdb *gdb);

/* A vCPU is gone. */
void own_free_vcpu(struct kvmgdb_vcpu *v);

#endif
