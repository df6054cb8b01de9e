/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connection. Who may touch it is told in run/machine.h: while the machine is stopped, the vCPU thread that holds the baton
 * (functions serve_*), while it runs, the watcher, which is the program's main thread (functions watch_*). `connected` passes the
 * connection between them: the watcher sets it when all the rest is ready, whoever sees the client go clears it.
 *
 * While the machine runs, the watcher looks for a Ctrl-C at every tick: to be woken by each packet would cost a thread switch on
 * every step. From the second tick of the same run on, it waits for the client as well: what comes then is a Ctrl-C. When nothing
 * has run for a while it dozes, and the next resume wakes it. In non-stop it is the watcher that serves the client.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../rsp/session.h"
#include "ready.h"
#include "server.h"

#define TICK_MS 50
#define QUIET_TICKS 20
#define LINGER_MS 1000
#define UNREAD_TICKS 200 /* for a client to read what the guest's breakpoints print */
#define PATIENCE_MS 200	 /* for a client that is leaving to be gone, when the next one is there */
#define ACCEPT_RETRY 100 /* ms, when there are no descriptors left */

struct server {
	struct machine *machine;
	struct comm *comm;
	const struct server_config *config;
	struct target target;
	struct session session;
	int signals, wakeup;

	atomic_bool connected;
	int in, out;
	bool gone; /* the watcher saw the client go; the machine is being stopped to clean up */
	uint8_t input[0x10000];
	size_t have;

	unsigned unread; /* ticks since the client has room for what it is to be told */
	atomic_bool dozing;
	unsigned quiet; /* ticks without a running machine */
	unsigned run;	/* which one the last tick saw: machine_watch_begin()'s number, 0 for none */
	bool lasts;	/* ... and the tick before as well */
	atomic_int
		parting; /* a socket whose client was told good-bye: closed when the next one parts, so that the word arrives */

	atomic_bool done;
	int status;
};

