/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server in the hands of a program that has other things to do: opened and closed a thousand times, listening late, parted from its
 * client in each state; and nothing of the process is touched. With an argument, the cycles alone: that is what valgrind looks at.
 */
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "sim_server.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define MANY 1000
#define WITH_CLIENT 50 /* each so many of them has a client */

static struct server *server;
static bool self;     /* the watcher serves */
static bool ends_all; /* with a kill, all is over */
static atomic_bool over;
static atomic_int clients;
static pthread_t watcher;

static void count_clients(void *arg, bool here)
{
	(void)arg;
	atomic_fetch_add(&clients, here ? 1 : -1);
}

static bool end_all(void *arg, enum server_event event, int code)
{
	(void)arg;
	(void)code;
	return event == SERVER_KILLED && ends_all;
}

static void open_server(void)
{
	const struct server_config config = { .serves_self = self, .client = count_clients, .ends = end_all };

	if (server_open(&server, &rig->machine, &config))
		abort();
}

static void *watch_server(void *arg)
{
	while (!atomic_load(&over))
		server_dispatch(server, 20);
	return arg;
}

static void start_watcher(void)
{
	atomic_store(&over, false);
	if (pthread_create(&watcher, NULL, watch_server, NULL))
		abort();
}

static void end_watcher(void)
{
	atomic_store(&over, true);
	pthread_join(watcher, NULL);
}

static void close_all(void)
{
	end_watcher();
	server_close(server);
}

/* Connected to the server by a socket that it is given. */
static bool be_client(struct sim_client *c)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		abort();
	memset(c, 0, sizeof(*c));
	c->fd = fds[0];
	return !server_serve(server, fds[1]) && client_ask(c, "qSupported:swbreak+;vContSupported+", PATIENCE) &&
	       client_ask(c, "QStartNoAckMode", PATIENCE) && !strcmp(c->packet, "OK");
}

/* The same by two pipes, before anybody watches. */
static void be_piped(struct sim_client *c)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC | O_NONBLOCK))
		abort();
	c->fd = from[0];
	c->out = to[1];
	server_talk(server, to[0], from[1]);
}

static unsigned descriptors(bool unclosed)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned n = 0;

	while ((entry = readdir(dir))) {
		int flags = entry->d_name[0] == '.' ? -1 : fcntl(atoi(entry->d_name), F_GETFD);

		n += flags >= 0 && (!unclosed || !(flags & FD_CLOEXEC));
	}
	closedir(dir);
	return n;
}

static struct sim_client *new_client(void)
{
	struct sim_client *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	return c;
}

static void drop_client(struct sim_client *c)
{
	close(c->fd);
	if (c->out)
		close(c->out);
	free(c);
}

/* One for all: its threads stay, and each server is the next one of the same machine. */
static void open_guest(void)
{
	const struct capabilities caps = { .step = true, .planted = true };

	open_machine(&arch_riscv64, 2, BASE, RAM, &caps, BATCH_AUTO);
	write_guest();
}

/* With a client, every so often, that is there when the server is closed. */
static bool cycle(unsigned n)
{
	char error[256];
	bool good = true;

	for (unsigned i = 0; i < n && good; i++) {
		struct sim_client *c = NULL;

		open_server();
		good = !server_listen(server, server_comm, error, sizeof(error)) &&
		       server_listen(server, ":0", error, sizeof(error)) > 0;
		if (good && i % WITH_CLIENT == 0) {
			c = new_client();
			start_watcher();
			good = be_client(c) && client_ask(c, "g", PATIENCE);
			end_watcher();
		}
		server_close(server);
		if (c)
			drop_client(c);
	}
	return good;
}

static void test_cycles(void)
{
	unsigned before, uninherited;

	before = descriptors(false);
	uninherited = descriptors(true);
	self = false;
	ok(cycle(MANY), "opened and closed %d times", MANY);
	self = true;
	ok(cycle(MANY), "... where the watcher serves");
	is_int(descriptors(false), before, "... no descriptor is left");
	ok(access(server_comm + 5, F_OK), "... nor the name of a socket");
	open_server();
	is_int(descriptors(true), uninherited, "no descriptor goes to a program that is executed");
	server_close(server);
	server_close(NULL);
}

/* Half of each kind. */
static void test_leaks(const char *program)
{
	char command[512], line[256];
	FILE *out;
	int status;

	snprintf(command, sizeof(command),
		"valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect "
		"--errors-for-leak-kinds=definite,indirect %s cycles 2>&1",
		program);
	if (SANITIZED || system("valgrind --version >/dev/null 2>&1")) {
		skip("serve_owner under valgrind", SANITIZED ? "a sanitizer looks at it" : "valgrind is not here");
		return;
	}
	fflush(stdout);
	out = popen(command, "r");
	while (out && fgets(line, sizeof(line), out))
		printf("# %s", line);
	status = out ? pclose(out) : -1;
	ok(!status, "valgrind: nothing is leaked, nothing wrong is touched");
}

