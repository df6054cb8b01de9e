/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A debugger that does one thing again and again, against any server of gdb's protocol:
 *
 *   client count SERVER step|step+g N             steps, each with its stop reply; or with the general registers behind it
 *   client count SERVER break TYPE KIND A B N     N times: Z, continue, stop reply, z; at A and B in turn
 *   client count SERVER line START N              N times: over a line of a hundred instructions from START on
 *   client time ROUNDS MILLISECONDS COLUMN=SERVER=START...
 *   client steps ROUNDS MILLISECONDS COLUMN=SERVER...
 *   client memory ROUNDS MILLISECONDS ADDRESS COLUMN=SERVER...
 *   client interrupts N COLUMN=SERVER...          how long a Ctrl-C takes, N times while the guest runs
 *
 * Memory is read at ADDRESS, in packets as large as the server takes; 256 KiB from there on have a checksum, 64 MiB are searched.
 *
 * SERVER is HOST:PORT or a path. The counting is done by strace, elsewhere. For times the servers take turns, so that what disturbs
 * the machine for a while disturbs all of them; all stay connected, for the guest of a server whose client has gone may run on.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "rate.h"

#define SERVERS_MAX 8
#ifdef __x86_64__
#define PC_REGISTER 0x10
#define INSN_SIZE 1
#else
#define PC_REGISTER 0x20
#define INSN_SIZE 4
#endif

#define LINE 100
#define CONNECT_TRIES 600 /* of 100 ms: QEMU takes its time in an emulated machine */

struct server {
	const char *column;
	int fd;
	bool acks;
	unsigned packet_size;
	bool ranges; /* vCont;r */
	bool binary; /* gdb's `x` */
	uint64_t memory, line;
	char in[0x40000];
	size_t at, have;
	char reply[0x40000];
};

/* --- packets */

static void fill(struct server *s)
{
	ssize_t n = read(s->fd, s->in, sizeof(s->in));

	if (n <= 0)
		die("%s: the server has closed the connection", s->column);
	s->at = 0;
	s->have = n;
}

static int next_byte(struct server *s)
{
	if (s->at == s->have)
		fill(s);
	return s->in[s->at++];
}

/* What there is in front of the mark, or all of it; true when the mark was there. */
static bool take_up_to(struct server *s, char mark, size_t *n)
{
	const char *from = s->in + s->at, *found = memchr(from, mark, s->have - s->at);
	size_t len = found ? (size_t)(found - from) : s->have - s->at;

	if (*n + len >= sizeof(s->reply))
		die("%s: a packet that is too long", s->column);
	memcpy(s->reply + *n, from, len);
	*n += len;
	s->at += len + (found != NULL);
	return found;
}

static void write_all(struct server *s, const char *bytes, size_t n)
{
	if (write(s->fd, bytes, n) != (ssize_t)n)
		die("%s: write", s->column);
}

/* It is not taken apart: the length of a run-length encoded reply is of no interest here. */
static void receive(struct server *s)
{
	size_t n = 0;

	while (next_byte(s) != '$')
		;
	while (!take_up_to(s, '#', &n))
		fill(s);
	s->reply[n] = '\0';
	next_byte(s);
	next_byte(s);
	if (s->acks)
		write_all(s, "+", 1);
}

static void send_packet(struct server *s, const char *format, va_list ap)
{
	char packet[256];
	uint8_t sum = 0;
	int n = 1 + vsnprintf(packet + 1, sizeof(packet) - 4, format, ap);

	packet[0] = '$';
	for (int i = 1; i < n; i++)
		sum += packet[i];
	n += sprintf(packet + n, "#%02x", sum);
	write_all(s, packet, n);
}

