/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * victim [OPTIONS] IMAGE
 *
 *   --vcpus N          1 to 8
 *   --style STYLE      how it kicks: plain, immediate, mask
 *   --main             vCPU 0 is run by the main thread
 *   --storm USEC       a kick every so often, to one vCPU after the other; --wait: each when the one before was seen
 *   --sleep USEC       in each exit of the sequence
 *   --idlers N         threads that sleep, besides
 *   --control DIR      commands from the fifo DIR/ask, answers to DIR/answer: control.c
 *   --later            the VM is made at the command `create`
 *   --hold             the guest is kept before its first instruction until the command `go PORT`, and a client of that TCP port's has stopped it
 *   --uid N            another user's, when /dev/kvm is open
 *   --forgets          /dev/kvm is closed when the VM is there
 *   --spins MSEC       the threads of vCPUs but the first go round in a loop for so long, and run them then
 *   --slots            memory slots are set, moved and removed before the guest begins: slots.c
 *   --seccomp          the vCPUs' threads may do nothing but run them
 *
 * The image is sequence.c's, or any other guest's.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "victim.h"

static struct victim victim = {
	.vcpus = 1,
	.style_name = "immediate",
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.big = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static void serve(struct seat *s)
{
	int code;

	if (check_serve(s)) {
		entangle_serve(s);
		if (s->victim->sleep)
			usleep((useconds_t)s->victim->sleep);
		return;
	}
	switch (machine_serve(s->vcpu, &code)) {
	case SERVED:
		break;
	case RESETS:
		machine_start(s->vcpu->machine);
		break;
	case ENDS:
		_exit(code);
	}
}

static void *run_vcpu(void *arg)
{
	struct seat *s = arg;
	char name[16];
	int ret;

	snprintf(name, sizeof(name), "CPU %u/KVM", s->vcpu->nr);
	pthread_setname_np(pthread_self(), name);
	kick_prepare(s);
	s->tid = (int)syscall(SYS_gettid);
	if (s->victim->filtered)
		filter_thread();
	for (double until = check_clock() + (s->vcpu->nr ? s->victim->spins / 1e3 : 0); check_clock() < until;)
		;
	while (!s->ends) {
		control_park(s);
		slot_serve(s);
		ret = kick_run(s);
		if (ret && ret != -EINTR && ret != -EAGAIN)
			errx(1, "vCPU %u: KVM_RUN: %s", s->vcpu->nr, strerror(-ret));
		if (!ret)
			serve(s);
	}
	s->tid = 0;
	return NULL;
}

static void change_user(long number)
{
	uid_t uid = (uid_t)number;

	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid) || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
		err(1, "user %u", uid);
}

void victim_seat(struct victim *v, unsigned nr)
{
	struct seat *s = &v->seats[nr];

	s->victim = v;
	s->vcpu = &v->machine.vcpus[nr];
	if ((nr || !v->in_main) && pthread_create(&s->thread, NULL, run_vcpu, s))
		errx(1, "no thread");
}

static void *idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void start_idlers(long n)
{
	pthread_t thread;

	for (long i = 0; i < n; i++)
		if (pthread_create(&thread, NULL, idle, NULL))
			errx(1, "no thread");
}

void victim_create(struct victim *v)
{
	machine_open(&v->machine, v->image, (unsigned)v->vcpus);
	v->vcpus = v->machine.n;
	machine_start(&v->machine);
	if (v->slots)
		slots_set_early(v);
	if (v->holds)
		hold_guest(v);
	if (v->uid)
		change_user(v->uid);
	if (v->forgets)
		close(v->machine.kvm);
	start_idlers(v->idlers);
	for (unsigned i = 0; i < v->machine.n; i++)
		victim_seat(v, i);
	kick_start_storm(v);
}

static FILE *open_control(const char *dir)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/answer", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || !(victim.answers = fdopen(fd, "w")))
		err(1, "%s", path);
	snprintf(path, sizeof(path), "%s/ask", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fdopen(fd, "r");
}

static void *run_control(void *commands)
{
	control_loop(&victim, commands);
	return NULL;
}

enum kind {
	FLAG,
	NUMBER,
	TEXT
};

static const struct {
	const char *name;
	enum kind kind;
	size_t field; /* of struct victim: bool, long, const char * */
} rows[] = {
	{ "vcpus", NUMBER, offsetof(struct victim, vcpus) },
	{ "style", TEXT, offsetof(struct victim, style_name) },
	{ "main", FLAG, offsetof(struct victim, in_main) },
	{ "storm", NUMBER, offsetof(struct victim, storm) },
	{ "wait", FLAG, offsetof(struct victim, storm_waits) },
	{ "spins", NUMBER, offsetof(struct victim, spins) },
	{ "sleep", NUMBER, offsetof(struct victim, sleep) },
	{ "idlers", NUMBER, offsetof(struct victim, idlers) },
	{ "control", TEXT, offsetof(struct victim, control) },
	{ "later", FLAG, offsetof(struct victim, later) },
	{ "hold", FLAG, offsetof(struct victim, holds) },
	{ "uid", NUMBER, offsetof(struct victim, uid) },
	{ "forgets", FLAG, offsetof(struct victim, forgets) },
	{ "seccomp", FLAG, offsetof(struct victim, filtered) },
	{ "slots", FLAG, offsetof(struct victim, slots) },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void parse(struct victim *v, int argc, char **argv)
{
	struct option longs[ROWS + 1] = { 0 };
	int row;

	for (unsigned i = 0; i < ROWS; i++)
		longs[i] = (struct option){ rows[i].name, rows[i].kind == FLAG ? no_argument : required_argument, NULL, 0 };
	for (int c; (c = getopt_long(argc, argv, "", longs, &row)) != -1;) {
		void *field = (char *)v + rows[row].field;

		if (c == '?')
			exit(2);
		if (rows[row].kind == FLAG)
			*(volatile bool *)field = true;
		else if (rows[row].kind == NUMBER)
			*(long *)field = atol(optarg);
		else
			*(const char **)field = optarg;
	}
	if (optind + 1 != argc)
		errx(2, "usage: victim [OPTIONS] IMAGE");
	v->image = argv[optind];
}

int main(int argc, char **argv)
{
	FILE *commands = stdin;
	pthread_t thread;

	parse(&victim, argc, argv);
	victim.style = style_by_name(victim.style_name);
	victim.answers = stdout;
	if (victim.control)
		commands = open_control(victim.control);
	if (!victim.later)
		victim_create(&victim);
	if (!victim.in_main) {
		run_control(commands);
		pause();
	}
	if (pthread_create(&thread, NULL, run_control, commands))
		errx(1, "no thread");
	run_vcpu(&victim.seats[0]);
	return 0;
}
