/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library does to the process that it is in, on a real KVM: nothing but what kvmgdb.h says, and when it is closed nothing is left:
 * library_process IMAGE [CYCLES]. With a number, it is opened and closed so many times, and nothing else is looked at: for valgrind.
 */
#include "library_rig.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define SIGNALS 64
#define OF_RIG SIGUSR2 /* library_rig.c has it */

static const char *image;

struct process {
	struct sigaction action[SIGNALS + 1];
	sigset_t mask;
	mode_t umask;
	struct rlimit limit[RLIM_NLIMITS];
	char locale[100], folder[1000];
	unsigned descriptors, inherited, threads;
};

/* How many a folder has; of descriptors, when `inherited`, those that another program would have. */
static unsigned count_in(const char *path, bool inherited)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned n = 0;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && (!inherited || !(fcntl(atoi(entry->d_name), F_GETFD) & FD_CLOEXEC)))
			n++;
	if (dir)
		closedir(dir);
	return n;
}

static void look(struct process *p)
{
	memset(p, 0, sizeof(*p));
	for (int i = 1; i <= SIGNALS; i++)
		if (sigaction(i, NULL, &p->action[i]))
			p->action[i].sa_handler = SIG_DFL;
	pthread_sigmask(SIG_SETMASK, NULL, &p->mask);
	p->umask = umask(022);
	umask(p->umask);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		getrlimit(i, &p->limit[i]);
	snprintf(p->locale, sizeof(p->locale), "%s", setlocale(LC_ALL, NULL));
	if (!getcwd(p->folder, sizeof(p->folder)))
		err(1, "getcwd");
	p->descriptors = count_in("/proc/self/fd", false);
	p->inherited = count_in("/proc/self/fd", true);
	p->threads = count_in("/proc/self/task", false);
}

/* How many signals are handled otherwise than before; the last of them in *which. */
static unsigned count_changed(const struct process *a, const struct process *b, int *which)
{
	unsigned n = 0;

	for (int i = 1; i <= SIGNALS; i++) {
		if (i == OF_RIG ||
			(a->action[i].sa_handler == b->action[i].sa_handler && a->action[i].sa_flags == b->action[i].sa_flags))
			continue;
		*which = i;
		n++;
	}
	return n;
}

static void check_same(const struct process *a, const struct process *b, const char *when)
{
	ok(!memcmp(&a->mask, &b->mask, sizeof(a->mask)), "%s: this thread's signal mask is as it was", when);
	ok(a->umask == b->umask && !memcmp(a->limit, b->limit, sizeof(a->limit)) && !strcmp(a->locale, b->locale) &&
			!strcmp(a->folder, b->folder),
		"%s: so are umask, limits, locale and folder", when);
	is_int(b->inherited, a->inherited, "... and what a program that is executed would have open");
}

/* KVM itself has threads in a process that has run a VM. */
static bool is_kvms(const char *task)
{
	char line[300] = "";
	FILE *f;

	snprintf(line, sizeof(line), "/proc/self/task/%.20s/comm", task);
	f = fopen(line, "re");
	if (f) {
		if (!fgets(line, sizeof(line), f))
			*line = '\0';
		fclose(f);
	}
	return !strncmp(line, "kvm-", 4);
}

/* Those that a thread of neither this one's nor a vCPU's blocks; 0: there is no such thread. */
static unsigned long long blocked_by_server(const struct rig *r)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned long long blocked = 0;
	struct dirent *entry;
	char line[300];

	while (dir && (entry = readdir(dir))) {
		FILE *f;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid() || atoi(entry->d_name) == r->vcpus[0].tid ||
			is_kvms(entry->d_name))
			continue;
		snprintf(line, sizeof(line), "/proc/self/task/%.20s/status", entry->d_name);
		f = fopen(line, "re");
		while (f && fgets(line, sizeof(line), f))
			sscanf(line, "SigBlk: %llx", &blocked);
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return blocked;
}

