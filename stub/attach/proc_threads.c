/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads of a process, see proc.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"
#include "proc_dir.h"

#define THREADS_MAX 65536

int proc_threads_open_in(struct proc_threads *threads, int dir)
{
	int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	threads->dir = fd < 0 ? NULL : fdopendir(fd);
	threads->left = THREADS_MAX;
	if (threads->dir)
		return 0;
	if (fd >= 0)
		close(fd);
	return errno == ENOENT ? -ESRCH : -errno;
}

int proc_threads_open(struct proc_threads *threads, pid_t pid)
{
	int dir = proc_dir_open(pid, NULL), err;

	if (dir < 0)
		return dir;
	err = proc_threads_open_in(threads, dir);
	close(dir);
	return err;
}

static void read_comm(int task, const char *tid, char comm[PROC_COMM_MAX])
{
	char path[32];

	snprintf(path, sizeof(path), "%.20s/comm", tid);
	proc_dir_name(task, path, comm, PROC_COMM_MAX);
}

bool proc_threads_next(struct proc_threads *threads, struct proc_thread *thread)
{
	struct dirent *entry;

	while (threads->left && (entry = readdir(threads->dir))) {
		threads->left--;
		thread->tid = atoi(entry->d_name);
		if (thread->tid <= 0)
			continue;
		read_comm(dirfd(threads->dir), entry->d_name, thread->comm);
		return true;
	}
	return false;
}

void proc_threads_close(struct proc_threads *threads)
{
	closedir(threads->dir);
}

/* A file of one thread's, to be freed; or NULL, with errno. */
static char *thread_text(pid_t pid, pid_t tid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	return proc_dir_text(AT_FDCWD, path);
}

/* PF_* of <linux/sched.h>, which is not for programs; before Linux 6.4 there are only the workers of io_uring. */
#define WORKER (0x10ul /* PF_IO_WORKER */ | 0x4000ul /* PF_USER_WORKER */)

bool proc_is_worker(pid_t pid, pid_t tid)
{
	char *stat = thread_text(pid, tid, "stat"), *behind = stat ? strrchr(stat, ')') : NULL;
	unsigned long flags = 0;

	if (behind && sscanf(behind, ") %*c %*d %*d %*d %*d %*d %lu", &flags) != 1)
		flags = 0;
	free(stat);
	return flags & WORKER;
}

/* As ps shows it, or 0. */
static char thread_state(pid_t pid, pid_t tid)
{
	char *stat = thread_text(pid, tid, "stat"), *behind = stat ? strrchr(stat, ')') : NULL;
	char state = behind && behind[1] ? behind[2] : 0;

	free(stat);
	return state;
}

bool proc_is_alive(pid_t pid, pid_t tid)
{
	char state = thread_state(pid, tid);

	return state && state != 'Z' && state != 'X';
}

bool proc_is_asleep(pid_t pid, pid_t tid)
{
	return thread_state(pid, tid) == 'S';
}

bool proc_is_stopped(pid_t pid, pid_t tid)
{
	return thread_state(pid, tid) == 'T';
}

int proc_thread_call(pid_t pid, pid_t tid, long *nr, uint64_t args[6])
{
	char *text = thread_text(pid, tid, "syscall");
	unsigned long long a[6] = { 0 };
	int n;

	if (!text)
		return errno == ENOENT ? -ESRCH : -errno;
	n = sscanf(text, "%ld %llx %llx %llx %llx %llx %llx", nr, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5]);
	if (n < 7)
		*nr = -1;
	for (unsigned i = 0; i < 6; i++)
		args[i] = n < 7 ? 0 : a[i];
	free(text);
	return 0;
}
