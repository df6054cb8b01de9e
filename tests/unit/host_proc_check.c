/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a process can be attached to, and what its threads do: of processes made here. No VM is needed. */
#include <elf.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../lib/patience.h"
#include "fake_proc.h"
#include "attach/proc.h"
#include "tap.h"

#define NOBODY 65534

static char why[256];
static const struct refusal refusal = { why, sizeof(why) };
static int ready[2], made[2]; /* by a process, and by a thread, that is as it should be */

/* ---- processes */

/* In a child that then sleeps, or in a lister, which then answers. */
typedef void prepare_fn(void);

static void say(int fd)
{
	if (write(fd, "", 1) != 1)
		abort();
}

static void hear(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		abort();
}

/* The child is as it was prepared when this returns. */
static pid_t make_process(prepare_fn *prepare)
{
	pid_t pid = fork();

	if (pid < 0)
		abort();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prepare();
		say(ready[1]);
		for (;;)
			pause();
	}
	hear(ready[0]);
	return pid;
}

static void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void nothing(void)
{
}

/* proc_check() by a process that was prepared, with its sentence. */
static int check_as(pid_t pid, prepare_fn *prepare)
{
	int answer[2], err = 0;
	pid_t lister;

	if (pipe(answer))
		abort();
	lister = fork();
	if (!lister) {
		prepare();
		why[0] = '\0';
		err = proc_check(pid, &refusal);
		_exit(write(answer[1], &err, sizeof(err)) < 0 || write(answer[1], why, sizeof(why)) < 0);
	}
	if (read(answer[0], &err, sizeof(err)) != sizeof(err) || read(answer[0], why, sizeof(why)) != sizeof(why))
		abort();
	waitpid(lister, NULL, 0);
	close(answer[0]);
	close(answer[1]);
	return err;
}

static void check_victim(prepare_fn *victim, prepare_fn *lister, int want, const char *sentence, const char *name)
{
	pid_t pid = make_process(victim);

	if (!is_int(check_as(pid, lister), want, name) || !ok(strstr(why, sentence), "%s: the sentence", name))
		diag("said", why);
	end_process(pid);
}

/* ---- who may */

static void become_nobody(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		abort();
}

static void become_dumpable_nobody(void)
{
	become_nobody();
	prctl(PR_SET_DUMPABLE, 1);
}

static void become_nobody_of_another_group(void)
{
	if (setresgid(1, 1, 1) || setresuid(NOBODY, NOBODY, NOBODY))
		abort();
	prctl(PR_SET_DUMPABLE, 1);
}

static void be_filtered(void)
{
	struct sock_filter filter = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { .len = 1, .filter = &filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		abort();
}

static void *filter_thread(void *arg)
{
	be_filtered();
	say(made[1]);
	for (;;)
		pause();
	return arg;
}

static void have_a_filtered_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, filter_thread, NULL))
		abort();
	hear(made[0]);
}

static void become_filtered_nobody(void)
{
	be_filtered();
	become_dumpable_nobody();
}

static bool yama_lets(void)
{
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	char scope = '0';

	if (fd >= 0) {
		if (read(fd, &scope, 1) != 1)
			scope = '?';
		close(fd);
	}
	return scope == '0';
}

/* Of root in a container that is not so. */
static bool has_capability(int nr)
{
	return !geteuid() && prctl(PR_CAPBSET_READ, nr, 0, 0, 0) == 1;
}

static void check_users(void)
{
	if (!has_capability(CAP_SYS_PTRACE)) {
		skip("processes of several users", "needs root");
		return;
	}
	check_victim(nothing, become_nobody, -EACCES, "it is user 0's", "another user's process");
	check_victim(become_nobody, nothing, 0, "", "another user's, for root");
	if (!yama_lets()) {
		skip("processes of one user", "kernel.yama.ptrace_scope");
		return;
	}
	check_victim(become_dumpable_nobody, become_nobody, 0, "", "one's own");
	check_victim(become_nobody, become_nobody, -EACCES, "non-dumpable", "one's own that is not dumpable");
	check_victim(become_nobody_of_another_group, become_nobody, -EACCES, "its group is 1", "one's own of another group");
	check_victim(become_filtered_nobody, become_nobody, -EPERM, "CAP_SYS_ADMIN", "one's own under seccomp");
}