__attribute__((format(printf, 2, 3))) static void tell(struct server *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	send_packet(s, format, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void ask(struct server *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	send_packet(s, format, ap);
	va_end(ap);
	receive(s);
}

static void expect(const struct server *s, const char *first, const char *what)
{
	errno = 0;
	if (!s->reply[0] || !strchr(first, s->reply[0]))
		die("%s: %s: %.60s", s->column, what, s->reply[0] ? s->reply : "is not supported");
}

/* --- what a debugger does */

static void step(void *arg)
{
	ask(arg, "vCont;s:p1.1");
	expect(arg, "TS", "a step");
}

static void step_g(void *arg)
{
	step(arg);
	ask(arg, "g");
	expect(arg, "0123456789abcdefx", "g");
}

/* As gdb steps over a line that calls nothing. */
static void step_line(void *arg)
{
	struct server *s = arg;
	uint64_t pc = htole64(s->line);
	char bytes[17] = "";

	for (unsigned i = 0; i < 8; i++)
		sprintf(bytes + 2 * i, "%02x", ((uint8_t *)&pc)[i]);
	ask(s, "P%x=%s", PC_REGISTER, bytes);
	expect(s, "O", "P");
	if (s->ranges)
		ask(s, "vCont;r%llx,%llx", (unsigned long long)s->line, (unsigned long long)s->line + LINE * INSN_SIZE);
	for (unsigned i = 0; i < LINE && !s->ranges; i++)
		ask(s, "vCont;s:p1.1");
	expect(s, "TS", "a line");
}

/* A server's largest answer; of `x` it has to have room for the bytes that are escaped. */
static unsigned hex_size(const struct server *s)
{
	return s->packet_size / 2;
}

static unsigned binary_size(const struct server *s)
{
	return s->packet_size / 16 * 15;
}

static void read_hex(void *arg)
{
	struct server *s = arg;

	ask(s, "m%llx,%x", (unsigned long long)s->memory, hex_size(s));
	expect(s, "0123456789abcdef", "m");
}

static void read_binary(void *arg)
{
	struct server *s = arg;

	ask(s, "x%llx,%x", (unsigned long long)s->memory, binary_size(s));
	expect(s, "b", "x");
}

#define CHECKED (256u << 10) /* gdbserver (13) takes a second for half a megabyte */
#define SEARCHED (64u << 20)

static void checksum(void *arg)
{
	struct server *s = arg;

	ask(s, "qCRC:%llx,%x", (unsigned long long)s->memory, CHECKED);
	expect(s, "C", "qCRC");
}

/* For what is not there. */
static void search(void *arg)
{
	struct server *s = arg;

	ask(s, "qSearch:memory:%llx;%x;%s", (unsigned long long)s->memory, SEARCHED, "not in the memory of this guest");
	expect(s, "0", "qSearch:memory");
}

static unsigned checked(const struct server *s)
{
	(void)s;
	return CHECKED;
}

static unsigned searched(const struct server *s)
{
	(void)s;
	return SEARCHED;
}

static void stop_at(struct server *s, const char *type, const char *kind, const char *address)
{
	ask(s, "Z%s,%s,%s", type, address, kind);
	expect(s, "O", "Z");
	ask(s, "vCont;c");
	expect(s, "TS", "continue");
	ask(s, "z%s,%s,%s", type, address, kind);
	expect(s, "O", "z");
}

/* The first stop, wherever the guest is now, is before the loop. */
static void stop_in_turn(struct server *s, unsigned n, char **argv)
{
	stop_at(s, argv[0], argv[1], argv[2]);
	for (unsigned i = 0; i < n; i++)
		stop_at(s, argv[0], argv[1], argv[i % 2 ? 2 : 3]);
}

/* --- connecting */

static int connect_unix(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

static int connect_tcp(const char *server)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	const char *colon = strrchr(server, ':');
	char host[64];
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - server) : 0, server);
	if (!colon || inet_pton(AF_INET, host, &addr.sin_addr) != 1)
		die("%s: not ADDRESS:PORT", server);
	addr.sin_port = htons(atoi(colon + 1));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

static void connect_to(struct server *s, const char *server)
{
	for (unsigned i = 0; s->fd < 0 && i < CONNECT_TRIES; i++) {
		s->fd = strchr(server, '/') ? connect_unix(server) : connect_tcp(server);
		if (s->fd < 0)
			usleep(100000);
	}
	if (s->fd < 0)
		die("%s: cannot connect to %s", s->column, server);
}

static void open_server(struct server *s, const char *column, const char *server)
{
	const char *size;

	*s = (struct server){ .column = column, .fd = -1, .acks = true };
	connect_to(s, server);
	ask(s, "qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+;binary-upload+");
	size = strstr(s->reply, "PacketSize=");
	s->packet_size = size ? strtoul(size + strlen("PacketSize="), NULL, 16) : 256;
	s->binary = strstr(s->reply, "binary-upload+");
	ask(s, "QStartNoAckMode");
	s->acks = strcmp(s->reply, "OK") != 0;
	/* QEMU takes no P from a client that does not know its registers; gdbserver (13) tells of none before a thread is selected. */
	ask(s, "Hgp0.0");
	ask(s, "qXfer:features:read:target.xml:0,100");
	ask(s, "vCont?");
	s->ranges = strstr(s->reply, ";r") != NULL;
	ask(s, "?");
	expect(s, "TS", "?");
}

/* --- */

static void count(int argc, char **argv)
{
	static struct server s;
	unsigned n = atoi(argv[argc - 1]);

	open_server(&s, argv[0], argv[0]);
	s.line = strtoull(argv[2], NULL, 16);
	if (!strcmp(argv[1], "break") && argc == 7)
		stop_in_turn(&s, n, argv + 2);
	else if (!strcmp(argv[1], "line"))
		while (n--)
			step_line(&s);
	else
		while (n--)
			(!strcmp(argv[1], "step") ? step : step_g)(&s);
}

/* COLUMN=SERVER[=LINE] each; how many. */
static unsigned open_servers(struct server *servers, char **args, char **end)
{
	unsigned n = 0;

	for (; args < end && n < SERVERS_MAX; args++, n++) {
		char *column = strsep(args, "="), *server = strsep(args, "=");

		open_server(&servers[n], column, server);
		servers[n].line = *args ? strtoull(*args, NULL, 16) : 0;
	}
	return n;
}

static bool has_binary(struct server *s)
{
	return s->binary;
}

static bool has_checksum(struct server *s)
{
	ask(s, "qCRC:%llx,1", (unsigned long long)s->memory);
	return s->reply[0] == 'C';
}

static bool has_search(struct server *s)
{
	ask(s, "qSearch:memory:%llx;1;no", (unsigned long long)s->memory);
	return s->reply[0] == '0';
}

static const struct measure {
	const char *name;
	void (*once)(void *server);
	unsigned (*bytes)(const struct server *s); /* NULL: times, not bytes, are what is told */
	bool (*has)(struct server *s);		   /* NULL: all have it */
} measures[] = { { "step", step, NULL, NULL }, { "step+g", step_g, NULL, NULL }, { "line", step_line, NULL, NULL } },
  memory_measures[] = {
	  { "m", read_hex, hex_size, NULL },
	  { "x", read_binary, binary_size, has_binary },
	  { "crc", checksum, checked, has_checksum },
	  { "find", search, searched, has_search },
  };

#define MEASURES_MAX 4
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static void time_each(unsigned rounds, unsigned ms, const struct measure *m, unsigned nm, struct server *servers, unsigned n)
{
	static struct rate rates[SERVERS_MAX][MEASURES_MAX];

	for (unsigned i = 0; i < rounds && i < RATE_ROUNDS_MAX; i++)
		for (unsigned j = 0; j < n * nm; j++)
			if (!m[j / n].has || m[j / n].has(&servers[j % n]))
				rate_round(&rates[j % n][j / n], ms, m[j / n].once, &servers[j % n]);
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < nm; j++)
			if (rates[i][j].rounds)
				rate_print(&rates[i][j], servers[i].column, m[j].name,
					m[j].bytes ? m[j].bytes(&servers[i]) / 1048576.0 : 1);
}