/* A client that does not read is a client that has gone: what it was sent is cut off, and the next read sees the end. */
static void send_bytes(void *arg, const void *bytes, size_t n)
{
	struct server *s = arg;

	while (n) {
		ssize_t sent = write(s->out, bytes, n);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0) {
			shutdown(s->out, SHUT_RDWR);
			return;
		}
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

static void wake_watcher(struct server *s)
{
	atomic_store(&s->dozing, false);
	eventfd_write(s->wakeup, 1);
}

static void notify(void *arg)
{
	wake_watcher(arg);
}

/* Before the program ends: what was sent arrives only if the connection is not torn down under it. */
static void linger(struct server *s)
{
	int64_t end = now_ms() + LINGER_MS;
	char rest[256];

	if (s->comm->listener < 0)
		return;
	shutdown(s->out, SHUT_WR);
	while (now_ms() < end && readable(s->in, end - now_ms()) && read(s->in, rest, sizeof(rest)) > 0)
		;
}

/* The same, for a program that goes on. */
static void part(struct server *s, int fd)
{
	int before;

	shutdown(fd, SHUT_WR);
	before = atomic_exchange(&s->parting, fd);
	if (before >= 0)
		close(before);
}

static void disconnect(struct server *s)
{
	part(s, s->in);
	if (s->out != s->in)
		close(s->out);
	atomic_store(&s->connected, false);
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

/*
 * The client has left: the guest runs on if it was told to, by `detach` or because it was running, or if it ever ran. A client that
 * leaves a stopped one to come again, in another mode, finds it as it is.
 */
static void serve_leave(struct server *s, bool go)
{
	struct machine *m = s->machine;

	if (s->config->once || s->comm->listener < 0 || m->ended) {
		linger(s);
		finish(s, m->ended ? m->last.code : 0);
		return;
	}
	machine_release(m, go || (m->started && !machine_changes_mode(m)));
	disconnect(s);
}

static void serve_killed(struct server *s)
{
	linger(s);
	finish(s, 0);
}

/*
 * A client that has detached and stays connected is heard while the machine runs, as if nobody were there: what it says has stopped
 * it, and when that was no `attach` or `run`, the machine goes on.
 */
static bool serve_away(struct server *s)
{
	if (!s->session.away || s->machine->ended || s->session.state != SESSION_STOPPED)
		return false;
	machine_release(s->machine, true);
	wake_watcher(s);
	return true;
}

/* Packets, until one of them resumes the machine or ends the session. */
static void serve_packets(struct server *s)
{
	bool heard = !s->session.away;

	for (;; heard = true) {
		switch (digest(s)) {
		case SESSION_RUNNING:
			if (s->have || atomic_load(&s->dozing))
				wake_watcher(s);
			return;
		case SESSION_NON_STOP:
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
		if (heard && serve_away(s))
			return;
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

/* What the guest's breakpoints have printed meanwhile, to the client's console. */
static bool tell(struct server *s)
{
	char text[MACHINE_TEXT_MAX + 1];

	if (!machine_text(s->machine, text))
		return false;
	session_print(&s->session, text);
	return true;
}

/* It has begun anew and nobody is asked; whoever looks is told. */
static void serve_reset(struct server *s)
{
	static const char text[] = "the guest has reset itself and starts over\n";

	if (atomic_load(&s->connected) && !s->session.away)
		session_print(&s->session, text);
	else
		fprintf(stderr, "kvm-gdbserver: %s", text);
}

static void serve_stop(void *arg)
{
	struct server *s = arg;
	const struct stop *stop = machine_stop(s->machine);
	bool attended = atomic_load(&s->connected) && !s->session.away;

	if (machine_goes_on(s->machine, attended)) {
		serve_reset(s);
		return;
	}
	if (!atomic_load(&s->connected)) {
		serve_nobody(s, stop);
		return;
	}
	if (s->gone) {
		serve_leave(s, true);
		return;
	}
	while (tell(s))
		;
	session_stopped(&s->session, stop);
	machine_expect_step(s->machine);
	if (stop->kind == STOP_EXITED && !s->session.extended) {
		linger(s);
		finish(s, stop->code);
		return;
	}
	serve_packets(s);
}

/*
 * In non-stop no text can go to the client: what it is sent answers it, or is a notification. The manual forbids `O` there: gdb
 * (13) prints one that comes while it asks for nothing (remote_target::wait_ns, remote.c), and takes any other for the answer.
 */
static void tell_terminal(struct server *s)
{
	char text[MACHINE_TEXT_MAX + 1];

	while (machine_text(s->machine, text))
		fputs(text, stderr);
}

/* The machine is stopped as a whole again: a vCPU thread has the baton next, and leaves, or goes on serving. */
static void watch_non_stop(struct server *s)
{
	enum session_state state;

	tell_terminal(s);
	do {
		state = digest(s);
		if (state == SESSION_NON_STOP && readable(s->in, 0))
			state = receive(s) ? digest(s) : SESSION_DETACHED;
	} while (state == SESSION_NON_STOP && readable(s->in, 0));
	session_event(&s->session);
	if (state == SESSION_KILLED) {
		finish(s, 0);
	} else if (state == SESSION_DETACHED) {
		s->gone = true;
		s->target.ops->set_non_stop(s->target.t, false);
	}
}

/* A client that does not read is not waited for: a Ctrl-C of its, and other clients, are heard. It has gone when it stays so. */
static void watch_text(struct server *s)
{
	if (writable(s->out)) {
		tell(s);
		s->unread = 0;
	} else if (++s->unread > UNREAD_TICKS) {
		shutdown(s->out, SHUT_RDWR);
	}
}

/*
 * What the client says while the machine runs. A session that is not running is none of the watcher's: its client has just come,
 * and the machine is being stopped for it.
 */
static void watch_session(struct server *s)
{
	enum session_state state;

	if (s->session.away && readable(s->in, 0))
		machine_hand_over(s->machine, GDB_SIGNAL_TRAP);
	if (s->gone || s->session.state == SESSION_STOPPED)
		return;
	if (s->session.state == SESSION_NON_STOP) {
		machine_watch_steps(s->machine, now_ms());
		watch_non_stop(s);
		return;
	}
	watch_text(s);
	machine_watch_steps(s->machine, now_ms());
	state = digest(s);
	if (state == SESSION_RUNNING && readable(s->in, 0))
		state = receive(s) ? digest(s) : SESSION_DETACHED;
	if (state == SESSION_KILLED) {
		finish(s, 0);
	} else if (state == SESSION_DETACHED) {
		s->gone = true;
		s->target.ops->interrupt(s->target.t);
	}
}

static void watch_client(struct server *s)
{
	unsigned run;

	if (!atomic_load(&s->connected))
		return;
	run = machine_watch_begin(s->machine);
	s->lasts = run && run == s->run;
	s->run = run;
	if (run) {
		s->quiet = 0;
		watch_session(s);
		machine_watch_end(s->machine);
	} else if (++s->quiet > QUIET_TICKS) {
		/* In this order: a resume that begins after the question sees that it has to wake us. */
		s->quiet = 0;
		atomic_store(&s->dozing, true);
		if (!machine_at_rest(s->machine))
			atomic_store(&s->dozing, false);
	}
}

/* A fresh session on these descriptors; the machine is stopped for it, if it runs. */
static void watch_admit(struct server *s, int in, int out)
{
	s->in = in;
	s->out = out;
	s->gone = false;
	s->have = 0;
	s->unread = 0;
	session_init(&s->session, &s->target, send_bytes, s);
	if (s->config->debug)
		session_trace(&s->session, trace, s);
	atomic_store(&s->dozing, false);
	atomic_store(&s->connected, true);
	machine_hand_over(s->machine, GDB_SIGNAL_TRAP);
}

/* One debugger at a time. What the second one sends first is a packet, so this is its answer. */
static void watch_refuse(struct server *s, int fd)
{
	static const char busy[] = "+$E.another debugger is connected#98";

	if (write(fd, busy, sizeof(busy) - 1) < 0)
		perror("kvm-gdbserver: refusing a second debugger");
	part(s, fd);
}

/* The one before may be on its way out: an IDE that reconnects is not to be told that it is in its own way. */
static bool watch_for_leave(struct server *s)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (atomic_load(&s->connected) && now_ms() < end) {
		watch_client(s);
		poll(NULL, 0, 5);
	}
	return !atomic_load(&s->connected);
}

static void watch_listener(struct server *s)
{
	int fd = comm_accept(s->comm);

	if (fd < 0)
		poll(NULL, 0, ACCEPT_RETRY);
	else if (watch_for_leave(s))
		watch_admit(s, fd, fd);
	else
		watch_refuse(s, fd);
}

static int watch_signal(struct server *s)
{
	struct signalfd_siginfo info;

	return read(s->signals, &info, sizeof(info)) == sizeof(info) ? 128 + (int)info.ssi_signo : 1;
}

static int watch(struct server *s)
{
	struct pollfd fds[] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->wakeup, .events = POLLIN },
		{ .fd = s->comm->listener, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	eventfd_t count;

	while (!atomic_load(&s->done)) {
		bool ticks = atomic_load(&s->connected) && !atomic_load(&s->dozing);

		fds[3].fd = ticks && (s->lasts || machine_is_non_stop(s->machine)) ? s->in : -1;
		if (poll(fds, 4, ticks ? TICK_MS : -1) < 0)
			continue;
		if (fds[0].revents)
			return watch_signal(s);
		if (fds[1].revents)
			eventfd_read(s->wakeup, &count);
		if (fds[2].revents)
			watch_listener(s);
		watch_client(s);
	}
	return s->status;
}

static int open_sources(struct server *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC);
	s->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return s->signals < 0 || s->wakeup < 0 ? -errno : 0;
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
	s->parting = -1;
	machine_set_server(m, serve_stop, notify, s);
	if (!open_sources(s)) {
		if (comm->listener < 0)
			watch_admit(s, STDIN_FILENO, STDOUT_FILENO);
		status = watch(s);
	}
	/* Not freed: vCPU threads may still look at it, until the program ends. */
	return status;
}
