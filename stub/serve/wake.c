/* SPDX-License-Identifier: BSD-2-Clause */
/* See wake.h. */
#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "wake.h"

int wake_open(struct wake *w)
{
	w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return w->event < 0 || w->timer < 0 ? -errno : 0;
}

void wake_now(struct wake *w)
{
	atomic_store(&w->dozing, false);
	eventfd_write(w->event, 1);
}

void wake_soon(struct wake *w)
{
	const struct itimerspec soon = { .it_value.tv_nsec = WAKE_SOON_US * 1000 };

	atomic_store(&w->dozing, false);
	timerfd_settime(w->timer, 0, &soon, NULL);
}

void wake_heard(struct wake *w, bool event, bool timer)
{
	eventfd_t count;
	uint64_t expired;
	ssize_t n = 0;

	if (event)
		eventfd_read(w->event, &count);
	if (timer)
		n = read(w->timer, &expired, sizeof(expired));
	(void)n; /* nothing to be read: it has been set anew */
}