static void time_all(int argc, char **argv)
{
	static struct server servers[SERVERS_MAX];
	unsigned n = open_servers(servers, argv + 2, argv + argc);

	time_each(atoi(argv[0]), atoi(argv[1]), measures, COUNT_OF(measures), servers, n);
}

static void time_memory(int argc, char **argv)
{
	static struct server servers[SERVERS_MAX];
	unsigned n = open_servers(servers, argv + 3, argv + argc);

	for (unsigned i = 0; i < n; i++)
		servers[i].memory = strtoull(argv[2], NULL, 16);
	time_each(atoi(argv[0]), atoi(argv[1]), memory_measures, COUNT_OF(memory_measures), servers, n);
}

static void time_steps(int argc, char **argv)
{
	static struct server servers[SERVERS_MAX];
	unsigned n = open_servers(servers, argv + 2, argv + argc);

	time_each(atoi(argv[0]), atoi(argv[1]), measures, 1, servers, n);
}

/* --- Ctrl-C: from the byte to the stop reply */

static void interrupt(void *arg)
{
	write_all(arg, "\003", 1);
	receive(arg);
	expect(arg, "TS", "Ctrl-C");
}

/* The guest has run for a time that is not the same each time: from least to most ms. */
static void interrupt_each(const char *name, unsigned least, unsigned most, unsigned times, struct server *servers, unsigned n)
{
	struct rate delays[SERVERS_MAX] = { 0 };

	for (unsigned i = 0; i < times && i < RATE_ROUNDS_MAX; i++)
		for (unsigned j = 0; j < n; j++) {
			tell(&servers[j], "vCont;c");
			usleep((least + (i * 37) % (most - least)) * 1000 + i * 10);
			rate_once(&delays[j], interrupt, &servers[j]);
		}
	for (unsigned j = 0; j < n; j++)
		rate_print_delay(&delays[j], servers[j].column, name);
}

static void interrupt_all(int argc, char **argv)
{
	static struct server servers[SERVERS_MAX];
	unsigned times = atoi(argv[0]), n = open_servers(servers, argv + 1, argv + argc);

	interrupt_each("interrupt-soon", 0, 10, times, servers, n);
	interrupt_each("interrupt", 10, 110, times, servers, n);
}

/* --- */

static const struct {
	const char *name;
	int least;
	void (*run)(int argc, char **argv);
} commands[] = {
	{ "count", 3, count },
	{ "time", 3, time_all },
	{ "memory", 4, time_memory },
	{ "steps", 3, time_steps },
	{ "interrupts", 2, interrupt_all },
};

int main(int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name) && argc - 2 >= commands[i].least) {
			commands[i].run(argc - 2, argv + 2);
			return 0;
		}
	die("usage: see tests/bench/client.c");
}
