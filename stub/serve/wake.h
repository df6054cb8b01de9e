/* SPDX-License-Identifier: BSD-2-Clause */
/* How other threads wake the watcher, which sleeps in poll(). */
#ifndef SERVE_WAKE_H
#define SERVE_WAKE_H

#include <stdatomic.h>
#include <stdbool.h>

/* A run that is over so soon is none that anybody interrupts; and so long a Ctrl-C waits at most. */
#define WAKE_SOON_US 500

struct wake {
	int event, timer;   /* to be polled for POLLIN */
	atomic_bool dozing; /* the watcher sleeps until it is woken, and has no ticks */
};

/* 0 or -errno. */
int wake_open(struct wake *w);

/* At once; or in WAKE_SOON_US from now, instead of an earlier time: no thread is switched to for what does not last as long. */
void wake_now(struct wake *w);
void wake_soon(struct wake *w);

/* The watcher is awake. */
void wake_heard(struct wake *w, bool event, bool timer);

#endif
