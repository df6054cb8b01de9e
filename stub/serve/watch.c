/* SPDX-License-Identifier: BSD-2-Clause */
/* See watch.h. */
#include <errno.h>
#include <string.h>

#include "../machine/ops.h"
#include "../rsp/attach.h"
#include "../rsp/unasked.h"
#include "../run/baton.h"
#include "../run/threads.h"
#include "ready.h"
#include "serve.h"
#include "watch.h"

#define QUIET_LOOKS 20

/*
 * In non-stop no text can go to the client: what it is sent answers it, or is a notification. The manual forbids `O` there: gdb
 * (13) prints one that comes while it asks for nothing (remote_target::wait_ns, remote.c), and takes any other for the answer.
 */
static void watch_prints(struct server *s)
{
	char text[GUEST_TEXT_MAX + 1];

	while (threads_text(&s->machine->guest, text))
		config_print(&s->config, text);
}

/* A vCPU thread may have taken what the client said in the meantime. One that is parted from is heard to have gone. */
static bool watch_hears(struct server *s)
{
	return atomic_load(&s->parted) || (s->heard && (s->sure || readable(s->link.in, 0)));
}

/* False: the client has gone. */
static bool watch_receive(struct server *s)
{
	s->heard = false;
	return link_receive(&s->link);
}

static bool watch_can_receive(struct server *s)
{
	return s->link.queued < LINK_FULL && (s->link.broken || watch_hears(s));
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
	state = connection_digest(s);
	if (state == before && watch_can_receive(s))
		state = watch_receive(s) ? connection_digest(s) : SESSION_LOST;
	return state;
}

/* Has the client gone, or left the machine, by this state? Then its breakpoints and the like are taken out when the machine stands. */
static bool watch_gone(struct server *s, enum session_state state)
{
	if (session_is_alone(state))
		return true;
	if (state == SESSION_KILLED && !serves_list(s) && connection_ends(s, SERVER_KILLED, 0, false))
		return false;
	if (!session_is_over(state))
		return false;
	client_becomes(s, CLIENT_GOES);
	return true;
}

/* When the machine is stopped as a whole again, whoever has the baton next leaves, or goes on serving. */
static void watch_non_stop(struct server *s)
{
	enum session_state state;

	watch_prints(s);
	state = watch_input(s);
	if (!s->link.queued)
		session_event(&s->session);
	if (session_is_alone(s->session.state))
		state = s->session.state;
	if (state == SESSION_NON_STOP)
		s->awaited = link_poll(&s->link, false);
	if (watch_gone(s, state))
		s->target.ops->set_non_stop(s->target.t, false);
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
	connection_tell(s);
	return false;
}