static void check_filters(void)
{
	if (!has_capability(CAP_SYS_PTRACE) && !yama_lets()) {
		skip("processes under seccomp", "kernel.yama.ptrace_scope");
		return;
	}
	check_victim(be_filtered, be_filtered, -EPERM, "a filter is on kvm-gdbserver itself", "under seccomp, and we too");
	check_victim(have_a_filtered_thread, be_filtered, -EPERM, "seccomp filter is on it", "one thread under seccomp");
	if (has_capability(CAP_SYS_ADMIN) && !prctl(PR_GET_SECCOMP, 0, 0, 0, 0))
		check_victim(be_filtered, nothing, 0, "", "under seccomp, for root");
	else
		skip("under seccomp, for root", "needs root");
}

/* ---- other reasons */

static void check_tracers(void)
{
	pid_t pid = make_process(nothing);
	char tracer[128];

	snprintf(tracer, sizeof(tracer), "process %d cannot be attached to: process %d (host_proc_check) traces it", pid,
		getpid());
	if (ptrace(PTRACE_SEIZE, pid, 0, 0)) {
		skip("a process that is traced", strerror(errno));
	} else {
		is_int(proc_check(pid, &refusal), -EBUSY, "a process that is traced");
		ok(strstr(why, tracer), "by whom: %s", why);
	}
	end_process(pid);
}

static void *wait_thread(void *arg)
{
	*(_Atomic pid_t *)arg = gettid();
	say(made[1]);
	for (;;)
		pause();
	return arg;
}

static _Atomic pid_t *shared_tid;

static void have_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_thread, (void *)shared_tid))
		abort();
	hear(made[0]);
}

static void *trace_thread(void *arg)
{
	pid_t tid = *shared_tid;

	*(long *)arg = ptrace(PTRACE_SEIZE, tid, 0, 0);
	prctl(PR_SET_NAME, "a tracer");
	say(made[1]);
	waitpid(tid, NULL, __WALL);
	return arg;
}

/* As kvm-gdbserver itself does: one thread of the process is traced, by one of ours. */
static void check_thread_tracers(void)
{
	pid_t pid = make_process(have_a_thread);
	pthread_t thread;
	long err = 0;
	char tracer[128];

	snprintf(tracer, sizeof(tracer), "process %d cannot be attached to: process %d (host_proc_check) traces it", pid,
		getpid());
	if (pthread_create(&thread, NULL, trace_thread, &err))
		abort();
	hear(made[0]);
	if (err) {
		skip("a process of which a thread is traced", "ptrace is refused");
	} else {
		is_int(proc_check(pid, &refusal), -EBUSY, "a process of which a thread is traced");
		ok(strstr(why, tracer), "by the process of which thread: %s", why);
	}
	end_process(pid);
	pthread_join(thread, NULL);
}

static void check_ends(void)
{
	pid_t pid = make_process(nothing);

	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT);
	is_int(proc_check(pid, &refusal), -ESRCH, "a zombie");
	ok(strstr(why, "zombie"), "it says so");
	waitpid(pid, NULL, 0);
	is_int(proc_check(pid, &refusal), -ESRCH, "a process that is gone");
	is_int(proc_check(0, &refusal), -ESRCH, "number 0");
	is_int(proc_check(-1, &refusal), -ESRCH, "a number below 0");
	is_int(proc_check(getpid(), &refusal), -EINVAL, "ourselves");
}

/* Nothing here can run a program of 32 bits everywhere: a folder that looks like its /proc/PID. */
static void check_class(void)
{
	char path[] = "/tmp/host_proc_check.XXXXXX", ident[EI_NIDENT] = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 };
	int dir, exe;

	if (!mkdtemp(path) || (dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		abort();
	close(fake_folder(dir, "task"));
	fake_file(dir, "mem", "");
	fake_file(dir, "status", "Name:\tx\nState:\tS (sleeping)\nTracerPid:\t0\n");
	for (char class = ELFCLASS64; class >= ELFCLASS32; class --) {
		ident[EI_CLASS] = class;
		fake_file(dir, "exe", "");
		exe = openat(dir, "exe", O_WRONLY | O_CLOEXEC);
		if (write(exe, ident, sizeof(ident)) != sizeof(ident))
			abort();
		close(exe);
		is_int(proc_check_in(dir, 1, &refusal), class == ELFCLASS32 ? -EOPNOTSUPP : 0,
			class == ELFCLASS32 ? "a program of 32 bits" : "a program of 64 bits");
	}
	close(dir);
	fake_remove(AT_FDCWD, path);
}

/* ---- threads */

static void be_named(void)
{
	prctl(PR_SET_NAME, "a\nb\x1b\\\xff");
	have_a_thread();
}

#define WORKER_TRIES PATIENCE /* a millisecond each */

/* A thread of io_uring's that waits for a pipe: then *shared_tid is not 0. */
static void have_a_worker(void)
{
	struct io_uring_params params = { 0 };
	struct io_uring_sqe *sqe;
	unsigned *ring;
	int never[2], fd = (int)syscall(SYS_io_uring_setup, 1, &params);

	if (fd < 0 || pipe(never))
		return;
	ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || sqe == MAP_FAILED)
		return;
	*shared_tid = getpid();
	*sqe = (struct io_uring_sqe){ .opcode = IORING_OP_READ,
		.flags = IOSQE_ASYNC,
		.fd = never[0],
		.addr = (uint64_t)(uintptr_t)calloc(1, 8),
		.len = 8 };
	ring[params.sq_off.array / sizeof(*ring)] = 0;
	__atomic_store_n(&ring[params.sq_off.tail / sizeof(*ring)], 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, fd, 1, 0, 0, NULL, 0);
}

