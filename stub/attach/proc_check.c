/* SPDX-License-Identifier: BSD-2-Clause */
/* What speaks against attaching to a process. See proc.h. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"
#include "proc_dir.h"

#define USER_NS_INIT 0xEFFFFFFDu /* PROC_USER_INIT_INO of the kernel's <linux/proc_ns.h> */

/* ---- who we are */

static bool has_capability(unsigned nr)
{
	char *status = proc_dir_text(AT_FDCWD, "/proc/thread-self/status");
	unsigned long long held = status ? strtoull(proc_dir_field(status, "CapEff:"), NULL, 16) : 0;

	free(status);
	return held >> nr & 1;
}

/*
 * PTRACE_O_SUSPEND_SECCOMP wants the capability in the first user namespace, and no filter on ourselves: a container has seldom the one, and
 * mostly the other.
 */
static bool can_suspend_filters(const char **lacking)
{
	struct stat st;
	char *status = proc_dir_text(AT_FDCWD, "/proc/thread-self/status");
	bool filtered = status && atoi(proc_dir_field(status, "Seccomp:"));

	free(status);
	*lacking =
		filtered ? "a filter is on kvm-gdbserver itself, as in a container" : "kvm-gdbserver has no CAP_SYS_ADMIN here";
	return !filtered && has_capability(CAP_SYS_ADMIN) && (stat("/proc/self/ns/user", &st) || st.st_ino == USER_NS_INIT);
}

/* -1: this kernel has no Yama. */
static int ptrace_scope(void)
{
	char *text = proc_dir_text(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope");
	int scope = text ? atoi(text) : -1;

	free(text);
	return scope;
}

/* ---- the kernel's rules of who may trace whom */

struct ids {
	unsigned real, effective, saved;
};

static bool read_ids(const char *status, const char *name, struct ids *ids)
{
	return sscanf(proc_dir_field(status, name), "%u %u %u", &ids->real, &ids->effective, &ids->saved) == 3;
}

static bool are_all(const struct ids *ids, unsigned id)
{
	return ids->real == id && ids->effective == id && ids->saved == id;
}

/* The files of a process that is not dumpable belong to root, its folder does not. */
static bool is_dumpable(int dir, unsigned uid)
{
	struct stat st;

	return fstatat(dir, "status", &st, 0) || st.st_uid == uid;
}

static int forbidden(int dir, const char *status, const struct refusal *why)
{
	struct ids user = { .real = 0 }, group = { .real = 0 };
	bool known = read_ids(status, "Uid:", &user) && read_ids(status, "Gid:", &group);
	int scope = ptrace_scope();

	if (scope == 3)
		return refuse(
			why, -EACCES, "nobody may trace anything here before the next boot (kernel.yama.ptrace_scope is 3)");
	if (has_capability(CAP_SYS_PTRACE))
		return refuse(why, -EACCES,
			"the kernel refuses it even with CAP_SYS_PTRACE: a security module does, or it is of another user "
			"namespace");
	if (known && !are_all(&user, getuid()))
		return refuse(why, -EACCES, "it is user %u's: it takes that user, or CAP_SYS_PTRACE (root)", user.real);
	if (known && !are_all(&group, getgid()))
		return refuse(why, -EACCES, "its group is %u: it takes that group, or CAP_SYS_PTRACE (root)", group.effective);
	if (scope == 2)
		return refuse(why, -EACCES, "kernel.yama.ptrace_scope is 2: it takes CAP_SYS_PTRACE (root)");
	if (known && !is_dumpable(dir, user.effective))
		return refuse(why, -EACCES, "it has made itself non-dumpable: it takes CAP_SYS_PTRACE (root)");
	if (scope == 1)
		return refuse(why, -EACCES,
			"kernel.yama.ptrace_scope is 1: it takes CAP_SYS_PTRACE (root), or sysctl kernel.yama.ptrace_scope=0");
	return refuse(why, -EACCES, "it has capabilities that kvm-gdbserver has not: it takes CAP_SYS_PTRACE (root)");
}

int proc_forbidden(int dir, const struct refusal *why)
{
	char *status = proc_dir_text(dir, "status");
	int err = forbidden(dir, status ? status : "", why);

	free(status);
	return err;
}

/* ---- one check each: 0, or -errno and a sentence */

struct subject {
	int dir;
	pid_t pid;
	const char *status; /* /proc/PID/status */
};

static int check_self(const struct subject *s, const struct refusal *why)
{
	return s->pid == getpid() ? refuse(why, -EINVAL, "it is this kvm-gdbserver itself") : 0;
}

static int check_alive(const struct subject *s, const struct refusal *why)
{
	char state = proc_dir_field(s->status, "State:")[0];

	if (state != 'Z' && state != 'X')
		return 0;
	return refuse(why, -ESRCH, "it has ended, or its first thread has: it is a zombie");
}

/* The tracer may be a thread: its process is named. */
static int say_tracer(int tracer, const struct refusal *why)
{
	char path[32], name[PROC_COMM_MAX], *status;
	int process;

	snprintf(path, sizeof(path), "/proc/%d/status", tracer);
	status = proc_dir_text(AT_FDCWD, path);
	process = status ? atoi(proc_dir_field(status, "Tgid:")) : tracer;
	free(status);
	snprintf(path, sizeof(path), "/proc/%d/comm", process);
	proc_dir_name(AT_FDCWD, path, name, sizeof(name));
	return refuse(why, -EBUSY, "process %d (%s) traces it, and there can be one tracer only: that has to let go first",
		process, name);
}

/* Of a thread: its tracer, and whether system calls of it are filtered. */
static int check_thread(const char *status, const struct refusal *why)
{
	int tracer = atoi(proc_dir_field(status, "TracerPid:"));
	const char *lacking;

	if (tracer > 0)
		return say_tracer(tracer, why);
	if (atoi(proc_dir_field(status, "Seccomp:")) && !can_suspend_filters(&lacking))
		return refuse(
			why, -EPERM, "a seccomp filter is on it, which may end it for what a debugger does, and %s", lacking);
	return 0;
}

/* A debugger may trace some threads only, and a VMM filter some. */
static int check_threads(const struct subject *s, const struct refusal *why)
{
	struct proc_threads threads;
	struct proc_thread thread;
	int err = proc_threads_open_in(&threads, s->dir);

	if (err)
		return refuse(why, err, "its threads: %s", strerror(-err));
	while (!err && proc_threads_next(&threads, &thread)) {
		char path[32], *status;

		snprintf(path, sizeof(path), "task/%d/status", thread.tid);
		status = proc_dir_text(s->dir, path);
		err = status ? check_thread(status, why) : 0;
		free(status);
	}
	proc_threads_close(&threads);
	return err;
}

bool proc_is_filtered(pid_t pid)
{
	struct proc_threads threads;
	struct proc_thread thread;
	bool filtered = false;

	if (proc_threads_open(&threads, pid))
		return false;
	while (!filtered && proc_threads_next(&threads, &thread)) {
		char path[64], *status;

		snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, thread.tid);
		status = proc_dir_text(AT_FDCWD, path);
		filtered = status && atoi(proc_dir_field(status, "Seccomp:"));
		free(status);
	}
	proc_threads_close(&threads);
	return filtered;
}

