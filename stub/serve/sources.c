/* SPDX-License-Identifier: BSD-2-Clause */
/* See sources.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "sources.h"

/* So many at a look: what is more is ready at the next one. */
#define LOOK 16

_Static_assert(
	POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLHUP == EPOLLHUP && POLLERR == EPOLLERR, "epoll's events are poll's");

int sources_open(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int sources_add(int sources, int fd, enum source kind, short events, bool again)
{
	struct epoll_event event = { .events = (uint32_t)events | (kind == SOURCE_EVENT ? EPOLLET : 0), .data.u32 = kind };

	return epoll_ctl(sources, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

void sources_remove(int sources, int fd)
{
	epoll_ctl(sources, EPOLL_CTL_DEL, fd, NULL);
}

void sources_ready(int sources, short ready[SOURCES], int wait_ms)
{
	struct epoll_event events[LOOK];
	int n = epoll_wait(sources, events, LOOK, wait_ms);

	memset(ready, 0, SOURCES * sizeof(*ready));
	for (int i = 0; i < n; i++)
		ready[events[i].data.u32] |= (short)events[i].events;
}
