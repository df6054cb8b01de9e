/* SPDX-License-Identifier: BSD-2-Clause */
/* See serve.h. */
#include <string.h>

#include "../rsp/unasked.h"
#include "../run/baton.h"
#include "../run/due.h"
#include "../run/step.h"
#include "serve.h"

/* Of a list: the watcher leaves the machine, when this thread has given the baton back. */
static void serve_part(struct server *s)
{
	machine_release(s->machine, false);
	atomic_store(&s->parts, true);
	wake_now(&s->wake);
}

/* Of a list, the owner is asked when the machine has been left. */
static bool serve_parts(struct server *s)
{
	if (serves_list(s))
		serve_part(s);
	return serves_list(s);
}

/*
 * The guest runs on if the client said so by `detach`, if it was running, or if it ever ran. It stays as it is for a client that leaves
 * a stopped guest to come again in another mode, and when the client wanted it to stay.
 */
void serve_leave(struct server *s, bool go)
{
	struct machine *m = s->machine;
	bool stays;

	if (serve_parts(s)) {
		client_becomes(s, CLIENT_LEFT);
		return;
	}
	if (connection_ends(s, m->guest.ended ? SERVER_EXITED : SERVER_LEFT, m->guest.ended ? m->guest.last.code : 0, true))
		return;
	stays = s->session.state == SESSION_DETACHED_STOPPED && !atomic_load(&s->parted);
	if (stays)
		config_log(&s->config, SERVER_INFO, "the guest stays stopped, and waits for a debugger");
	machine_release(m, !stays && (go || atomic_load(&s->parted) || (m->guest.started && !machine_changes_mode(m))));
	client_becomes(s, CLIENT_LEFT);
}

/* The owner of the server need not let the guest end. */
static void serve_killed(struct server *s)
{
	if (!serve_parts(s)) {
		if (connection_ends(s, SERVER_KILLED, 0, true))
			return;
		machine_release(s->machine, true);
	}
	client_becomes(s, CLIENT_LEFT);
}

/*
 * A client that has detached and stays connected is heard while the machine runs as if nobody were there. What this client says stops the
 * machine; when it was no `attach` or `run`, the machine goes on.
 */
static bool serve_away(struct server *s)
{
	if (s->machine->guest.ended)
		return false;
	machine_release(s->machine, true);
	wake_now(&s->wake);
	return true;
}

bool serve_packets(struct server *s, bool more)
{
	switch (connection_digest(s)) {
	case SESSION_RUNNING:
		if (s->link.have || s->link.queued || atomic_load(&s->wake.dozing))
			wake_now(&s->wake);
		return false;
	case SESSION_NON_STOP:
		return false;
	case SESSION_DETACHED:
	case SESSION_DETACHED_STOPPED:
		serve_leave(s, true);
		return false;
	case SESSION_KILLED:
		serve_killed(s);
		return false;
	case SESSION_LOST:
		serve_leave(s, false);
		return false;
	case SESSION_AWAY:
		return !(more && serve_away(s));
	case SESSION_ALONE:
	case SESSION_ATTACHING:
		serve_part(s);
		return false;
	case SESSION_STOPPED:
		break;
	}
	return true;
}

/* The machine stopped and no debugger is there to be told. */
static void serve_nobody(struct server *s, const struct stop *stop)
{
	if (stop->text)
		config_log(&s->config, SERVER_INFO, "vCPU %u: %s", stop->thread - 1, stop->text);
	if (stop->kind == STOP_EXITED)
		connection_ends(s, SERVER_EXITED, stop->code, false);
	else if (s->machine->guest.started)
		config_log(&s->config, SERVER_INFO, "the guest is stopped and waits for a debugger");
}

static bool is_attended(const struct server *s)
{
	return client_is_here(s) && s->session.state != SESSION_AWAY;
}

