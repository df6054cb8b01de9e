/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many system calls a step takes in a VMM whose vCPU's thread serves, on a real KVM: library_count IMAGE. A process beside this one is that
 * thread's tracer, and counts what it calls from one KVM_RUN to the next. On a machine that has other work the server now and then takes a packet, or
 * a lock has to be waited for: so the least of all steps counts that the thread has served by itself.
 */
#include "library_rig.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define STEPS 100
#define TRIES 100 /* times so many steps */
#define CALLS_MAX 64

/* What was called from one KVM_RUN to the next. */
struct calls {
	unsigned n;
	unsigned nr[CALLS_MAX];
	uint64_t fd[CALLS_MAX]; /* the first argument of each */
};

/* Shared with the tracer. */
struct counts {
	atomic_bool allowed, begun;
	atomic_int error;
	atomic_uint served; /* so many steps */
	struct calls now, least;
};

static const char *image;

/* ---- the tracer */

/* The stop was told, and the next packet taken, by this thread. */
static bool has_served(const struct calls *c)
{
	uint64_t client = UINT64_MAX;

	for (unsigned i = 0; i < c->n && i < CALLS_MAX; i++) {
		if (c->nr[i] == SYS_sendto)
			client = c->fd[i];
		else if ((c->nr[i] == SYS_read || c->nr[i] == SYS_recvfrom) && c->fd[i] == client)
			return true;
	}
	return false;
}

static void end_step(struct counts *c)
{
	if (has_served(&c->now)) {
		if (!c->served || c->now.n < c->least.n)
			c->least = c->now;
		c->served++;
	}
	c->now.n = 0;
}

static void count_call(pid_t tid, struct counts *c)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(info), &info) < 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	if (c->now.n < CALLS_MAX) {
		c->now.nr[c->now.n] = (unsigned)info.entry.nr;
		c->now.fd[c->now.n] = info.entry.args[0];
	}
	c->now.n++;
	if (info.entry.nr == SYS_ioctl && (unsigned)info.entry.args[1] == KVM_RUN)
		end_step(c);
}

/* The thread has stopped. What it is to be given of a signal; the first stop is that of PTRACE_INTERRUPT. */
static int look(pid_t tid, int status, struct counts *c)
{
	if (status >> 16 == PTRACE_EVENT_STOP) {
		c->begun = true;
		return 0;
	}
	if (WSTOPSIG(status) != (SIGTRAP | 0x80))
		return WSTOPSIG(status);
	count_call(tid, c);
	return 0;
}

static void trace(pid_t tid, struct counts *c)
{
	int status;

	if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)PTRACE_O_TRACESYSGOOD) < 0 ||
		ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0) {
		c->error = errno;
		return;
	}
	while (waitpid(tid, &status, __WALL) > 0)
		if (WIFSTOPPED(status))
			ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(long)look(tid, status, c));
}

/* The tracer, or 0: it is refused, and errno says why. It is to be killed; what it has traced goes on. */
static pid_t start_tracer(pid_t tid, struct counts *c)
{
	pid_t pid;

	memset(c, 0, sizeof(*c));
	pid = fork();
	if (!pid) {
		while (!c->allowed)
			sleep_ms(1);
		trace(tid, c);
		pause();
		_exit(0);
	}
	prctl(PR_SET_PTRACER, pid, 0, 0, 0);
	c->allowed = true;
	for (int64_t asked = now_ms(); !c->begun && !c->error && now_ms() - asked < PATIENCE;)
		sleep_ms(1);
	if (c->begun)
		return pid;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	errno = c->error ? c->error : ETIMEDOUT;
	return 0;
}

/* ---- what is counted */

static void say(const char *what, const struct calls *c)
{
	printf("# %s, %u system calls:", what, c->n);
	for (unsigned i = 0; i < c->n && i < CALLS_MAX; i++)
		printf(" %u", c->nr[i]);
	printf("\n");
}

static void count_steps(int fd, struct counts *c, const char *what, unsigned most)
{
	unsigned asked = 0;
	const char *said;

	do
		said = client_ask(fd, PATIENCE, "vCont;s:1");
	while (++asked && said[0] == 'T' && c->served < STEPS && asked < TRIES * STEPS);
	if (!ok(c->served >= STEPS, "%s: the thread has served %u of %u steps", what, c->served, asked))
		diag("the last answer", said);
	ok(c->served && c->least.n >= 3 && c->least.n <= most, "%s: a step takes %u system calls at most", what, most);
	say(what, &c->least);
}

static void test_count(struct counts *c, const char *what, bool by_halves, unsigned most)
{
	struct rig r;
	pid_t tracer;
	int fd;

	rig_open(&r, image, 1, MODE_SPIN, KVMGDB_VCPUS_SERVE);
	r.by_halves = by_halves;
	rig_start(&r);
	fd = client_open(&r);
	client_ask(fd, PATIENCE, "vCont;s:1");
	tracer = start_tracer(r.vcpus[0].tid, c);
	if (tracer) {
		count_steps(fd, c, what, most);
		kill(tracer, SIGKILL);
		waitpid(tracer, NULL, 0);
	} else {
		skip(what, strerror(errno));
	}
	client_say(fd, "vCont;c");
	ok(rig_runs(&r), "%s: the guest runs on", what);
	close(fd);
	rig_close(&r);
}

/* A packet taken, KVM_RUN and a packet sent are the floor. */
#ifdef __x86_64__
#define SERVING 6 /* and ppoll(), a look at the instruction, and KVM told of the next step ahead */
#define HALVES \
	15 /* and signals blocked and let in around KVM_RUN and the VMM's own code, which may have changed what was read */
#else
#define SERVING 11 /* and registers one by one, and the mask of interrupts */
#define HALVES 18
#endif

int main(int argc, char **argv)
{
	struct counts *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (argc < 2 || c == MAP_FAILED)
		errx(2, "usage: library_count IMAGE");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image = argv[1];
	test_count(c, "kvmgdb_run()", false, SERVING);
	test_count(c, "by halves", true, HALVES);
	return done();
}
