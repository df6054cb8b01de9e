/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between embed.c, which has the host, and embed_run.c, which has what becomes of one vCPU's runs.
 *
 * The word of a vCPU says whether its thread is inside (KVM_RUN, on its way into it or out of it), whether somebody attends, whether the
 * VMM wants it (and has asked for that), and whether it has run. While it says that it has run and nothing else, the thread may set EMBED_INSIDE by itself,
 * and take that back while there is nothing more: the fast way. Whoever attends sets EMBED_ATTENDED, and sees in the same moment
 * whether the thread is inside.
 *
 * A kick sets `kicked`, then immediate_exit, and then looks whether the thread is inside, which it signals then. The thread says that it
 * is inside, takes back the last run's immediate_exit, and then looks at `kicked`. So a kick is either seen there, or it sets
 * immediate_exit behind that, which KVM_RUN looks at when it starts; later than that the signal interrupts it.
 */
#ifndef EMBED_VCPU_H
#define EMBED_VCPU_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "embed_config.h"
#include "host.h"
#include "ram.h"

struct kvm_run;

enum embed_word {
	EMBED_INSIDE = 1 << 0,
	EMBED_ATTENDED = 1 << 1,
	EMBED_WANTED = 1 << 2, /* by embed_want() or a signal, and the VMM has not had its EINTR yet */
	EMBED_RAN = 1 << 3,
	EMBED_ASKED = 1 << 4 /* ... and by embed_want() */
};

#define CACHE_LINE_MAX 128 /* Power's */

struct embed_vcpu {
	_Alignas(CACHE_LINE_MAX) atomic_uint word;

	struct embed *host;
	unsigned nr;
	int fd;	   /* the VMM's */
	int event; /* an eventfd: to end wait() */
	struct kvm_run *run;
	size_t run_size;
	void *opaque; /* of embed_config.kick */

	atomic_bool kicked;
	atomic_bool synced; /* what KVM copied into kvm_run is still true */
	uint64_t sync;	    /* of kvm_valid_regs, what is there for us and not for the VMM; under the host's lock */

	/* Its thread's. */
	bool settling;	  /* the KVM_RUN under way is to execute nothing */
	bool answers;	  /* the last KVM_RUN failed with EINTR because the VMM had asked for that, and by no signal */
	bool copies;	  /* when it began, KVM was to leave registers in kvm_run */
	sigset_t mask;	  /* while its signals are blocked: what is blocked else */
	bool lets_in;	  /* KVM was told of that: a KVM_RUN lets in what the thread does else */
	bool looked;	  /* for signals: by a KVM_RUN since wait() has */
	unsigned vain;	  /* so many waits for a client go to sleep at once, since one that did not was in vain */
	unsigned asleep;  /* ... and so many of them still have to */
	int cancel;	  /* ... and whether it can be cancelled */
	int64_t since;	  /* it has been waiting, and has executed nothing yet: ms of CLOCK_MONOTONIC; or 0 */
	pthread_t thread; /* itself; read by others while it is inside */
};

#define EMBED_CHUNK 64

struct embed {
	struct host host;
	struct host_ops ops; /* without what the VMM cannot */
	struct embed_config config;
	int kvm, fd;
	bool syncs;	    /* KVM takes registers from kvm_run */
	int many;	    /* our module's device, or -1 */
	int signals;	    /* a signalfd of config.run_signals, or -1 */
	pthread_key_t mine; /* the vCPU that this thread runs and can be called out of */
	struct ram ram;
	pthread_mutex_t lock; /* for what follows */
	const void *told;
	size_t told_size;
	uint64_t sync; /* KVM_SYNC_* that KVM is to leave in the kvm_run of a vCPU to which somebody attends */

	/* By number, in pieces, so that none moves while others look. Added under the lock, and looked at without. */
	struct embed_vcpu *_Atomic *_Atomic chunk[EMBED_VCPUS_MAX / EMBED_CHUNK];
};

/* The vCPU of this number, or NULL. */
struct embed_vcpu *embed_find(struct host *h, unsigned nr);

/* What KVM leaves in its kvm_run is as it is to be, now that somebody attends or does not. */
void embed_sync(struct embed_vcpu *v);

/* Of host_ops. */
void embed_kick(struct host *h, unsigned nr);
int embed_wait(struct host *h, unsigned nr, int fd);
void embed_wake(struct host *h, unsigned nr);
bool embed_attend(struct host *h, unsigned nr, bool attends);
bool embed_has_run(struct host *h, unsigned nr);
bool embed_is_pending(struct host *h, unsigned nr);

#endif