/* The guest has begun anew and nobody is asked; whoever looks is told. */
static void serve_reset(struct server *s)
{
	static const char text[] = "the guest has reset itself and starts over\n";

	if (is_attended(s))
		session_print(&s->session, text);
	else
		config_log(&s->config, SERVER_INFO, "%.*s", (int)strlen(text) - 1, text);
}

/* The guest's end is the session's, unless the client wants to stay. */
static bool serve_exit(struct server *s, int code)
{
	if (session_is_alone(s->session.state)) {
		serve_part(s);
		return false;
	}
	if (s->session.extended)
		return true;
	if (!connection_ends(s, SERVER_EXITED, code, true)) {
		machine_release(s->machine, false);
		client_becomes(s, CLIENT_LEFT);
	}
	return false;
}

bool serve_stop(struct server *s, bool waits)
{
	const struct stop *stop = machine_stop(s->machine);

	if (due_goes_on(&s->machine->guest, is_attended(s))) {
		serve_reset(s);
		return false;
	}
	if (!client_is_here(s)) {
		serve_nobody(s, stop);
		return false;
	}
	if (atomic_load(&s->client) == CLIENT_GOES) {
		serve_leave(s, true);
		return false;
	}
	if (session_is_alone(s->session.state)) {
		serve_part(s);
		return false;
	}
	s->link.waits = waits;
	while (connection_tell(s))
		;
	session_stopped(&s->session, stop);
	step_expect(&s->machine->guest);
	return stop->kind != STOP_EXITED || serve_exit(s, stop->code);
}

void serve_ended(struct server *s)
{
	if (s->config.resuming)
		s->config.resuming(s->config.arg);
}

static void serve_client(struct server *s)
{
	bool more = s->session.state != SESSION_AWAY;

	for (; serve_packets(s, more); more = true) {
		if (!link_receive(&s->link)) {
			serve_leave(s, false);
			return;
		}
	}
}

enum served serve(void *server, bool waits)
{
	struct server *s = server;

	(void)waits;
	if (serve_stop(s, true))
		serve_client(s);
	serve_ended(s);
	return SERVED;
}

/* On a thread that is somebody else's. What it does not do is left in the link, for the watcher. */

static bool work_begins(struct server *s)
{
	s->quick = s->config.begins(s->config.arg);
	return s->quick;
}

static void work_ends(struct server *s)
{
	s->quick = false;
	s->config.ends_work(s->config.arg);
}

/* The client is told of the stop. True: it is to be heard further. */
static bool home_begins(struct server *s)
{
	s->told = true;
	return serve_stop(s, false) && serve_packets(s, s->session.state != SESSION_AWAY);
}

static void home_ends(struct server *s)
{
	serve_ended(s);
	s->told = false;
}

/* True: the client is to be heard further. */
static bool home_receives(struct server *s)
{
	if (link_receive(&s->link))
		return serve_packets(s, true);
	serve_leave(s, false);
	return false;
}

static enum served home_does(struct server *s, bool (*what)(struct server *s))
{
	bool stays, left;

	if (!work_begins(s))
		return SERVED_ELSEWHERE;
	stays = what(s);
	left = s->link.have || s->link.queued;
	if (!stays)
		home_ends(s);
	work_ends(s);
	if (!stays)
		return SERVED;
	return left ? SERVED_ELSEWHERE : SERVED_SO_FAR;
}

/* The first client's first stop takes the vCPUs' description, which takes time. */
enum served serve_at_home(void *server, bool waits)
{
	struct server *s = server;
	enum served served = SERVED_SO_FAR;

	if (!s->machine->described)
		return SERVED_ELSEWHERE;
	if (!s->told)
		served = home_does(s, home_begins);
	while (served == SERVED_SO_FAR && waits)
		served = baton_await(&s->machine->guest, s->link.in) ? home_does(s, home_receives) : SERVED_ELSEWHERE;
	return served;
}

serve_fn *serve_by(const struct server *s)
{
	if (s->config.begins)
		return serve_at_home;
	return s->config.serves_self ? NULL : serve;
}
