/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a VMM fares that kvm-gdbserver attaches to, tests/attach/victim:
 *
 *   visit attach TIMES PROGRAM PID                    from the start to "Listening"; from a client's detach until no thread of the
 *                                                     VMM's stands; from SIGTERM to the server's end
 *   visit registers TIMES VCPUS PROGRAM PID CONTROL   --registers: all of it, and how long a vCPU's exits stay away meanwhile, beside how
 *                                                     long they do when nobody comes
 *   visit exits PAIRS MILLISECONDS TYPE KIND ADDRESS PROGRAM PID CONTROL
 *                                                     exits in a second with no debugger; with one that has nothing set and lets the guest
 *                                                     run; and with a breakpoint that is not met. First these, then that, and the other way round
 *
 * PROGRAM is kvm-gdbserver, PID the VMM's, CONTROL the folder of its --control.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sched.h>
#include <unistd.h>

#include "../lib/patience.h"
#include "rate.h"
#include "remote.h"

#define SOCKET "./visit.socket"
#define COLUMN "attach"

struct visit {
	const char *program, *pid;
	FILE *ask, *answer; /* the VMM's */
	pid_t server;
	struct server client;
};

/* --- the VMM */

static void open_control(struct visit *v, const char *folder)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/ask", folder);
	v->ask = fopen(path, "r+");
	snprintf(path, sizeof(path), "%s/answer", folder);
	v->answer = fopen(path, "r+");
	if (!v->ask || !v->answer)
		die("%s", path);
}

/* One of the figures of its report: what has been since the last one. */
static double report(struct visit *v, const char *name)
{
	char line[512];
	const char *found;

	fputs("report\n", v->ask);
	fflush(v->ask);
	if (!fgets(line, sizeof(line), v->answer) || !strstr(line, "sequence=unbroken"))
		die("the VMM says: %s", line);
	found = strstr(line, name);
	return found ? atof(found + strlen(name)) : 0;
}

