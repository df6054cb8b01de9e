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
	int err;

	w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	w->tick = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	w->tick_ms = 0;
	atomic_store(&w->dozing, false);
	if (w->event >= 0 && w->timer >= 0 && w->tick >= 0)
		return 0;
	err = -errno;
	wake_close(w);
	return err;
}

void wake_close(struct wake *w)
{
	int fds[] = { w->event, w->timer, w->tick };

	for (unsigned i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	w->event = w->timer = w->tick = -1;
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

void wake_each(struct wake *w, int ms)
{
	const struct timespec period = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };
	const struct itimerspec each = { .it_value = period, .it_interval = period };

	if (ms == w->tick_ms)
		return;
	w->tick_ms = ms;
	timerfd_settime(w->tick, 0, &each, NULL);
}

/* Where there is nothing to be read, the timer has been set anew. */
static void read_timer(int fd)
{
	uint64_t expired;
	ssize_t n = read(fd, &expired, sizeof(expired));

	(void)n;
}

void wake_heard(struct wake *w, bool timer, bool tick)
{
	if (timer)
		read_timer(w->timer);
	if (tick)
		read_timer(w->tick);
}
