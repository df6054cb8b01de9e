/* SPDX-License-Identifier: BSD-2-Clause */
/* See program.h. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach/launch.h"
#include "console.h"
#include "log.h"
#include "machine/open.h"
#include "program.h"
#include "program_multi.h"
#include "serve/server.h"

#define LOOK_MS 200 /* at a VMM that was started for this */

struct program {
	struct log log;
	bool leaves; /* with the client */
	bool lives;
	struct multi *multi;
	struct launch *launch;
	struct console *console;
	const struct files *files;
	int status;
};

static void tell(void *arg, enum server_level level, const char *sentence)
{
	struct program *p = arg;

	(level == SERVER_DEBUG ? log_trace : log_sentence)(&p->log, sentence);
}

static void print(void *arg, const char *text)
{
	struct program *p = arg;

	log_text(&p->log, text);
}

/* What was said while the guest stood is on standard error before the guest prints again. */
static void resuming(void *arg)
{
	struct program *p = arg;

	log_drain(&p->log);
}

/* Is it over with this? A VMM that was started for this is ended by a client; one that runs already is left. */
static bool is_over(const struct program *p, enum server_event event)
{
	return event == SERVER_EXITED || p->leaves || (event == SERVER_KILLED && (!p->lives || p->launch));
}

static bool ends(void *arg, enum server_event event, int code)
{
	struct program *p = arg;

	if (!is_over(p, event))
		return false;
	if (p->launch && event == SERVER_KILLED)
		launch_to_end(p->launch);
	if (p->launch && event == SERVER_LEFT)
		launch_to_live(p->launch);
	p->status = code;
	return true;
}

/* A VM of the list. */

static int attach(void *arg, uint64_t process, struct machine **m, char *error, size_t size)
{
	struct program *p = arg;
	int err = multi_attach(p->multi, process, m, error, size);

	if (!err) {
		(*m)->may_end = false;
		(*m)->files = p->files;
		machine_set_log(*m, log_sentence, log_sentence, &p->log);
	}
	return err;
}

static void detach(void *arg, struct machine *m)
{
	(void)arg;
	multi_detach(m);
}

/* Readable when the program is told to end, or a shell's user to stand or to go on. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The exit status that a shell expects then; -1: the program does not end by it. */
static int read_signal(struct program *p, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return EXIT_FAILURE;
	if (info.ssi_signo != SIGTSTP && info.ssi_signo != SIGCONT)
		return 128 + (int)info.ssi_signo;
	if (p->console)
		(info.ssi_signo == SIGTSTP ? console_suspend : console_continue)(p->console);
	return -1;
}

/*
 * O_NONBLOCK is of the open file, which a shell or a terminal shares with us: a file of our own has it, where there can be one. Sockets
 * are told with each call, and need none.
 */
static int without_waiting(int fd)
{
	struct stat st;
	char path[32];
	int own;

	if (fstat(fd, &st) || !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return own < 0 ? fd : own;
}

static void open_door(struct program *p, struct server *s, struct comm *comm)
{
	char text[160];

	if (comm->listener < 0) {
		server_talk(s, STDIN_FILENO, without_waiting(STDOUT_FILENO));
		return;
	}
	if (comm->path)
		snprintf(text, sizeof(text), "Listening on %s\n", comm->path);
	else
		snprintf(text, sizeof(text), "Listening on port %d\n", comm->port);
	log_text(&p->log, text);
	server_listen_on(s, comm);
	*comm = (struct comm){ .listener = -1 };
}

/* Its VMM may end while nobody looks; a client finds that out by itself. */
static bool is_alone(struct program *p, const struct server *s)
{
	return p->launch && !server_attached(s) && launch_is_over(p->launch);
}

/* The exit status, if it is over by this; or -1. */
static int hear_signal(struct program *p, int signals)
{
	int status = read_signal(p, signals);

	if (status >= 0 && p->launch)
		launch_to_end(p->launch);
	return status;
}

static int run(struct program *p, struct server *s, int signals)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = p->console ? console_fd(p->console) : -1, .events = POLLIN },
		{ .fd = server_fd(s), .events = POLLIN },
	};
	int status;

	while (!server_is_over(s) && !is_alone(p, s)) {
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), p->launch ? LOOK_MS : -1) < 0)
			continue;
		status = fds[0].revents ? hear_signal(p, signals) : -1;
		if (status >= 0)
			return status;
		if (fds[1].revents && !console_dispatch(p->console))
			return 0;
		server_dispatch(s, 0);
	}
	return p->status;
}

/* Of one that is there from the beginning. */
static void own_machine(struct program *p, struct machine *m)
{
	m->may_end = !p->lives || p->launch;
	m->files = p->files;
	machine_set_log(m, log_sentence, log_sentence, &p->log);
	if (p->lives && !p->launch)
		machine_go(m);
}

int program_serve(struct machine *m, struct comm *comm, const struct program_config *config)
{
	struct program *p = calloc(1, sizeof(*p));
	const struct server_config server = {
		.trace = config->debug,
		/* Whose vCPUs are paused by their VMM has threads that cannot serve. */
		.serves_self = config->multi || m->guest.host->threadless,
		.arg = p,
		.log = tell,
		.print = print,
		.resuming = resuming,
		.ends = ends,
		.foreign = config->lives && !config->launch,
		.launched = config->launch,
		.list = config->multi ? multi_list(config->multi) : NULL,
		.attach = attach,
		.detach = detach,
	};
	struct server *s;
	int status = EXIT_FAILURE, signals = open_signals();

	if (!p || signals < 0 || log_open(&p->log, config->log) || server_open(&s, m, &server))
		return status;
	p->leaves = config->once || comm->listener < 0;
	p->lives = config->lives;
	p->multi = config->multi;
	p->launch = config->launch;
	p->console = config->console;
	p->files = config->files;
	if (p->multi)
		multi_set_log(p->multi, log_sentence, &p->log);
	else
		own_machine(p, m);
	if (p->console && console_start(p->console, m->guest.host, print, p))
		return status;
	open_door(p, s, comm);
	status = run(p, s, signals);
	if (p->console)
		console_take_down(p->console);
	log_drain(&p->log);
	if (p->lives)
		server_close(s);
	else
		server_unlisten(s);
	return status;
}