static void watch_running(struct server *s)
{
	enum session_state state = watch_input(s);
	bool behind = state == SESSION_RUNNING && watch_text(s);

	if (state == SESSION_RUNNING)
		s->awaited = link_poll(&s->link, behind);
	if (watch_gone(s, state))
		s->target.ops->interrupt(s->target.t);
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
 * What the client says while the machine runs. A session that stands is none of the watcher's: the client has just come, and the machine
 * is being stopped.
 */
static void watch_session(struct server *s)
{
	if (atomic_load(&s->client) == CLIENT_GOES)
		return;
	if (s->session.state == SESSION_AWAY)
		watch_away(s);
	if (session_stands(s->session.state) || session_is_alone(s->session.state))
		return;
	threads_watch_steps(&s->machine->guest, now_ms());
	if (s->session.state == SESSION_NON_STOP)
		watch_non_stop(s);
	else
		watch_running(s);
}

/* In this order: a resume that begins after threads_at_rest() sees `dozing`, and wakes the watcher. */
static void watch_doze(struct server *s)
{
	s->quiet = 0;
	atomic_store(&s->wake.dozing, true);
	if (!threads_at_rest(&s->machine->guest))
		atomic_store(&s->wake.dozing, false);
}

/* Serves the client of a stopped machine. True: the client is to be heard further. */
static bool watch_packets(struct server *s)
{
	link_flush(&s->link);
	if (!serve_packets(s, s->session.state != SESSION_AWAY))
		return false;
	if (watch_can_receive(s)) {
		if (watch_receive(s))
			return serve_packets(s, true);
		serve_leave(s, false);
		return false;
	}
	return true;
}

/* The stop that no vCPU thread serves, or serves on, and the client for as long as the machine stands. */
static void watch_stopped(struct server *s)
{
	bool stays;

	if (s->holds) {
		stays = watch_packets(s);
	} else {
		if (!baton_take(&s->machine->guest))
			return;
		s->holds = true;
		stays = (s->told || serve_stop(s, false)) && watch_packets(s);
		s->told = false;
	}
	if (stays) {
		s->awaited = link_poll(&s->link, false);
		return;
	}
	serve_ended(s);
	s->holds = false;
	baton_give_back(&s->machine->guest);
}

/* True: the client waits for the first vCPU to run, and is not heard before. Should it leave, there is nothing of it in the guest. */
static bool watch_early(struct server *s)
{
	struct guest *g = &s->machine->guest;

	if (atomic_load(&s->client) != CLIENT_HERE || !threads_are_awaited(g))
		return false;
	if (link_is_cut(&s->link) && threads_await_no_more(g))
		client_becomes(s, CLIENT_LEFT);
	return true;
}

/* The machine stands, and is not served yet. Its vCPU's thread answers the client, or in non-stop the watcher has. */
static void watch_attached(struct server *s, struct machine *m)
{
	s->machine = m;
	s->target = machine_target(m);
	s->target.process = (uint32_t)s->session.wanted;
	s->target.foreign = true;
	machine_set_server(m, serve_by(s), server_notify, s);
	session_attached(&s->session, &s->target);
	if (s->session.state == SESSION_NON_STOP)
		baton_give_back(&m->guest);
	else
		threads_hand_over(&m->guest, GDB_SIGNAL_TRAP);
	wake_now(&s->wake);
}

static void watch_attaching(struct server *s)
{
	struct machine *m;
	char error[256] = "";
	int err = s->session.wanted > UINT32_MAX ? -ESRCH
						 : s->config.attach(s->config.arg, s->session.wanted, &m, error, sizeof(error));

	if (!err) {
		watch_attached(s, m);
		return;
	}
	session_not_attached(&s->session, -err, *error ? error : strerror(-err));
	wake_now(&s->wake);
}

/* The client says nothing more, or nothing that is heard: it has left. */
static void watch_input_alone(struct server *s)
{
	enum session_state state = watch_input(s);

	if (state != SESSION_ALONE && state != SESSION_ATTACHING)
		client_becomes(s, CLIENT_LEFT);
}

/* No machine is attached to: nobody but the watcher is there to hear the client. */
static void watch_alone(struct server *s)
{
	if (atomic_load(&s->client) != CLIENT_HERE)
		return;
	if (s->session.state == SESSION_ALONE)
		watch_input_alone(s);
	if (s->session.state == SESSION_ATTACHING)
		watch_attaching(s);
	else if (s->session.state == SESSION_ALONE)
		s->awaited = link_poll(&s->link, false);
}

void watch_client(struct server *s)
{
	s->awaited.fd = -1;
	if (!s->machine) {
		watch_alone(s);
		return;
	}
	if (atomic_load(&s->parts))
		return;
	if (watch_early(s))
		return;
	if (s->config.serves_self) {
		if (atomic_load(&s->client) == CLIENT_HERE && !s->config.begins)
			s->awaited = link_poll(&s->link, false);
		watch_stopped(s);
	}
	if (s->holds || !client_is_here(s))
		return;
	if (threads_watch_begin(&s->machine->guest)) {
		s->quiet = 0;
		watch_session(s);
		threads_watch_end(&s->machine->guest);
	} else if (++s->quiet > QUIET_LOOKS) {
		watch_doze(s);
	}
}

void watch_welcome(struct server *s)
{
	atomic_store(&s->wake.dozing, false);
	if (s->config.client)
		s->config.client(s->config.arg, true);
	if (s->machine)
		threads_hand_over(&s->machine->guest, GDB_SIGNAL_TRAP);
}
