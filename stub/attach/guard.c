/* SPDX-License-Identifier: BSD-2-Clause */
/* Cleans up behind whoever was killed. See guard.h. */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST (-20) /* see nice(2) */

int guard_init(struct guard *g, unsigned vcpus)
{
	size_t size = sizeof(struct guard_table) + vcpus * sizeof(struct guard_vcpu);
	void *table = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*g = (struct guard){ .alive = -1 };
	if (table == MAP_FAILED)
		return -errno;
	g->table = table;
	g->size = size;
	return 0;
}

/* --- the guardian, which is a process with one thread */

/* What it shares with us it does not keep from ending: no socket, no terminal. */
static void close_others(const int *keep, unsigned n)
{
	unsigned from = 0;

	for (unsigned i = 0; i < n; i++) {
		if (keep[i] > (int)from)
			syscall(SYS_close_range, from, (unsigned)keep[i] - 1, 0);
		from = (unsigned)keep[i] + 1;
	}
	syscall(SYS_close_range, from, ~0u, 0);
}

static void sort(int *fds, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned k = i; k && fds[k] < fds[k - 1]; k--) {
			int fd = fds[k];

			fds[k] = fds[k - 1];
			fds[k - 1] = fd;
		}
}

__attribute__((noreturn)) static void guard_main(const struct guard *g, const struct guard_job *job, int end)
{
	int keep[] = { end, job->keep[0], job->keep[1] };
	sigset_t all;
	char byte;

	sort(keep, sizeof(keep) / sizeof(keep[0]));
	close_others(keep, sizeof(keep) / sizeof(keep[0]));
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "kvm-guardian");
	setpriority(PRIO_PROCESS, 0, FIRST); /* where it may: what is armed waits for nobody */
	while (read(end, &byte, 1) < 0 && errno == EINTR)
		;
	if (!atomic_load(&g->table->over))
		job->rescue(job->arg);
	_exit(0);
}

/* --- ours */

int guard_open(struct guard *g, const struct guard_job *job, const struct refusal *why)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return refuse(why, -errno, "cannot start a guardian: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		close(ends[1]);
		guard_main(g, job, ends[0]);
	}
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return refuse(why, -errno, "cannot start a guardian: %s", strerror(errno));
	}
	g->pid = pid;
	g->alive = ends[1];
	return 0;
}

int guard_again(struct guard *g, const struct guard_job *job, const struct refusal *why)
{
	struct guard old = *g;
	int err = guard_open(g, job, why);

	if (err)
		return err;
	if (old.pid) {
		kill(old.pid, SIGKILL);
		waitpid(old.pid, NULL, 0);
	}
	if (old.alive >= 0)
		close(old.alive);
	return 0;
}

void guard_close(struct guard *g)
{
	if (g->table)
		atomic_store(&g->table->over, true);
	if (g->alive >= 0)
		close(g->alive);
	if (g->pid)
		waitpid(g->pid, NULL, 0);
	if (g->table)
		munmap(g->table, g->size);
	*g = (struct guard){ .alive = -1 };
}

bool guard_watches(struct guard *g)
{
	return g->pid && !waitpid(g->pid, NULL, WNOHANG);
}

static struct guard_opcode *find(struct guard_table *t, uint64_t at)
{
	for (unsigned i = 0; i < GUARD_OPCODES; i++)
		if (atomic_load(&t->opcode[i].is_in) && t->opcode[i].at == at)
			return &t->opcode[i];
	return NULL;
}

static struct guard_opcode *find_free(struct guard_table *t)
{
	for (unsigned i = 0; i < GUARD_OPCODES; i++)
		if (!atomic_load(&t->opcode[i].is_in))
			return &t->opcode[i];
	return NULL;
}

void guard_puts(struct guard *g, uint64_t gpa, uint64_t at, const uint8_t *old, const uint8_t *trap, unsigned size)
{
	struct guard_opcode *o = find(g->table, at);

	if (!o)
		o = find_free(g->table);
	if (!o || size > GUARD_OPCODE)
		return;
	atomic_store(&o->is_in, false);
	o->gpa = gpa;
	o->at = at;
	o->size = (uint8_t)size;
	memcpy(o->old, old, size);
	memcpy(o->trap, trap, size);
	atomic_store(&o->is_in, true);
}

void guard_took(struct guard *g, uint64_t at)
{
	struct guard_opcode *o = find(g->table, at);

	if (o)
		atomic_store(&o->is_in, false);
}

bool guard_take_out(const struct guard_opcode *o, int memory)
{
	uint8_t now[GUARD_OPCODE];

	if (pread(memory, now, o->size, (off_t)o->at) != o->size || memcmp(now, o->trap, o->size))
		return false;
	return pwrite(memory, o->old, o->size, (off_t)o->at) == o->size;
}
