/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A debugger that does one thing again and again, against any server of gdb's protocol:
 *
 *   client count SERVER step|step+p|step+g|step+all|pause N
 *                                                 steps, each with its stop reply; or with a register behind it, the general
 *                                                 ones, or all of the vCPU's, in words; or Ctrl-Cs
 *   client count SERVER break TYPE KIND A B N     N times: Z, continue, stop reply, z; at A and B in turn
 *   client count SERVER hit TYPE KIND ADDRESS N   N times, with a breakpoint that stays: continue, stop reply
 *   client count SERVER line START N              N times: over a line of a hundred instructions from START on
 *   client time ROUNDS MILLISECONDS COLUMN=SERVER=START...
 *   client steps ROUNDS MILLISECONDS COLUMN=SERVER...
 *   client hosts ROUNDS MILLISECONDS TYPE KIND COLUMN=SERVER=ADDRESS...
 *                                                 steps, hits, and registers
 *   client memory ROUNDS MILLISECONDS ADDRESS COLUMN=SERVER...
 *   client interrupts N COLUMN=SERVER...          how long a Ctrl-C takes, N times while the guest runs
 *   client run COLUMN=SERVER                      the guest runs to its end
 *   client saves N FILE COLUMN=SERVER             how long `monitor save FILE` takes, N times; FILE is here, too, and stays the last time
 *
 * Memory is read at ADDRESS, in packets as large as the server takes; 256 KiB from there on have a checksum, 64 MiB are searched.
 *
 * SERVER is HOST:PORT or a path. The counting is done by strace, elsewhere. For times the servers take turns, so that what disturbs
 * the machine for a while disturbs all of them; all stay connected, for the guest of a server whose client has gone may run on.
 */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rate.h"
#include "remote.h"

#define SERVERS_MAX 8
#ifdef __x86_64__
#define PC_REGISTER 0x10
#define INSN_SIZE 1
#else
#define PC_REGISTER 0x20
#define INSN_SIZE 4
#endif

#define LINE 100
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* --- what a debugger does */

static void step(void *arg)
{
	ask(arg, "vCont;s:p1.1");
	expect(arg, "TS", "a step");
}

static void step_and_ask(void *arg, const char *packet, const char *heads, const char *name)
{
	step(arg);
	ask(arg, "%s", packet);
	expect(arg, heads, name);
}

static void step_g(void *arg)
{
	step_and_ask(arg, "g", "0123456789abcdefx", "g");
}

static void step_p(void *arg)
{
	step_and_ask(arg, "p0", "0123456789abcdefx", "p");
}