/* A run of the simulated guest ends after some laps, and waits for a kick. */
static bool goes_on_from(uint64_t before)
{
	for (unsigned i = 0; i < PATIENCE && counted(0) == before; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return counted(0) > before;
}

enum state {
	STANDS,
	RUNS,
	NON_STOP,
	AWAY,
	STATES
};

static const char *const states[STATES] = {
	"while the guest stands",
	"while it runs",
	"in non-stop",
	"when the client has detached, and stays connected",
};

static bool bring_to(struct sim_client *c, enum state state)
{
	switch (state) {
	case STANDS:
		return client_ask(c, "Z0,80001000,4", PATIENCE);
	case RUNS:
		if (!client_ask(c, "Z0,80001000,4;X3,220027", PATIENCE))
			return false;
		client_say(c, "vCont;c");
		return true;
	case NON_STOP:
		return client_ask(c, "QNonStop:1", PATIENCE) && client_ask(c, "vCont;c", PATIENCE);
	case AWAY:
		return client_ask(c, "!", PATIENCE) && client_ask(c, "D", PATIENCE);
	case STATES:
		break;
	}
	return false;
}

static bool is_gone(struct sim_client *c)
{
	while (client_hear(c, PATIENCE))
		;
	return c->ended;
}

static void test_parting(enum state state, bool piped)
{
	struct sim_client *c = new_client();
	bool served;
	uint64_t before;

	open_server();
	if (piped)
		be_piped(c);
	start_watcher();
	served = (piped ? client_ask(c, "QStartNoAckMode", PATIENCE) : be_client(c)) && client_ask(c, "m80001000,4", PATIENCE);
	ok(served && server_attached(server) && bring_to(c, state), "a client%s, %s", piped ? " on pipes" : "", states[state]);
	before = counted(0);
	server_disconnect(server);
	ok(!server_attached(server) && atomic_load(&clients) == 0, "... is parted from%s",
		self ? ", where the watcher serves" : "");
	ok(is_gone(c), "... and knows it");
	ok(!is_planted(), "... and nothing is planted");
	ok(goes_on_from(before), "... and the guest goes on");
	drop_client(c);
	c = new_client();
	ok(be_client(c) && client_ask(c, "qC", PATIENCE), "... and the next one is served");
	client_ask(c, "D", PATIENCE);
	drop_client(c);
	close_all();
}

static int connect_port(int port)
{
	const struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (!connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

/* Nobody listens when the guest begins to run. */
static void test_late(void)
{
	struct sim_client *c = new_client();
	char error[256] = "";
	uint64_t before;
	int port;

	open_server();
	start_watcher();
	before = be_client(c) ? counted(0) : 0;
	ok(client_ask(c, "D", PATIENCE) && goes_on_from(before), "a guest that runs, and nobody listens");
	drop_client(c);
	port = server_listen(server, ":0", error, sizeof(error));
	c = new_client();
	c->fd = connect_port(port);
	ok(port > 0 && c->fd >= 0, "a place to connect is opened late");
	ok(client_ask(c, "qSupported", PATIENCE) && client_ask(c, "?", PATIENCE) && strstr(c->packet, "T05"),
		"... the guest stands for who comes");
	before = counted(0);
	ok(client_ask(c, "D", PATIENCE) && goes_on_from(before), "... and goes on when that one leaves");
	drop_client(c);
	server_unlisten(server);
	ok(connect_port(port) < 0, "... and is closed again");
	ok(server_listen(server, "nowhere", error, sizeof(error)) == -EINVAL && strstr(error, "nowhere"),
		"no address is told to be none: %s", error);
	close_all();
}

static void test_given(void)
{
	struct sim_client *c = new_client(), *second = new_client();
	int pipes[2], listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(addr);

	open_server();
	start_watcher();
	if (pipe(pipes) || bind(listener, (struct sockaddr *)&addr, size) || listen(listener, 1) ||
		getsockname(listener, (struct sockaddr *)&addr, &size))
		abort();
	is_int(server_serve(server, pipes[0]), -ENOTSOCK, "a pipe is no socket");
	close(pipes[1]);
	is_int(server_serve(server, listener), 0, "a socket that listens is taken");
	c->fd = connect_port(ntohs(addr.sin_port));
	ok(client_ask(c, "qSupported", PATIENCE), "... and its client served");
	second->fd = -1;
	is_int(server_serve(server, socket(AF_UNIX, SOCK_STREAM, 0)), -ENOTSOCK, "one that is not connected is not");
	ok(!be_client(second), "a second client is not taken");
	drop_client(second);
	drop_client(c);
	close_all();
}

/* In a process of its own: the mask stays what it is, whatever that is. */
static void test_process(void)
{
	static const mode_t masks[] = { 0, 022, 077 };
	char error[256];
	struct stat st;

	open_server();
	for (unsigned i = 0; i < 3; i++) {
		mode_t mask;

		umask(masks[i]);
		server_listen(server, server_comm, error, sizeof(error));
		mask = umask(022);
		ok(!stat(server_comm + 5, &st) && (st.st_mode & 0777) == 0600 && mask == masks[i],
			"umask %03o: the socket's mode is 0600", masks[i]);
		server_unlisten(server);
	}
	server_close(server);
}

/* A child that closes its copy: the parent's client, and who waits in the lobby, are served as before. */
static void test_fork(void)
{
	struct sim_client *c = new_client(), *waits = new_client();
	char error[256];
	int status = -1, before;
	pid_t child;

	open_server();
	server_listen(server, server_comm, error, sizeof(error));
	start_watcher();
	be_client(c);
	before = (int)descriptors(false);
	end_watcher();
	fflush(stdout);
	child = fork();
	if (!child) {
		server_close(server);
		_exit((int)descriptors(false) < before - 5 ? 0 : 1);
	}
	waitpid(child, &status, 0);
	is_int(status, 0, "a child of fork() closes its copy");
	start_watcher();
	ok(client_ask(c, "qC", PATIENCE), "... and the client is still served");
	ok(!access(server_comm + 5, F_OK), "... and the socket is where it was");
	drop_client(c);
	ok(client_open(waits, PATIENCE), "... and the next client is heard");
	drop_client(waits);
	close_all();
}

/* What is polled says when there is something to do, and nothing else. */
static void test_poll(void)
{
	struct sim_client *c = new_client();
	struct pollfd fd;
	unsigned idle = 0;

	self = true;
	open_server();
	fd = (struct pollfd){ .fd = server_fd(server), .events = POLLIN };
	for (unsigned i = 0; i < 10 && poll(&fd, 1, 0); i++)
		server_dispatch(server, 0);
	ok(!poll(&fd, 1, 50), "nothing to do, and nothing to be polled");
	start_watcher();
	be_client(c);
	end_watcher();
	client_say(c, "qC");
	ok(poll(&fd, 1, PATIENCE) == 1, "a client that has said something is");
	for (unsigned i = 0; i < 100 && idle < 3; i++) {
		bool ready = poll(&fd, 1, 100);

		idle = ready ? 0 : idle + 1;
		server_dispatch(server, 0);
	}
	is_int(idle, 3, "... and one that thinks is not");
	ok(client_hear(c, PATIENCE), "... and has its answer");
	server_close(server);
	ok(is_gone(c), "... and is parted from when the server is closed, by the thread that dispatches");
	drop_client(c);
}

/* A program that polls on is not to be told again and again that nothing is to be done. */
static void test_over(void)
{
	struct sim_client *c = new_client();
	struct pollfd fd;
	char error[256];
	int port;

	ends_all = true;
	open_server();
	port = server_listen(server, ":0", error, sizeof(error));
	start_watcher();
	ok(be_client(c) && client_ask(c, "k", PATIENCE), "a client kills the guest");
	for (unsigned i = 0; i < PATIENCE && !server_is_over(server); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	ok(server_is_over(server) && is_gone(c), "... and all is over%s", self ? ", where the watcher serves" : "");
	end_watcher();
	fd = (struct pollfd){ .fd = server_fd(server), .events = POLLIN };
	for (unsigned i = 0; i < 3 && poll(&fd, 1, 0); i++)
		server_dispatch(server, 0);
	ok(!poll(&fd, 1, 100), "... and nothing is to be done any more");
	ok(connect_port(port) < 0, "... and nobody can connect");
	server_close(server);
	drop_client(c);
	ends_all = false;
}

int main(int argc, char **argv)
{
	name_server();
	open_guest();
	if (argc > 1) {
		for (unsigned i = 0; i < 2; i++) {
			self = i;
			if (!cycle(MANY / 2))
				return 1;
		}
		remove_server();
		return 0;
	}
	test_cycles();
	test_leaks(argv[0]);
	for (unsigned i = 0; i < 2 * STATES; i++) {
		self = i >= STATES;
		test_parting(i % STATES, false);
		test_parting(i % STATES, true);
	}
	for (unsigned i = 0; i < 2; i++) {
		self = i;
		test_late();
		test_given();
		test_over();
	}
	test_process();
	test_fork();
	test_poll();
	remove_server();
	return done();
}