/* /proc/PID/mem is opened for those who may trace, and without a trace. */
static int check_permission(const struct subject *s, const struct refusal *why)
{
	int fd = openat(s->dir, "mem", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno == EACCES || errno == EPERM)
		return forbidden(s->dir, s->status, why);
	return refuse(why, errno == ENOENT ? -ESRCH : -errno, "its memory: %s", strerror(errno));
}

/* The registers of a process of 32 bits, its system calls and its kvm_run are others. */
static int check_class(const struct subject *s, const struct refusal *why)
{
	unsigned char ident[EI_NIDENT] = { 0 };
	int fd = openat(s->dir, "exe", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, ident, sizeof(ident), 0);

	if (fd >= 0)
		close(fd);
	if (n == sizeof(ident) && !memcmp(ident, ELFMAG, SELFMAG) && ident[EI_CLASS] == ELFCLASS32)
		return refuse(why, -EOPNOTSUPP, "it is a program of 32 bits, and only those of 64 can be attached to");
	return 0;
}

int proc_check_in(int dir, pid_t pid, const struct refusal *why)
{
	static int (*const checks[])(const struct subject *, const struct refusal *) = {
		check_self,
		check_alive,
		check_permission,
		check_class,
		check_threads,
	};
	char *status = proc_dir_text(dir, "status");
	struct subject s = { .dir = dir, .pid = pid, .status = status };
	int err = 0;

	if (!status)
		return refuse(why, -ESRCH, "it has ended");
	for (unsigned i = 0; !err && i < sizeof(checks) / sizeof(*checks); i++)
		err = checks[i](&s, why);
	free(status);
	return err;
}

int proc_check(pid_t pid, const struct refusal *why)
{
	char reason[256];
	int dir = proc_dir_open(pid, why), err;

	if (dir < 0)
		return dir;
	err = proc_check_in(dir, pid, &(struct refusal){ reason, sizeof(reason) });
	close(dir);
	return err ? refuse(why, err, "process %d cannot be attached to: %s", pid, reason) : 0;
}
