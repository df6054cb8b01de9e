/* SPDX-License-Identifier: BSD-2-Clause */
/* How other threads wake the watcher, which sleeps until one of its descriptors is ready; and how the watcher wakes itself. */
#ifndef SERVE_WAKE_H
#define SERVE_WAKE_H

#include <stdatomic.h>
#include <stdbool.h>

/* A run that is over so soon is none that anybody interrupts; and so long a Ctrl-C waits at most. */
#define WAKE_SOON_US 500

struct wake {
	int event, timer, tick; /* to be polled for POLLIN; the event edge-triggered */
	int tick_ms;		/* as the tick is set; 0: not at all */
	atomic_bool dozing;	/* the watcher sleeps until it is woken, and has no ticks */
};

/* 0 or -errno, and then nothing is open. */
int wake_open(struct wake *w);
void wake_close(struct wake *w);

/* By any thread. At once; or in WAKE_SOON_US from now, instead of an earlier time: no thread is switched to for what does not last as long. */
void wake_now(struct wake *w);
void wake_soon(struct wake *w);

/* By the watcher: each so many milliseconds from now on; 0: no more. */
void wake_each(struct wake *w, int ms);

/* The watcher is awake, by these. The event is not to be read: who waits for it is told of each wake_now(). */
void wake_heard(struct wake *w, bool timer, bool tick);

#endif
