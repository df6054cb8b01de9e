/* SPDX-License-Identifier: BSD-2-Clause */
/* Who serves the client of a stopped guest, and what becomes of that when the VMM calls, on a real KVM: library_serves IMAGE. */
#include "library_rig.h"

#include <dirent.h>
#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define KICK (SIGRTMIN + 4)

static const char *image;

static void on_kick(int sig)
{
	(void)sig;
}

/* How often threads have slept that are neither this one nor the vCPU's: the server's. */
static unsigned long server_sleeps(const struct rig *r)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned long sum = 0;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);

		if (tid && tid != getpid() && tid != r->vcpus[0].tid)
			sum += thread_sleeps_so_far(tid);
	}
	if (dir)
		closedir(dir);
	return sum;
}

#define STEPS 200
#define KICKS 20

/* A signal that comes while the thread is not home yet does nothing: it is sent again. */
static bool has_thread(struct rig *r, unsigned long before, bool by_signal)
{
	if (by_signal && r->vcpus[0].eintr == before)
		pthread_kill(r->m.vcpus[0].thread, KICK);
	for (unsigned i = 0; i < 100 && r->vcpus[0].eintr == before; i++)
		sleep_us(200);
	return r->vcpus[0].eintr != before;
}

/* While the client looks at a stop, and before it goes on. */
static void kick_server(struct rig *r, int fd, bool by_signal)
{
	struct sigaction action = { .sa_handler = on_kick };
	unsigned had = 0, seen = 0;

	sigaction(KICK, &action, NULL);
	for (unsigned i = 0; i < KICKS; i++) {
		unsigned long before;

		client_ask(fd, PATIENCE, "vCont;s:1");
		sleep_ms(5); /* for it to be home again, mostly */
		before = r->vcpus[0].eintr;
		if (!by_signal)
			kvmgdb_kick(r->m.vcpus[0].gdb);
		had += comes_true(has_thread(r, before, by_signal));
		seen += strlen(client_ask(fd, PATIENCE, "g")) > 16;
	}
	ok(had == KICKS, "who serves: at a stop the VMM has its thread, by %s", by_signal ? "a signal" : "kvmgdb_kick()");
	is_int(seen, KICKS, "who serves: ... and the client is answered after that");
}

static void test_serves(bool vcpus)
{
	unsigned long before, sleeps;
	unsigned stepped = 0;
	int64_t from;
	struct rig r;
	int fd;

	rig_open(&r, image, 1, MODE_SPIN, vcpus ? KVMGDB_VCPUS_SERVE : 0);
	rig_start(&r);
	fd = client_open(&r);
	client_ask(fd, PATIENCE, "vCont;s:1");
	before = server_sleeps(&r);
	from = now_ms();
	for (unsigned i = 0; i < STEPS; i++)
		stepped += client_ask(fd, PATIENCE, "vCont;s:1")[0] == 'T' && strlen(client_ask(fd, PATIENCE, "g")) > 16;
	sleeps = server_sleeps(&r) - before;
	is_int(stepped, STEPS, "who serves: steps, and registers behind each");
	/* It looks around every so often besides, which is nothing that a step costs: more than once in 10 ms it does not. */
	ok(vcpus ? sleeps < STEPS / 2 + (unsigned long)(now_ms() - from) / 10 : sleeps >= STEPS,
		"who serves: %s: the server was woken %lu times for %u steps", vcpus ? "the vCPU's thread" : "the server",
		sleeps, STEPS);
	ok(client_ask(fd, PATIENCE, "qHostInfo")[0] == 't', "who serves: what is not the vCPU's to answer is answered");
	ok(client_ask(fd, PATIENCE, "vCont;s:1")[0] == 'T', "who serves: ... and a step behind that");
	kick_server(&r, fd, false);
	kick_server(&r, fd, true);
	client_say(fd, "vCont;c");
	ok(rig_runs(&r), "who serves: the guest runs");
	close(fd);
	rig_close(&r);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: library_serves IMAGE");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image = argv[1];
	test_serves(true);
	test_serves(false);
	return done();
}
