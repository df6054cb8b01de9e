/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connection. Who may touch it is told in run/machine.h: while the machine is stopped, the vCPU thread that holds the baton
 * (functions serve_*), while it runs, the watcher, which is the program's main thread (functions watch_*). `connected` passes the
 * connection between them: the watcher sets it when all the rest is ready, whoever sees the client go clears it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../rsp/session.h"
#include "server.h"

/* A client's Ctrl-C is waited for at once after a `continue`, but after a step only from the next tick on: a step is too short. */
#define TICK_MS 50
#define LINGER_MS 1000

enum source {
	FROM_SIGNAL,
	FROM_WAKEUP,
	FROM_LISTENER,
	FROM_CLIENT
};

struct server {
	struct machine *machine;
	struct comm *comm;
	const struct server_config *config;
	struct target target;
	struct session session;
	int epoll, signals, wakeup;

	atomic_bool connected;
	int in, out;
	bool gone;   /* the watcher saw the client go; the machine is being stopped to clean up */
	int refused; /* the second client, told so, until it leaves or a third one comes */
	uint8_t input[0x10000];
	size_t have;

	atomic_bool done;
	int status;
};

static void send_bytes(void *arg, const void *bytes, size_t n)
{
	struct server *s = arg;

	while (n) {
		ssize_t sent = write(s->out, bytes, n);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return; /* the next read sees that the client has gone */
		bytes = (const char *)bytes + sent;
		n -= sent;
	}
}

static void trace(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

static void finish(struct server *s, int status)
{
	s->status = status;
	atomic_store(&s->done, true);
	eventfd_write(s->wakeup, 1);
}

/* What was sent arrives before the connection is torn down: wait until the client closes its end. */
static void linger(struct server *s)
{
	struct pollfd p = { .fd = s->in, .events = POLLIN };
	char rest[256];

	if (s->comm->listener < 0)
		return;
	shutdown(s->out, SHUT_WR);
	while (poll(&p, 1, LINGER_MS) > 0 && read(s->in, rest, sizeof(rest)) > 0)
		;
}

static void disconnect(struct server *s)
{
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->in, NULL);
	close(s->in);
	if (s->out != s->in)
		close(s->out);
	atomic_store(&s->connected, false);
}

static void arm(struct server *s)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.u32 = FROM_CLIENT };

	epoll_ctl(s->epoll, EPOLL_CTL_MOD, s->in, &ev);
}

/* Bytes into the buffer; 0 when the client has gone. */
static size_t receive(struct server *s)
{
	ssize_t n;

	do
		n = read(s->in, s->input + s->have, sizeof(s->input) - s->have);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return 0;
	s->have += n;
	return n;
}

static enum session_state digest(struct server *s)
{
	size_t used = session_input(&s->session, s->input, s->have);

	memmove(s->input, s->input + used, s->have - used);
	s->have -= used;
	return s->session.state;
}

/* The client has left: the guest runs on if it was told to (`detach`), or if it ever ran. */
static void serve_leave(struct server *s, bool detached)
{
	bool last = s->config->once || s->comm->listener < 0;

	linger(s);
	if (last)
		finish(s, s->machine->ended ? s->machine->last.code : 0);
	else if (s->machine->ended)
		finish(s, s->machine->last.code);
	else
		machine_release(s->machine, detached || s->machine->started);
	disconnect(s);
	eventfd_write(s->wakeup, 1);
}

static void serve_killed(struct server *s)
{
	linger(s);
	finish(s, 0);
}

/* Packets, until one of them resumes the machine or ends the session. */
static void serve_packets(struct server *s)
{
	for (;;) {
		switch (digest(s)) {
		case SESSION_RUNNING:
			arm(s);
			return;
		case SESSION_DETACHED:
			serve_leave(s, true);
			return;
		case SESSION_KILLED:
			serve_killed(s);
			return;
		case SESSION_STOPPED:
			break;
		}
		if (!receive(s)) {
			serve_leave(s, false);
			return;
		}
	}
}

/* The machine stopped and no debugger is there to be told. */
static void serve_nobody(struct server *s, const struct stop *stop)
{
	if (stop->text)
		fprintf(stderr, "kvm-gdbserver: vCPU %u: %s\n", stop->thread - 1, stop->text);
	if (stop->kind == STOP_EXITED)
		finish(s, stop->code);
	else if (s->machine->started)
		fprintf(stderr, "kvm-gdbserver: the guest is stopped and waits for a debugger\n");
}