/* Does a thread of this VMM stand in a stop of ptrace's? */
static bool stands(const char *pid)
{
	char path[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.' && thread_state(atoi(entry->d_name)) == 't';
	if (dir)
		closedir(dir);
	return found;
}

/* --- kvm-gdbserver */

static pid_t launch(const char *const *argv, int output, int errors)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(output, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static void start_server(struct visit *v)
{
	const char *argv[] = { v->program, "--attach", "unix:" SOCKET, v->pid, NULL };
	char text[256] = "";
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		die("pipe");
	v->server = launch(argv, ends[1], ends[1]);
	close(ends[1]);
	if (read(ends[0], text, sizeof(text) - 1) <= 0 || strncmp(text, "Listening", 9) != 0)
		die("%s --attach: %s", v->program, text);
	close(ends[0]);
}

static void end_server(struct visit *v)
{
	kill(v->server, SIGTERM);
	waitpid(v->server, NULL, 0);
}

/* --- what is measured */

static void detach(struct visit *v, struct rate *r)
{
	double from;

	open_server(&v->client, COLUMN, SOCKET);
	from = rate_clock();
	tell(&v->client, "D");
	while (stands(v->pid))
		sched_yield();
	rate_add_delay(r, rate_clock() - from);
	receive(&v->client);
	expect(&v->client, "O", "D");
	close(v->client.fd);
}

static void time_attach(struct visit *v, char **argv)
{
	struct rate attach = { 0 }, parting = { 0 }, end = { 0 };
	unsigned n = atoi(argv[0]);

	v->program = argv[1];
	v->pid = argv[2];
	for (unsigned i = 0; i < n; i++) {
		double from = rate_clock();

		start_server(v);
		rate_add_delay(&attach, rate_clock() - from);
		detach(v, &parting);
		from = rate_clock();
		end_server(v);
		rate_add_delay(&end, rate_clock() - from);
	}
	rate_print_delay(&attach, COLUMN, "attach");
	rate_print_delay(&parting, COLUMN, "detach");
	rate_print_delay(&end, COLUMN, "end");
}

/* Seconds that it took. */
static double read_registers(struct visit *v, int nowhere)
{
	const char *argv[] = { v->program, "--registers", "--attach", v->pid, NULL };
	double from = rate_clock();
	int status;

	if (waitpid(launch(argv, nowhere, STDERR_FILENO), &status, 0) < 0 || status)
		die("%s --registers: status %d", v->program, status);
	return rate_clock() - from;
}

static void print_delay(struct rate *r, const char *what, const char *vcpus)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%s", what, vcpus);
	rate_print_delay(r, COLUMN, name);
}

static void time_registers(struct visit *v, char **argv)
{
	struct rate whole = { 0 }, pause = { 0 }, calm = { 0 };
	unsigned n = atoi(argv[0]);
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	v->program = argv[2];
	v->pid = argv[3];
	open_control(v, argv[4]);
	for (unsigned i = 0; i < n; i++) {
		double took;

		report(v, "gap=");
		took = read_registers(v, nowhere);
		rate_add_delay(&whole, took);
		rate_add_delay(&pause, report(v, "gap=") / 1e6);
		usleep(took * 1e6);
		rate_add_delay(&calm, report(v, "gap=") / 1e6);
	}
	print_delay(&whole, "registers", argv[1]);
	print_delay(&pause, "pause", argv[1]);
	print_delay(&calm, "calm", argv[1]);
}

static double count_exits(struct visit *v, unsigned ms)
{
	report(v, "rate=");
	usleep(ms * 1000);
	return report(v, "rate=");
}

/* point: TYPE KIND ADDRESS. */
static void count_attached(struct visit *v, unsigned ms, char **point, double *nothing_set, double *armed)
{
	start_server(v);
	open_server(&v->client, COLUMN, SOCKET);
	tell(&v->client, "vCont;c");
	*nothing_set = count_exits(v, ms);
	interrupt(&v->client);
	ask(&v->client, "Z%s,%s,%s", point[0], point[2], point[1]);
	expect(&v->client, "O", "Z");
	tell(&v->client, "vCont;c");
	*armed = count_exits(v, ms);
	interrupt(&v->client);
	ask(&v->client, "z%s,%s,%s", point[0], point[2], point[1]);
	expect(&v->client, "O", "z");
	ask(&v->client, "D");
	close(v->client.fd);
	end_server(v);
}

static void time_exits(struct visit *v, char **argv)
{
	enum {
		NATIVE,
		ATTACHED,
		ARMED,
		KINDS
	};
	static const char *const names[] = { "native", "attached", "armed" };
	struct rate rates[KINDS] = { 0 }, shares[KINDS] = { 0 };
	unsigned n = atoi(argv[0]), ms = atoi(argv[1]);
	double is[KINDS];
	char name[64];

	v->program = argv[5];
	v->pid = argv[6];
	open_control(v, argv[7]);
	for (unsigned i = 0; i < n; i++) {
		if (i % 2)
			count_attached(v, ms, argv + 2, &is[ATTACHED], &is[ARMED]);
		is[NATIVE] = count_exits(v, ms);
		if (i % 2 == 0)
			count_attached(v, ms, argv + 2, &is[ATTACHED], &is[ARMED]);
		for (unsigned k = 0; k < KINDS; k++) {
			rate_add(&rates[k], is[k]);
			rate_add(&shares[k], 100 * is[k] / is[NATIVE]);
		}
	}
	for (unsigned k = 0; k < KINDS; k++) {
		snprintf(name, sizeof(name), "exits-%s", names[k]);
		rate_print(&rates[k], COLUMN, name, 1);
		snprintf(name, sizeof(name), "share-%s", names[k]);
		rate_print(&shares[k], COLUMN, name, 1);
	}
}

static const struct {
	const char *name;
	int arguments;
	void (*run)(struct visit *v, char **argv);
} commands[] = {
	{ "attach", 3, time_attach },
	{ "registers", 5, time_registers },
	{ "exits", 8, time_exits },
};

int main(int argc, char **argv)
{
	static struct visit visit;

	for (unsigned i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name) && argc - 2 == commands[i].arguments) {
			commands[i].run(&visit, argv + 2);
			return 0;
		}
	die("usage: see tests/bench/visit.c");
}
