/* SPDX-License-Identifier: BSD-2-Clause */
/* What a thread of ours in another process is asked to do, and its answer. See hand.h. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hand.h"
#include "proc.h"

static ssize_t await_answer(struct hand *h, void *message, size_t size)
{
	ssize_t n = -EAGAIN;

	for (unsigned looks = 0; (n == -EAGAIN && looks < HAND_ANSWER_LOOKS) || n == -EINTR; looks += n == -EAGAIN) {
		n = recv(h->socket, message, size, 0);
		n = n < 0 ? -errno : n;
		if (n != -EAGAIN)
			continue;
		if (h->nudge)
			h->nudge(h->tracer);
		else
			hand_look(h);
	}
	return n;
}

#define PASS_SIZE CMSG_SPACE(sizeof(int))

/* For the call that the message before it asks for. */
static bool pass(const struct hand *h, int fd)
{
	_Alignas(struct cmsghdr) char control[PASS_SIZE] = { 0 };
	char byte = 0;
	struct iovec v = { &byte, sizeof(byte) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(h->socket, &m, MSG_NOSIGNAL) == sizeof(byte);
}

/* The answer to another message may come first: to that of somebody who is no more. fd: a descriptor to pass, or -1. */
static int exchange(struct hand *h, void *message, size_t size, int fd)
{
	struct hand_head *head = message;
	ssize_t n;

	head->tag = ++h->tag;
	head->closes = h->given;
	if (h->socket < 0 || send(h->socket, message, size, MSG_NOSIGNAL) != (ssize_t)size || (fd >= 0 && !pass(h, fd)))
		return -EPIPE;
	do {
		n = await_answer(h, message, size);
		if (n == -EAGAIN)
			return -ETIMEDOUT;
	} while (n >= (ssize_t)sizeof(*head) && head->tag != h->tag);
	return n == (ssize_t)size ? 0 : -EPIPE;
}

/*
 * The process is stopped by a signal, and the hand with it: it goes on some time. What it has not read by then is taken out of its socket, lest it does
 * late what was said to have failed; the answer to what it has read is passed over.
 */
static bool stands(const struct hand *h)
{
	bool stopped = proc_is_stopped(h->pid, h->tid);
	int pidfd = stopped ? (int)syscall(SYS_pidfd_open, h->pid, 0) : -1;
	int theirs = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, h->theirs, 0);
	char byte;

	while (theirs >= 0 && recv(theirs, &byte, sizeof(byte), MSG_DONTWAIT) > 0)
		;
	if (theirs >= 0)
		close(theirs);
	if (pidfd >= 0)
		close(pidfd);
	return stopped;
}

static int send_and_take(struct hand *h, void *message, size_t size, int fd)
{
	int err;

	pthread_mutex_lock(&h->lock);
	err = exchange(h, message, size, fd);
	if (err && h->socket >= 0 && !(err == -ETIMEDOUT && stands(h))) {
		close(h->socket);
		h->socket = -1;
	}
	pthread_mutex_unlock(&h->lock);
	return err;
}

int hand_do(struct hand *h, void *message, size_t size)
{
	return send_and_take(h, message, size, -1);
}

int hand_give(struct hand *h, int fd)
{
	struct {
		struct hand_head head;
		struct hand_call call;
		struct msghdr m;
		struct iovec v;
		_Alignas(struct cmsghdr) char control[PASS_SIZE];
		char byte;
	} m = { .head = { .calls = 1, .size = sizeof(m) } };
	const struct cmsghdr *c = (const void *)m.control;
	int err, given;

	m.v = (struct iovec){ (void *)hand_at(h, offsetof(typeof(m), byte)), sizeof(m.byte) };
	m.m = (struct msghdr){ .msg_iov = (void *)hand_at(h, offsetof(typeof(m), v)),
		.msg_iovlen = 1,
		.msg_control = (void *)hand_at(h, offsetof(typeof(m), control)),
		.msg_controllen = sizeof(m.control) };
	m.call.call = (struct tracee_call){ .nr = SYS_recvmsg,
		.arg = { (uint64_t)h->theirs, hand_at(h, offsetof(typeof(m), m)), MSG_CMSG_CLOEXEC } };
	err = send_and_take(h, &m, sizeof(m), fd);
	if (err || m.call.result < 0)
		return err ? err : (int)m.call.result;
	if (m.m.msg_controllen < CMSG_LEN(sizeof(given)) || c->cmsg_type != SCM_RIGHTS)
		return -EMFILE;
	memcpy(&given, CMSG_DATA(c), sizeof(given));
	h->given = (uint64_t)given + 1;
	return given;
}
