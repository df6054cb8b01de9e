/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connection. Who may touch it is told in run/vcpu.h: while the machine is stopped, the vCPU thread that holds the baton
 * (functions serve_*), while it runs, the watcher, which is the program's main thread (functions watch_*). `connected` passes the
 * connection between them: the watcher sets it when all the rest is ready, whoever sees the client go clears it.
 *
 * While the machine runs, the watcher waits for the client: what comes then is a Ctrl-C. It is told of a run that nobody steps in, and
 * finds another one at its next tick: to be told of each, and woken by each packet, would cost a step two thread switches. When nothing
 * has run for a while it dozes, and the next resume wakes it. In non-stop it is the watcher that serves the client.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../machine/open.h"
#include "../machine/ops.h"
#include "../rsp/session.h"
#include "../run/due.h"
#include "../run/step.h"
#include "../run/threads.h"
#include "link.h"
#include "lobby.h"
#include "log.h"
#include "ready.h"
#include "server.h"
#include "wake.h"

#define TICK_MS 50
#define QUIET_TICKS 20
#define LEAVE_TICK_MS 5 /* while somebody waits for the client to be gone */

struct server {
	struct machine *machine;
	struct comm *comm;
	const struct server_config *config;
	struct target target;
	struct session session;
	int signals;
	struct wake wake;

	struct log log;
	struct lobby lobby;

	atomic_bool connected;
	struct link link;
	bool gone; /* the watcher saw the client go; the machine is being stopped to clean up */

	unsigned quiet; /* ticks without a running machine */
	struct pollfd awaited; /* the client, when the watcher is to hear it at once */
	bool heard;	       /* it may have said something, or have gone */

	atomic_bool done;
	int status;
};

static void send_bytes(void *arg, const void *bytes, size_t n)
{
	struct server *s = arg;

	link_send(&s->link, bytes, n);
}

static void finish(struct server *s, int status)
{
	s->status = status;
	atomic_store(&s->done, true);
	wake_now(&s->wake);
}

/* How soon has the watcher to look? */
static void notify(void *arg, bool soon)
{
	struct server *s = arg;

	(soon ? wake_soon : wake_now)(&s->wake);
}

/* Before the program ends. */
static void linger(struct server *s)
{
	if (s->comm->listener >= 0)
		link_linger(&s->link);
}

static void disconnect(struct server *s)
{
	lobby_part(&s->lobby, s->link.in);
	if (s->link.out != s->link.in)
		close(s->link.out);
	atomic_store(&s->connected, false);
}

/*
 * What it has said, up to where the session's state changes. A client that does not read what it is answered is not heard, but where its
 * thread waits for it.
 */
static enum session_state digest(struct server *s)
{
	enum session_state before = s->session.state;
	size_t used = 0, n;

	do {
		n = session_input(&s->session, s->link.input + used, s->link.have - used);
		used += n;
	} while (n && s->session.state == before && s->link.queued < LINK_FULL);
	link_took(&s->link, used);
	return s->session.state;
}

/*
 * The client has left: the guest runs on if it was told to, by `detach` or because it was running, or if it ever ran. A client that
 * leaves a stopped one to come again, in another mode, finds it as it is, and so does whoever comes after one that wanted it to stay.
 */
static void serve_leave(struct server *s, bool go)
{
	struct machine *m = s->machine;
	bool stays;

	if (s->config->once || s->comm->listener < 0 || m->guest.ended) {
		linger(s);
		finish(s, m->guest.ended ? m->guest.last.code : 0);
		return;
	}
	stays = s->session.state == SESSION_DETACHED && s->session.stays_stopped;
	if (stays)
		log_line(&s->log, "the guest stays stopped, and waits for a debugger");
	machine_release(m, !stays && (go || (m->guest.started && !machine_changes_mode(m))));
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
	if (!s->session.away || s->machine->guest.ended || s->session.state != SESSION_STOPPED)
		return false;
	machine_release(s->machine, true);
	wake_now(&s->wake);
	return true;
}

/* Packets, until one of them resumes the machine or ends the session. */
static void serve_packets(struct server *s)
{
	bool heard = !s->session.away;

	for (;; heard = true) {
		switch (digest(s)) {
		case SESSION_RUNNING:
			if (s->link.have || s->link.queued || atomic_load(&s->wake.dozing))
				wake_now(&s->wake);
			return;
		case SESSION_NON_STOP:
			return;
		case SESSION_DETACHED:
			serve_leave(s, true);
			return;
		case SESSION_KILLED:
			serve_killed(s);
			return;
		case SESSION_LOST:
			serve_leave(s, false);
			return;
		case SESSION_STOPPED:
			break;
		}
		if (heard && serve_away(s))
			return;
		if (!link_receive(&s->link)) {
			serve_leave(s, false);
			return;
		}
	}
}

