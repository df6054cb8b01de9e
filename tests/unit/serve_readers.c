/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Those who do not read, and nobody who waits for them: a client over a pipe or a socket, a standard error, while the machine stands
 * and in non-stop. SIGTERM is heard, and a second client is told that it is one.
 */
#include <fcntl.h>

#include "sim_server.h"

#define READS 60

static void settle(int ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l }, NULL);
}

static void hears_sigterm(const char *who)
{
	int64_t from = clock_us();
	int status;

	kill(server_pid, SIGTERM);
	status = wait_server(PATIENCE);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM, "%s: SIGTERM is heard", who);
	printf("# after %lld ms\n", (long long)(clock_us() - from) / 1000);
}

/* Answers of 32 KiB each, which nobody takes. */
static void ask_much(struct sim_client *c)
{
	for (unsigned i = 0; i < READS; i++)
		client_say(c, "m80000000,3f00");
	settle(300);
}

static void make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC))
		abort();
}

static void test_pipe(bool non_stop)
{
	const char *who = non_stop ? "a client over a pipe, in non-stop" : "a client over a pipe";
	int to[2], from[2];
	struct sim_client *c = calloc(1, sizeof(*c));
	char answer[64];

	make_pipe(to);
	make_pipe(from);
	start_server_on("-", to[0], from[1], open("/dev/null", O_WRONLY));
	c->fd = from[0];
	dprintf(to[1], "$qSupported#37");
	ok(client_hear(c, PATIENCE), "%s is served", who);
	if (non_stop) {
		dprintf(to[1], "$QNonStop:1#8d");
		client_hear(c, PATIENCE);
	}
	for (unsigned i = 0; i < READS; i++)
		if (write(to[1], "$m80000000,3f00#1a", 18) != 18)
			abort();
	settle(500);
	ok(read(from[0], answer, sizeof(answer)) > 0, "%s has answers and does not take them", who);
	hears_sigterm(who);
	free(c);
	for (unsigned i = 0; i < 2; i++) {
		close(to[i]);
		close(from[i]);
	}
}

static void test_socket(bool non_stop)
{
	const char *who = non_stop ? "a client over a socket, in non-stop" : "a client over a socket";
	struct sim_client *deaf = calloc(1, sizeof(*deaf)), *next = calloc(1, sizeof(*next));

	start_server(2, false, NULL);
	ok(client_open(deaf, PATIENCE), "%s is served", who);
	if (non_stop)
		ok(client_ask(deaf, "QNonStop:1", PATIENCE) && client_ask(deaf, "vCont;c", PATIENCE), "... and the guest runs");
	ask_much(deaf);
	client_open(next, PATIENCE);
	ok(strstr(next->packet, "another debugger"), "%s does not read: a second one is told of it", who);
	hears_sigterm(who);
	close(deaf->fd);
	close(next->fd);
	free(deaf);
	free(next);
}

/* A pipe that is full already. */
static int full_pipe(void)
{
	static char bytes[4096];
	int fds[2];

	make_pipe(fds);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	while (write(fds[1], bytes, sizeof(bytes)) > 0)
		;
	fcntl(fds[1], F_SETFL, 0);
	return fds[1];
}

/* const8 0; const8 0; printf "xxx...\n", no arguments; end */
static void say_breakpoint(struct sim_client *c)
{
	char text[1000] = "", packet[1100];

	for (unsigned i = 0; i < 200; i++)
		strcat(text, "78");
	snprintf(packet, sizeof(packet), "Z0,80001000,4;cmds:0,Xd4,220022003400%04x%s5c6e0027", 203, text);
	client_say(c, packet);
}

static void test_stderr(bool refusals)
{
	const char *who = refusals ? "a standard error that is full of refusals" : "a standard error that is full, in non-stop";
	struct sim_client *c = calloc(1, sizeof(*c));
	char comm[sizeof(server_comm)];

	name_server();
	snprintf(comm, sizeof(comm), "unix:%s/socket", server_dir);
	unlink(comm + 5);
	start_server_on(comm, STDIN_FILENO, open("/dev/null", O_WRONLY), full_pipe());
	ok(client_open(c, PATIENCE), "%s: a client is served", who);
	if (refusals) {
		for (unsigned i = 0; i < 2000; i++)
			client_ask(c, "p7777", PATIENCE);
	} else {
		client_ask(c, "QNonStop:1", PATIENCE);
		say_breakpoint(c);
		ok(client_hear(c, PATIENCE) && !strcmp(c->packet, "OK"), "... sets a breakpoint that prints");
		client_ask(c, "vCont;c", PATIENCE);
		settle(1000);
	}
	ok(client_ask(c, "qC", PATIENCE), "... and is answered");
	hears_sigterm(who);
	close(c->fd);
	free(c);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_pipe(false);
	test_pipe(true);
	name_server();
	snprintf(server_comm, sizeof(server_comm), "unix:%s/socket", server_dir);
	test_socket(false);
	test_socket(true);
	test_stderr(false);
	test_stderr(true);
	remove_server();
	return done();
}
