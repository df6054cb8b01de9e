/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Those who connect and are no debuggers: port scans, browsers, a second server. They stop no guest, change nothing, end nothing and
 * keep nobody out.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "sim_server.h"

/* What a browser can be made to send; and what others do. */
static const char *const foreign[] = {
	"GET / HTTP/1.1\r\nHost: 127.0.0.1:1234\r\nAccept: $k#6b\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 40\r\n\r\n$qSupported#37$M80000000,4:deadbeef#0a$k#6b",
	"OPTIONS / HTTP/1.1\r\nAccess-Control-Request-Method: $k#6b\r\n\r\n",
	"$k#6b / HTTP/1.1\r\nHost: x\r\n\r\n",
	"+ / HTTP/1.1\r\nHost: x\r\n\r\n$k#6b",
	"$qSupported#37$k#6b / HTTP/1.1\r\nHost: x\r\n\r\n",
	"$qSupported#37$ / HTTP/1.1\r\nHost: x\r\n\r\n#00$k#6b",
	"$ / HTTP/1.1\r\nHost: x\r\n\r\n$qSupported#37$k#6b",
	"$a# /$;x HTTP/1.1\r\n\r\n$qSupported#37$k#6b",
	"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
	"\x16\x03\x01\x02",
	"-----------------------------1\r\nContent-Disposition: form-data; name=\"$k#6b\"\r\n\r\n$k#6b\r\n",
	"\r\n",
};

#define FOREIGN (sizeof(foreign) / sizeof(*foreign))

static int call(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", server_comm + 5);
	for (unsigned i = 0; connect(fd, (struct sockaddr *)&addr, sizeof(addr)); i++) {
		if (i == PATIENCE)
			abort();
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return fd;
}

/* What the first client reads is how often the guest has been let run, three rounds at a time; then it goes, and the guest runs on. */
static int visit(void)
{
	struct sim_client *c = calloc(1, sizeof(*c));
	int rounds = -1;

	if (client_open(c, PATIENCE) && client_ask(c, "m80002000,1", PATIENCE))
		rounds = (int)strtol(c->packet, NULL, 16);
	client_ask(c, "D", PATIENCE);
	close(c->fd);
	free(c);
	return rounds;
}

/* How often vCPU 0 has been round: in the memory that its server's process shares with this one. */
static _Atomic uint64_t *laps;

static void play_and_tell(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	play(sim, vcpu, how);
	*laps = counted(0);
}

static void tell_laps(unsigned vcpus)
{
	*laps = 0;
	for (unsigned i = 0; i < vcpus; i++)
		rig->sim->vcpu[i].on_run = play_and_tell;
}

/* A visit, and then the guest has run on: one that the next visit stops before it comes to that has not been round. */
static int visit_and_leave_running(void)
{
	int rounds = visit();

	for (unsigned i = 0; i < PATIENCE && *laps != (uint64_t)rounds + LAPS; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return rounds;
}

/* Until it listens, to whoever wants to be no client of it. */
static void settle_server(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", server_comm + 5);
	for (unsigned i = 0; i < PATIENCE && (connect(fd, (struct sockaddr *)&addr, sizeof(addr)), errno != EPROTOTYPE); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	close(fd);
}

static bool is_closed(int fd)
{
	struct pollfd end = { .fd = fd, .events = POLLIN };
	char bytes[256];

	while (poll(&end, 1, PATIENCE) > 0)
		if (read(fd, bytes, sizeof(bytes)) <= 0)
			return true;
	return false;
}

static void test_foreign(void)
{
	unsigned closed = 0;
	int before, after;

	start_server(1, false, tell_laps);
	visit_and_leave_running();
	before = visit_and_leave_running();
	for (unsigned i = 0; i < FOREIGN; i++) {
		int fd = call();

		if (write(fd, foreign[i], strlen(foreign[i])) < 0)
			abort();
		closed += is_closed(fd);
		close(fd);
	}
	is_int(closed, FOREIGN, "what no debugger sends closes the connection");
	after = visit();
	ok(before > 0 && after == before + LAPS, "... and has not stopped the guest, nor changed it: %d, %d", before, after);
	kill(server_pid, SIGTERM);
	wait_server(PATIENCE);
}

/* The lines about them, and nothing in them that a terminal would obey. */
static void test_told(void)
{
	FILE *said = fopen(server_said, "r");
	char line[1024];
	unsigned lines = 0;
	bool printable = true;

	while (said && fgets(line, sizeof(line), said)) {
		lines += strstr(line, "what no debugger sends") != NULL;
		for (char *at = line; *at; at++)
			printable &= (*at >= ' ' && *at <= '~') || *at == '\n';
	}
	if (said)
		fclose(said);
	is_int(lines, FOREIGN, "... and is told of in a line each");
	ok(printable, "... that can be printed");
}

static void test_silent(void)
{
	int fds[20], before;

	start_server(1, false, tell_laps);
	visit_and_leave_running();
	before = visit_and_leave_running();
	for (unsigned i = 0; i < 20; i++)
		fds[i] = call();
	dprintf(fds[19], "+$qC#");
	dprintf(fds[18], "\003\003+");
	is_int(visit(), before + LAPS, "connections that say nothing, or no whole packet, stop no guest and keep nobody out");
	for (unsigned i = 0; i < 20; i++)
		close(fds[i]);
	kill(server_pid, SIGTERM);
	wait_server(PATIENCE);
}

static void test_once(void)
{
	struct sim_client *c = calloc(1, sizeof(*c));
	int status;

	server_once = true;
	start_server(1, false, NULL);
	server_once = false;
	ok(client_open(c, PATIENCE), "--once");
	close(c->fd);
	status = wait_server(PATIENCE);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "... is over when its client has gone");
	server_once = true;
	start_server(1, false, NULL);
	server_once = false;
	settle_server();
	for (unsigned i = 0; i < 3; i++)
		close(call());
	for (unsigned i = 0; i < 2; i++) {
		int fd = call();

		if (write(fd, foreign[i], strlen(foreign[i])) < 0)
			abort();
		is_closed(fd);
		close(fd);
	}
	ok(client_open(c, PATIENCE) && client_ask(c, "qC", PATIENCE),
		"... and not when somebody looked whether the port is open");
	close(c->fd);
	wait_server(PATIENCE);
	free(c);
}

/* The second server's socket is the first one's: it asks whether that lives, and the first one notices nothing. */
static void test_stale(void)
{
	char comm[sizeof(server_comm)];
	int before, status;
	pid_t first;

	start_server(1, false, tell_laps);
	visit_and_leave_running();
	before = visit_and_leave_running();
	first = server_pid;
	strcpy(comm, server_comm);
	start_server_on(comm, STDIN_FILENO, STDOUT_FILENO, open("/dev/null", O_WRONLY));
	status = wait_server(PATIENCE);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 2, "a socket on which somebody listens is left alone");
	is_int(visit(), before + LAPS, "... and who listens there hears nothing of it");
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
	start_server_on(comm, STDIN_FILENO, STDOUT_FILENO, open("/dev/null", O_WRONLY));
	settle_server();
	ok(visit() >= 0, "one whose server was killed is taken over");
	kill(server_pid, SIGTERM);
	wait_server(PATIENCE);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	laps = mmap(NULL, sizeof(*laps), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (laps == MAP_FAILED)
		return 1;
	test_foreign();
	test_told();
	test_silent();
	test_once();
	test_stale();
	remove_server();
	return done();
}