/* A debugger's hour: what is refused is part of it. */
static void debug(struct rig *r)
{
	int fd = client_at_tick(r, 1);

	client_ask(fd, PATIENCE, "g");
	client_ask(fd, PATIENCE, "mfffffffffffff000,8");
	client_ask(fd, PATIENCE, "Mfffffffffffff000,1:00");
	client_ask(fd, PATIENCE, "no such packet");
	client_ask(fd, PATIENCE, "vCont;s:1");
	close(fd);
}

/* When all is closed. A thread that was joined is in /proc a moment longer. */
static void look_again(struct process *p, const struct process *before)
{
	comes_true(count_in("/proc/self/task", false) == before->threads);
	look(p);
}

/* ---- what is the process's */

static void kick_by_signal(void *opaque, void *vcpu)
{
	struct machine *m = opaque;

	(void)vcpu;
	pthread_kill(m->vcpus[0].thread, OF_RIG);
}

static void test_untouched(bool kicks, const char *name)
{
	struct kvmgdb_config config = { .kick = kicks ? kick_by_signal : NULL };
	struct process before, open, after;
	unsigned long long blocked;
	int signal = 0;
	struct rig r;

	look(&before);
	rig_open_as(&r, image, 1, MODE_SPIN, config, 0);
	rig_start(&r);
	debug(&r);
	ok(rig_is_left(&r) && rig_runs(&r), "%s: a client has been there", name);
	look(&open);
	check_same(&before, &open, name);
	is_int(count_changed(&before, &open, &signal), kicks ? 0 : 1,
		"... of signals only that which calls vCPUs out is handled");
	if (!kicks)
		ok(signal >= SIGRTMIN && open.action[signal].sa_flags & SA_ONSTACK &&
				!(open.action[signal].sa_flags & SA_RESTART),
			"%s: that is a real-time signal's, %d, with SA_ONSTACK and without SA_RESTART", name, signal);
	blocked = blocked_by_server(&r);
	ok((blocked & 0x7ffbfeff) == 0x7ffbfeff, "%s: the library's thread blocks all signals (%llx)", name, blocked);
	rig_close(&r);
	look_again(&after, &before);
	check_same(&before, &after, "closed");
	is_int(after.descriptors, before.descriptors, "... no descriptor is left");
	is_int(after.threads, before.threads, "... and no thread");
}

/* ---- standard streams, and a client that goes without a word */