/* The thread of that name; it names itself when it first runs. 0: there is none. */
static pid_t find_thread(pid_t pid, const char *name)
{
	struct proc_threads threads;
	struct proc_thread thread;
	pid_t found = 0;

	if (proc_threads_open(&threads, pid))
		abort();
	while (!found && proc_threads_next(&threads, &thread))
		if (!strncmp(thread.comm, name, strlen(name)))
			found = thread.tid;
	proc_threads_close(&threads);
	return found;
}

static void check_workers(void)
{
	pid_t pid, worker = 0;

	*shared_tid = 0;
	pid = make_process(have_a_worker);
	for (unsigned tries = 0; *shared_tid && !worker && tries < WORKER_TRIES; tries++) {
		worker = find_thread(pid, "iou-");
		usleep(1000);
	}
	if (worker)
		ok(proc_is_worker(pid, worker), "a thread of the kernel's");
	else
		skip("a thread of the kernel's", "there is no io_uring");
	ok(!proc_is_worker(pid, pid), "a thread of the program's");
	end_process(pid);
}

static void check_threads(void)
{
	pid_t pid = make_process(be_named);
	struct proc_threads threads;
	struct proc_thread thread;
	unsigned n = 0;

	is_int(proc_threads_open(&threads, pid), 0, "the threads of a process");
	while (proc_threads_next(&threads, &thread)) {
		/* A sanitizer may have one of its own. */
		if (thread.tid != pid && thread.tid != *shared_tid)
			continue;
		n++;
		ok(thread.tid == (n == 1 ? pid : *shared_tid), "thread %u", n);
		is_str(thread.comm, "a?b?\\?", "its name");
		ok(!proc_is_worker(pid, thread.tid), "it is none of the kernel's");
	}
	proc_threads_close(&threads);
	is_int(n, 2, "both were there");
	end_process(pid);
	is_int(proc_threads_open(&threads, pid), -ESRCH, "the threads of a process that is gone");
	ok(!proc_is_worker(pid, pid), "a thread that is gone");
}

static void sleep_for_ever(void)
{
	say(ready[1]);
	for (;;)
		syscall(SYS_ppoll, 0, 0, 0, 0, 8);
}

static void run_for_ever(void)
{
	say(ready[1]);
	for (;;)
		;
}

/* When it is the one that is waited for. */
static long call_of(pid_t pid, long want, uint64_t args[6])
{
	long nr = -1;

	for (unsigned tries = 0; tries < PATIENCE; tries++) {
		if (proc_thread_call(pid, pid, &nr, args))
			return -2;
		if (nr == want)
			return nr;
		usleep(1000);
	}
	return nr;
}

static void check_calls(void)
{
	pid_t pid = make_process(sleep_for_ever);
	uint64_t args[6];
	long nr;

	is_int(call_of(pid, SYS_ppoll, args), SYS_ppoll, "the call in which a thread sleeps");
	ok(args[0] == 0 && args[1] == 0 && args[2] == 0 && args[3] == 0 && args[4] == 8, "its arguments");
	end_process(pid);
	is_int(proc_thread_call(pid, pid, &nr, args), -ESRCH, "the call of a thread that is gone");
	pid = make_process(run_for_ever);
	is_int(call_of(pid, -1, args), -1, "a thread that runs is in none");
	end_process(pid);
}

int main(void)
{
	if (pipe(ready) || pipe(made))
		abort();
	prctl(PR_SET_NAME, "host_proc_check");
	shared_tid = mmap(NULL, sizeof(*shared_tid), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check_users();
	check_filters();
	check_tracers();
	check_thread_tracers();
	check_ends();
	check_class();
	check_threads();
	check_workers();
	check_calls();
	return done();
}