/* The machine stopped and no debugger is there to be told. */
static void serve_nobody(struct server *s, const struct stop *stop)
{
	if (stop->text)
		log_line(&s->log, "vCPU %u: %s", stop->thread - 1, stop->text);
	if (stop->kind == STOP_EXITED)
		finish(s, stop->code);
	else if (s->machine->guest.started)
		log_line(&s->log, "the guest is stopped and waits for a debugger");
}

/* What the guest's breakpoints have printed meanwhile, to the client's console. */
static bool tell(struct server *s)
{
	char text[GUEST_TEXT_MAX + 1];

	if (!threads_text(&s->machine->guest, text))
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
		log_line(&s->log, "%.*s", (int)strlen(text) - 1, text);
}

static void serve_stop(struct server *s)
{
	const struct stop *stop = machine_stop(s->machine);
	bool attended = atomic_load(&s->connected) && !s->session.away;

	if (due_goes_on(&s->machine->guest, attended)) {
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
	s->link.waits = true;
	while (tell(s))
		;
	session_stopped(&s->session, stop);
	step_expect(&s->machine->guest);
	if (stop->kind == STOP_EXITED && !s->session.extended) {
		linger(s);
		finish(s, stop->code);
		return;
	}
	serve_packets(s);
}

/* What was said while the guest stood is on standard error before the guest prints again. */
static void serve(void *arg)
{
	struct server *s = arg;

	serve_stop(s);
	log_drain(&s->log);
}

/*
 * In non-stop no text can go to the client: what it is sent answers it, or is a notification. The manual forbids `O` there: gdb
 * (13) prints one that comes while it asks for nothing (remote_target::wait_ns, remote.c), and takes any other for the answer.
 */
static void tell_terminal(struct server *s)
{
	char text[GUEST_TEXT_MAX + 1];

	while (threads_text(&s->machine->guest, text))
		log_text(&s->log, text);
}

/* A vCPU's thread may have taken it in the meantime. */
static bool watch_hears(struct server *s)
{
	return s->heard && readable(s->link.in, 0);
}

/*
 * What there is to be heard from the client, and as much as it takes of what it was sent. The rest is heard at the next look: what there
 * is to do besides is not to wait for one that never stops talking.
 */
static enum session_state watch_input(struct server *s)
{
	enum session_state before = s->session.state, state;

	s->link.waits = false;
	link_flush(&s->link);
	state = digest(s);
	if (state == before && s->link.queued < LINK_FULL && (s->link.broken || watch_hears(s)))
		state = link_receive(&s->link) ? digest(s) : SESSION_LOST;
	return state;
}

/* The machine is stopped as a whole again: a vCPU thread has the baton next, and leaves, or goes on serving. */
static void watch_non_stop(struct server *s)
{
	enum session_state state;

	tell_terminal(s);
	state = watch_input(s);
	if (!s->link.queued)
		session_event(&s->session);
	if (state == SESSION_NON_STOP)
		s->awaited = link_poll(&s->link, false);
	if (state == SESSION_KILLED) {
		finish(s, 0);
	} else if (state == SESSION_DETACHED || state == SESSION_LOST) {
		s->gone = true;
		s->target.ops->set_non_stop(s->target.t, false);
	}
}

/*
 * What is on its way to a client that is slow to read comes before the answer to its Ctrl-C: so text waits until there is room for much
 * more. True when it does.
 */
static bool watch_text(struct server *s)
{
	if (!threads_have_text(&s->machine->guest))
		return false;
	if (s->link.queued || !writable(s->link.out, 0))
		return true;
	tell(s);
	return false;
}

static void watch_running(struct server *s)
{
	enum session_state state = watch_input(s);
	bool behind = state == SESSION_RUNNING && watch_text(s);

	if (state == SESSION_RUNNING)
		s->awaited = link_poll(&s->link, behind);
	if (state == SESSION_KILLED) {
		finish(s, 0);
	} else if (state == SESSION_DETACHED || state == SESSION_LOST) {
		s->gone = true;
		s->target.ops->interrupt(s->target.t);
	}
}

/* One who has left, and stays connected, stops the machine by whatever is said. */
static void watch_away(struct server *s)
{
	if (watch_hears(s))
		threads_hand_over(&s->machine->guest, GDB_SIGNAL_TRAP);
	else
		s->awaited = link_poll(&s->link, false);
}

/*
 * What the client says while the machine runs. A session that is not running is none of the watcher's: its client has just come,
 * and the machine is being stopped for it.
 */
static void watch_session(struct server *s)
{
	if (s->gone)
		return;
	if (s->session.state == SESSION_STOPPED) {
		if (s->session.away)
			watch_away(s);
		return;
	}
	threads_watch_steps(&s->machine->guest, now_ms());
	if (s->session.state == SESSION_NON_STOP)
		watch_non_stop(s);
	else
		watch_running(s);
}

static void watch_client(struct server *s)
{
	s->awaited.fd = -1;
	if (!atomic_load(&s->connected))
		return;
	if (threads_watch_begin(&s->machine->guest)) {
		s->quiet = 0;
		watch_session(s);
		threads_watch_end(&s->machine->guest);
	} else if (++s->quiet > QUIET_TICKS) {
		/* In this order: a resume that begins after the question sees that it has to wake us. */
		s->quiet = 0;
		atomic_store(&s->wake.dozing, true);
		if (!threads_at_rest(&s->machine->guest))
			atomic_store(&s->wake.dozing, false);
	}
}

/* A fresh session on these descriptors; the machine is stopped for it, if it runs. */
static void watch_admit(struct server *s, int in, int out, const void *begun, size_t n)
{
	link_open(&s->link, in, out, begun, n);
	s->gone = false;
	session_init(&s->session, &s->target, send_bytes, s);
	if (s->config->debug)
		session_trace(&s->session, log_trace, &s->log);
	atomic_store(&s->wake.dozing, false);
	atomic_store(&s->connected, true);
	threads_hand_over(&s->machine->guest, GDB_SIGNAL_TRAP);
}

/* Those who have connected. True while one of them waits for the client to be gone. */
static bool watch_lobby(struct server *s)
{
	bool waiting;
	struct caller *c;

	lobby_hear(&s->lobby);
	c = lobby_next(&s->lobby, atomic_load(&s->connected), &waiting);
	if (c) {
		watch_admit(s, c->fd, c->fd, c->bytes, c->have);
		lobby_leave(&s->lobby, c);
	}
	return waiting;
}

/* Whom the watcher listens to besides those in the lobby. */
enum source {
	SIGNALS,
	WAKE_EVENT,
	WAKE_TIMER,
	LISTENER,
	CLIENT,
	SOURCES
};

static int watch(struct server *s)
{
	struct pollfd fds[SOURCES + LOBBY_CALLERS] = {
		[SIGNALS] = { .fd = s->signals, .events = POLLIN },
		[WAKE_EVENT] = { .fd = s->wake.event, .events = POLLIN },
		[WAKE_TIMER] = { .fd = s->wake.timer, .events = POLLIN },
		[LISTENER] = { .fd = s->comm->listener, .events = POLLIN },
	};
	bool leaving = false;

	while (!atomic_load(&s->done)) {
		bool ticks = atomic_load(&s->connected) && !atomic_load(&s->wake.dozing);

		fds[CLIENT] = s->awaited;
		if (poll(fds, SOURCES + lobby_poll(&s->lobby, fds + SOURCES), leaving ? LEAVE_TICK_MS : ticks ? TICK_MS : -1) < 0)
			continue;
		if (fds[SIGNALS].revents)
			return read_signal(s->signals);
		wake_heard(&s->wake, fds[WAKE_EVENT].revents, fds[WAKE_TIMER].revents);
		s->heard = fds[CLIENT].fd != s->link.in || fds[CLIENT].revents & ~POLLOUT;
		if (fds[LISTENER].revents)
			lobby_accept(&s->lobby);
		leaving = watch_lobby(s);
		watch_client(s);
	}
	return s->status;
}

static int open_sources(struct server *s)
{
	s->signals = open_signals();
	return s->signals < 0 ? s->signals : wake_open(&s->wake);
}

static void open_door(struct server *s)
{
	char text[COMM_TEXT];
	int in, out;

	comm_text(s->comm, text, sizeof(text));
	log_text(&s->log, text);
	if (s->comm->listener < 0) {
		comm_stdio(&in, &out);
		watch_admit(s, in, out, NULL, 0);
	}
}

int server_run(struct machine *m, struct comm *comm, const struct server_config *config)
{
	struct server *s = calloc(1, sizeof(*s));
	int status = 1;

	if (!s || log_open(&s->log, config->log))
		return status;
	s->machine = m;
	s->comm = comm;
	s->config = config;
	s->target = machine_target(m);
	s->awaited.fd = -1;
	lobby_open(&s->lobby, comm, &s->log);
	machine_set_server(m, serve, notify, s);
	machine_set_log(m, log_sentence, &s->log);
	if (!open_sources(s)) {
		open_door(s);
		status = watch(s);
	}
	log_drain(&s->log);
	/* Not freed: vCPU threads may still look at it, until the program ends. */
	return status;
}
