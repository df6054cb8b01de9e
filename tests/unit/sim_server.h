/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real serve/, rsp/, machine/ and run/ over run_guest.h's guest, in a process of its own, and a client of it in this one: bytes go through a
 * Unix socket. For tests of serve/; one server at a time.
 */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"
#include "run_guest.h"
#include "serve/server.h"

static char server_dir[64], server_comm[96], server_said[96];
static pid_t server_pid;
static bool server_once; /* it is to leave with its client */
static bool server_self; /* its watcher serves a stopped machine, and vCPU threads do not, as in somebody else's program */

/* In the server's process, when the guest has been written. */
typedef void server_guest_fn(unsigned vcpus);

/* As the first time, with its run-time behaviour as it was. */
static inline void reset_guest(struct sim_host *sim)
{
	write_code();
	for (unsigned i = 0; i < sim->host.vcpus; i++)
		sim_set(sim, i, RV_PC, CODE);
}

static inline void log_self(void *arg, enum server_level level, const char *sentence)
{
	(void)arg;
	if (level != SERVER_DEBUG)
		fprintf(stderr, "%s\n", sentence);
}

static inline bool end_self(void *arg, enum server_event event, int code)
{
	*(int *)arg = code;
	return event != SERVER_LEFT || server_once;
}

/* As a program that has the server for a library. The three signals are blocked, and SIGTERM is looked for in between. */
static inline int run_server_self(struct comm *comm)
{
	const struct timespec now = { 0 };
	int code = 0;
	const struct server_config config = {
		.serves_self = true,
		.arg = &code,
		.log = log_self,
		.ends = end_self,
	};
	struct server *s;
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (server_open(&s, &rig->machine, &config) || server_listen_on(s, comm))
		return 2;
	while (!server_is_over(s)) {
		server_dispatch(s, 50);
		if (sigtimedwait(&term, NULL, &now) == SIGTERM)
			return 128 + SIGTERM;
	}
	server_close(s);
	return code;
}

static inline int run_server(unsigned vcpus, bool software, server_guest_fn *guest)
{
	const struct capabilities caps = { .step = !software, .planted = true };
	const struct program_config config = { .debug = getenv("SIM_SERVER_DEBUG"), .log = STDERR_FILENO, .once = server_once };
	char error[256];
	struct comm comm = { .listener = -1 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (strcmp(server_comm, "-") && comm_open(&comm, server_comm, error, sizeof(error)))
		return 2;
	open_machine(&arch_riscv64, vcpus, BASE, RAM, &caps, BATCH_AUTO);
	write_guest();
	rig->sim->on_reset = reset_guest;
	if (guest)
		guest(vcpus);
	if (server_self)
		return run_server_self(&comm);
	return program_serve(&rig->machine, &comm, &config);
}

static inline void name_server(void)
{
	if (!server_dir[0]) {
		snprintf(server_dir, sizeof(server_dir), "/tmp/sim_server.XXXXXX");
		if (!mkdtemp(server_dir))
			abort();
		snprintf(server_comm, sizeof(server_comm), "unix:%s/socket", server_dir);
		snprintf(server_said, sizeof(server_said), "%s/said", server_dir);
	}
}

/* What it says goes to a file. */
static inline void start_server(unsigned vcpus, bool software, server_guest_fn *guest)
{
	name_server();
	unlink(server_comm + 5);
	fflush(stdout);
	server_pid = fork();
	if (server_pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen(server_said, "w", stderr))
		abort();
	setlinebuf(stderr);
	_exit(run_server(vcpus, software, guest));
}

/* With these descriptors for its own, and nothing done about a socket that is there. */
static inline void start_server_on(const char *comm, int in, int out, int err)
{
	snprintf(server_comm, sizeof(server_comm), "%s", comm);
	fflush(stdout);
	server_pid = fork();
	if (server_pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		abort();
	_exit(run_server(2, false, NULL));
}

/* Its status as wait() has it; -1 when it has not ended after so many ms, and is killed. */
static inline int wait_server(int ms)
{
	int status = -1;

	for (int i = 0; i < ms && !waitpid(server_pid, &status, WNOHANG); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	if (status == -1) {
		kill(server_pid, SIGKILL);
		waitpid(server_pid, NULL, 0);
	}
	return status;
}

static inline void remove_server(void)
{
	unlink(server_comm + 5);
	unlink(server_said);
	rmdir(server_dir);
}

/* ---- a client ---- */

struct sim_client {
	int fd;
	int out;    /* a pipe to the server, or 0: fd is a socket */
	bool ended; /* the server has closed the connection */
	size_t have;
	char bytes[0x10000];
	char packet[0x10000]; /* the last one: its first character, if it is a notification, is % */
};

static inline int64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline void client_put(struct sim_client *c, const char *bytes, size_t n)
{
	ssize_t put = c->out ? write(c->out, bytes, n) : send(c->fd, bytes, n, MSG_NOSIGNAL);

	if (put != (ssize_t)n)
		c->ended = true;
}

static inline void client_say(struct sim_client *c, const char *payload)
{
	char frame[1024];
	uint8_t sum = 0;

	for (const char *p = payload; *p; p++)
		sum += (uint8_t)*p;
	client_put(c, frame, (size_t)snprintf(frame, sizeof(frame), "$%s#%02x", payload, sum));
}

/* The next packet that is there, into c->packet. */
static inline bool client_take(struct sim_client *c)
{
	char *from = c->bytes, *end;
	size_t skip = strspn(from, "+-"), n;

	from += skip;
	end = skip < c->have ? memchr(from, '#', c->have - skip) : NULL;
	if (!end || c->have - (size_t)(end - c->bytes) < 3)
		return false;
	n = (size_t)(end - from);
	if (*from == '$') {
		from++;
		n--;
	}
	memcpy(c->packet, from, n);
	c->packet[n] = '\0';
	c->have -= (size_t)(end + 3 - c->bytes);
	memmove(c->bytes, end + 3, c->have);
	c->bytes[c->have] = '\0';
	return true;
}

static inline bool client_hear(struct sim_client *c, int ms)
{
	int64_t until = clock_us() + (int64_t)ms * 1000;

	while (!client_take(c)) {
		struct pollfd fd = { .fd = c->fd, .events = POLLIN };
		int64_t left = until - clock_us();
		ssize_t n = 0;

		if (c->ended || left < 0)
			return false;
		if (poll(&fd, 1, (int)(left / 1000) + 1) <= 0)
			continue;
		n = read(c->fd, c->bytes + c->have, sizeof(c->bytes) - 1 - c->have);
		c->ended = n <= 0;
		c->have += n > 0 ? (size_t)n : 0;
		c->bytes[c->have] = '\0';
	}
	return true;
}

static inline bool client_ask(struct sim_client *c, const char *payload, int ms)
{
	client_say(c, payload);
	return client_hear(c, ms);
}

/* A new connection, without acknowledgements. */
static inline bool client_open(struct sim_client *c, int ms)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int64_t until = clock_us() + (int64_t)ms * 1000;

	*c = (struct sim_client){ .fd = socket(AF_UNIX, SOCK_STREAM, 0) };
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", server_comm + 5);
	while (connect(c->fd, (struct sockaddr *)&addr, sizeof(addr))) {
		if (clock_us() > until)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return client_ask(c, "qSupported:swbreak+;hwbreak+;error-message+;vContSupported+", ms) &&
	       client_ask(c, "QStartNoAckMode", ms) && !strcmp(c->packet, "OK");
}

#endif