static void test_silent(void)
{
	int memory = memfd_create("streams", MFD_CLOEXEC), out, error;
	struct stat st;
	struct rig r;

	fflush(NULL);
	out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(memory, STDOUT_FILENO);
	dup2(memory, STDERR_FILENO);
	rig_open(&r, image, 1, MODE_SPIN, KVMGDB_TRACE);
	rig_start(&r);
	debug(&r);
	rig_is_left(&r);
	rig_close(&r);
	dup2(out, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	close(out);
	close(error);
	ok(!fstat(memory, &st) && st.st_size == 0, "silent: nothing is written to the standard streams, %lld bytes",
		(long long)st.st_size);
	close(memory);
}

static void test_vanishing(void)
{
	struct rig r;
	int fd;

	signal(SIGPIPE, SIG_DFL);
	rig_open(&r, image, 1, MODE_SPIN, 0);
	rig_start(&r);
	fd = client_open(&r);
	for (unsigned i = 0; i < 200; i++) {
		char packet[50];

		snprintf(packet, sizeof(packet), "m%llx,400", (unsigned long long)board_ram);
		client_say(fd, packet);
	}
	close(fd);
	ok(rig_is_left(&r), "vanishing: a client that does not read, and goes, raises no SIGPIPE");
	ok(rig_runs(&r), "vanishing: the guest runs");
	rig_close(&r);
}

/* ---- closing while a client holds the guest */

static void test_closing(void)
{
	struct rig r;
	uint64_t code;
	int fd;

	rig_open(&r, image, 2, MODE_SPIN, 0);
	rig_start(&r);
	code = rig_code(&r);
	fd = client_at_tick(&r, 2);
	rig_drop(&r, 0);
	ok(!strcmp(client_ask(fd, PATIENCE, "qfThreadInfo"), "m2"), "closing: a vCPU's thread ends inside a stop");
	rig_drop(&r, 1);
	kvmgdb_close(r.gdb);
	r.gdb = NULL;
	ok(rig_code(&r) == code, "closing: while a client holds the guest; its code is its own");
	ok(read(fd, &code, 1) <= 0, "closing: the client knows it");
	close(fd);
	rig_close(&r);
}

/* ---- a child, whose descriptors are the parent's */

/* How many eventfds of this process tell of something: a thread that waits for one does not sleep. */
static unsigned count_events(void)
{
	DIR *dir = opendir("/proc/self/fdinfo");
	struct dirent *entry;
	unsigned n = 0;

	while (dir && (entry = readdir(dir))) {
		char path[300], line[100];
		unsigned long long events = 0;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", entry->d_name);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f) && sscanf(line, "eventfd-count: %llx", &events) != 1)
			;
		n += events > 0;
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void test_forked(void)
{
	int status, fd;
	unsigned events;
	struct rig r;
	pid_t child;

	rig_open(&r, image, 1, MODE_SPIN, 0);
	rig_start(&r);
	fd = client_at_tick(&r, 1);
	ok(!strcmp(client_break(&r, fd, "Z0", "tick"), "OK"), "forked: (a breakpoint)");
	fflush(NULL);
	events = count_events();
	child = fork();
	if (!child) {
		kvmgdb_close(r.gdb);
		_exit(0);
	}
	ok(waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status),
		"forked: a child closes what is its parent's");
	ok(comes_true(count_events() == events), "forked: ... which has nothing to do by that");
	ok(client_ask(fd, PATIENCE, "vCont;c")[0] == 'T', "forked: ... and serves its client, whose breakpoint is there");
	close(fd);
	ok(rig_is_left(&r) && rig_runs(&r), "forked: ... and notices that it leaves");
	rig_close(&r);
}

/* ---- again and again */

static bool cycle(struct machine *m, unsigned i)
{
	struct kvmgdb_config config = {
		.size = sizeof(config), .kvm_fd = m->kvm, .vm_fd = m->vm, .flags = i & 1 ? KVMGDB_NO_THREAD : 0
	};
	struct kvmgdb_vcpu *vcpu;
	struct kvmgdb *gdb;
	int pair[2] = { -1, -1 };
	bool good;

	if (kvmgdb_open(&config, &gdb, NULL, 0))
		return false;
	good = !kvmgdb_set_memory(gdb, 0, board_ram, MACHINE_RAM, m->ram, 0) &&
	       !kvmgdb_add_vcpu(gdb, 0, m->vcpus[0].fd, NULL, &vcpu) && kvmgdb_listen(gdb, ":0", NULL, 0) > 0;
	if (good && i % 8 == 0) {
		good = !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) && !kvmgdb_serve(gdb, pair[1]);
		client_say(pair[0], "qSupported");
		good = good && comes_true(kvmgdb_attached(gdb));
	}
	if (i % 3 == 0)
		kvmgdb_remove_vcpu(vcpu);
	kvmgdb_close(gdb);
	if (pair[0] >= 0)
		close(pair[0]);
	return good;
}

static void test_cycles(unsigned n)
{
	struct process before, after;
	unsigned good = 0;
	struct machine m;

	machine_open(&m, image, 1);
	machine_start(&m);
	cycle(&m, 0);
	look(&before);
	for (unsigned i = 0; i < n; i++)
		good += cycle(&m, i);
	look_again(&after, &before);
	ok(good == n, "opened and closed, %u times of %u", good, n);
	is_int(after.descriptors, before.descriptors, "... no descriptor is left");
	is_int(after.threads, before.threads, "... and no thread");
	close(m.vcpus[0].fd);
	close(m.vm);
	close(m.kvm);
	munmap(m.ram, MACHINE_RAM);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: library_process IMAGE [CYCLES]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image = argv[1];
	if (argc > 2) {
		test_cycles((unsigned)atoi(argv[2]));
		return done();
	}
	test_untouched(false, "open");
	test_untouched(true, "open, with a kick() of the VMM's");
	test_silent();
	test_vanishing();
	test_closing();
	test_forked();
	test_cycles(20);
	return done();
}