static void serve_stop(void *arg)
{
	struct server *s = arg;
	const struct stop *stop = machine_stop(s->machine);

	if (!atomic_load(&s->connected)) {
		serve_nobody(s, stop);
		return;
	}
	if (s->gone) {
		serve_leave(s, s->session.state == SESSION_DETACHED);
		return;
	}
	session_stopped(&s->session, stop);
	if (stop->kind == STOP_EXITED && !s->session.extended) {
		linger(s);
		finish(s, stop->code);
		return;
	}
	serve_packets(s);
}

static void watch_client(struct server *s)
{
	enum session_state state;

	if (!atomic_load(&s->connected) || !machine_watch_begin(s->machine))
		return;
	state = receive(s) ? digest(s) : SESSION_DETACHED;
	if (state == SESSION_KILLED) {
		finish(s, 0);
	} else if (state == SESSION_DETACHED) {
		s->gone = true;
		s->target.ops->interrupt(s->target.t);
	} else {
		arm(s);
	}
	machine_watch_end(s->machine);
}

/* A fresh session on these descriptors; the machine is stopped for it, if it runs. */
static void watch_admit(struct server *s, int in, int out)
{
	struct epoll_event ev = { .events = EPOLLONESHOT, .data.u32 = FROM_CLIENT };

	s->in = in;
	s->out = out;
	s->gone = false;
	s->have = 0;
	epoll_ctl(s->epoll, EPOLL_CTL_ADD, in, &ev);
	session_init(&s->session, &s->target, send_bytes, s);
	if (s->config->debug)
		session_trace(&s->session, trace, s);
	atomic_store(&s->connected, true);
	machine_hand_over(s->machine, GDB_SIGNAL_TRAP);
}

/* One debugger at a time. What the second one sends first is a packet, so this is its answer. */
static void watch_refuse(struct server *s, int fd)
{
	static const char busy[] = "+$E.another debugger is connected#98";

	if (s->refused >= 0)
		close(s->refused);
	s->refused = fd;
	if (write(fd, busy, sizeof(busy) - 1) > 0)
		shutdown(fd, SHUT_WR);
}

static void watch_listener(struct server *s)
{
	int fd = comm_accept(s->comm);

	if (fd < 0)
		return;
	if (atomic_load(&s->connected))
		watch_refuse(s, fd);
	else
		watch_admit(s, fd, fd);
}

static int watch_signal(struct server *s)
{
	struct signalfd_siginfo info;

	return read(s->signals, &info, sizeof(info)) == sizeof(info) ? 128 + (int)info.ssi_signo : 0;
}

static int add_source(struct server *s, int fd, enum source source)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = source };

	return fd < 0 ? -1 : epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static int open_sources(struct server *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC);
	s->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->epoll < 0 || add_source(s, s->signals, FROM_SIGNAL) || add_source(s, s->wakeup, FROM_WAKEUP))
		return -errno;
	if (s->comm->listener >= 0 && add_source(s, s->comm->listener, FROM_LISTENER))
		return -errno;
	return 0;
}

static int watch(struct server *s)
{
	while (!atomic_load(&s->done)) {
		struct epoll_event ev;
		eventfd_t count;
		int n = epoll_wait(s->epoll, &ev, 1, atomic_load(&s->connected) ? TICK_MS : -1);

		if (n == 0 && atomic_load(&s->connected))
			arm(s);
		if (n <= 0)
			continue;
		switch ((enum source)ev.data.u32) {
		case FROM_SIGNAL:
			return watch_signal(s);
		case FROM_WAKEUP:
			eventfd_read(s->wakeup, &count);
			break;
		case FROM_LISTENER:
			watch_listener(s);
			break;
		case FROM_CLIENT:
			watch_client(s);
			break;
		}
	}
	return s->status;
}

int server_run(struct machine *m, struct comm *comm, const struct server_config *config)
{
	struct server *s = calloc(1, sizeof(*s));
	int status = 1;

	if (!s)
		return status;
	s->machine = m;
	s->comm = comm;
	s->config = config;
	s->target = machine_target(m);
	s->refused = -1;
	machine_set_server(m, serve_stop, s);
	if (!open_sources(s)) {
		if (comm->listener < 0)
			watch_admit(s, STDIN_FILENO, STDOUT_FILENO);
		status = watch(s);
	}
	/* Not freed: vCPU threads may still look at it, until the program ends. */
	return status;
}