static void step_all(void *arg)
{
	step_and_ask(arg, "qRcmd,726567697374657273", "O", "monitor registers");
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

/* To a breakpoint that is set, and met where the guest stands already. */
static void hit(void *arg)
{
	ask(arg, "vCont;c");
	expect(arg, "TS", "continue");
}

static void run_and_interrupt(void *arg)
{
	tell(arg, "vCont;c");
	usleep(1000);
	interrupt(arg);
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

static void set_point(struct server *s, char what, const char *type, const char *kind, uint64_t address)
{
	ask(s, "%c%s,%llx,%s", what, type, (unsigned long long)address, kind);
	expect(s, "O", "Z or z");
}

static void stop_at(struct server *s, const char *type, const char *kind, const char *address)
{
	set_point(s, 'Z', type, kind, strtoull(address, NULL, 16));
	hit(s);
	set_point(s, 'z', type, kind, strtoull(address, NULL, 16));
}

/* The first stop, wherever the guest is now, is before the loop. */
static void stop_in_turn(struct server *s, unsigned n, char **argv)
{
	stop_at(s, argv[0], argv[1], argv[2]);
	for (unsigned i = 0; i < n; i++)
		stop_at(s, argv[0], argv[1], argv[i % 2 ? 2 : 3]);
}

/* --- */

static const struct {
	const char *name;
	void (*once)(void *server);
} counted[] = { { "step", step }, { "step+p", step_p }, { "step+g", step_g }, { "step+all", step_all },
	{ "pause", run_and_interrupt }, { "line", step_line }, { "hit", hit } };

static void count(int argc, char **argv)
{
	static struct server s;
	unsigned n = atoi(argv[argc - 1]);

	open_server(&s, argv[0], argv[0]);
	s.line = strtoull(argv[2], NULL, 16);
	if (!strcmp(argv[1], "break") && argc == 7)
		stop_in_turn(&s, n, argv + 2);
	if (!strcmp(argv[1], "hit") && argc == 6)
		set_point(&s, 'Z', argv[2], argv[3], strtoull(argv[4], NULL, 16));
	for (unsigned i = 0; i < COUNT_OF(counted); i++)
		for (unsigned j = 0; j < n && !strcmp(argv[1], counted[i].name); j++)
			counted[i].once(&s);
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

/* QEMU has another command for that. */
static bool has_all(struct server *s)
{
	return strcmp(s->column, "QEMU") != 0;
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
  host_measures[] = { { "step", step, NULL, NULL }, { "step+p", step_p, NULL, NULL }, { "step+g", step_g, NULL, NULL },
	  { "step+all", step_all, NULL, has_all } },
  hit_measure[] = { { "hit", hit, NULL, NULL } },
  memory_measures[] = {
	  { "m", read_hex, hex_size, NULL },
	  { "x", read_binary, binary_size, has_binary },
	  { "crc", checksum, checked, has_checksum },
	  { "find", search, searched, has_search },
  };

#define MEASURES_MAX 4

static void time_each(unsigned rounds, unsigned ms, const struct measure *m, unsigned nm, struct server *servers, unsigned n)
{
	static struct rate rates[SERVERS_MAX][MEASURES_MAX];

	memset(rates, 0, sizeof(rates));
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

static void set_points(struct server *servers, unsigned n, char what, char **point)
{
	for (unsigned i = 0; i < n; i++)
		set_point(&servers[i], what, point[0], point[1], servers[i].line);
}

static void time_hosts(int argc, char **argv)
{
	static struct server servers[SERVERS_MAX];
	unsigned n = open_servers(servers, argv + 4, argv + argc), rounds = atoi(argv[0]), ms = atoi(argv[1]);

	time_each(rounds, ms, host_measures, COUNT_OF(host_measures), servers, n);
	set_points(servers, n, 'Z', argv + 2);
	time_each(rounds, ms, hit_measure, 1, servers, n);
	set_points(servers, n, 'z', argv + 2);
}

static void time_steps(int argc, char **argv)
{
	static struct server servers[SERVERS_MAX];
	unsigned n = open_servers(servers, argv + 2, argv + argc);

	time_each(atoi(argv[0]), atoi(argv[1]), measures, 1, servers, n);
}

/* --- Ctrl-C: from the byte to the stop reply */

static void interrupt_once(void *arg)
{
	interrupt(arg);
}

/* The guest has run for a time that is not the same each time: from least to most ms. */
static void interrupt_each(const char *name, unsigned least, unsigned most, unsigned times, struct server *servers, unsigned n)
{
	struct rate delays[SERVERS_MAX] = { 0 };

	for (unsigned i = 0; i < times && i < RATE_ROUNDS_MAX; i++)
		for (unsigned j = 0; j < n; j++) {
			tell(&servers[j], "vCont;c");
			usleep((least + (i * 37) % (most - least)) * 1000 + i * 10);
			rate_once(&delays[j], interrupt_once, &servers[j]);
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

/* --- a saved machine */

struct saving {
	struct server server;
	char command[128]; /* in hexadecimal */
};

static void save_once(void *arg)
{
	struct saving *s = arg;

	ask(&s->server, "qRcmd,%s", s->command);
}

static void save_all(int argc, char **argv)
{
	static struct saving s;
	struct rate delays = { 0 };
	char text[60];
	int n = snprintf(text, sizeof(text), "save %s", argv[1]);

	for (int i = 0; i < n && i < (int)sizeof(text) - 1; i++)
		sprintf(s.command + 2 * i, "%02x", (uint8_t)text[i]);
	if (argc > 3)
		die("saves: one server at a time");
	open_servers(&s.server, argv + 2, argv + argc);
	for (int i = 0; i < atoi(argv[0]) && i < RATE_ROUNDS_MAX; i++) {
		unlink(argv[1]);
		rate_once(&delays, save_once, &s);
		if (access(argv[1], R_OK))
			die("%s: no file comes of save %s", s.server.column, argv[1]);
	}
	rate_print_delay(&delays, s.server.column, "save");
}

/* --- a guest that ends by itself */

static void run(int argc, char **argv)
{
	static struct server s;

	if (argc > 1)
		die("run: one server at a time");
	open_servers(&s, argv, argv + argc);
	ask(&s, "vCont;c");
	expect(&s, "WX", "to the guest's end");
}

/* --- */

static const struct {
	const char *name;
	int least;
	void (*run)(int argc, char **argv);
} commands[] = {
	{ "count", 3, count },
	{ "time", 3, time_all },
	{ "hosts", 5, time_hosts },
	{ "memory", 4, time_memory },
	{ "steps", 3, time_steps },
	{ "interrupts", 2, interrupt_all },
	{ "run", 1, run },
	{ "saves", 3, save_all },
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
