/* SPDX-License-Identifier: BSD-2-Clause */
/* A VMM of ours, from its start to its end. See launch.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach_vcpu.h"
#include "launch.h"
#include "launch_parts.h"
#include "proc_dir.h"

#define TICK_NS 20000000
#define PATIENCE_NS 3000000000 /* between SIGTERM and SIGKILL */
#define KILLED_NS 2000000000   /* ... and what has not ended so long after that cannot */

/* --- waiting */

static void sleep_a_tick(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = TICK_NS }, NULL);
}

/* One of the signals has come that end us; or 0. */
static int told_to_end(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;

	if (sigpending(&set))
		return 0;
	for (unsigned i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (sigismember(&set, signals[i]) == 1)
			return signals[i];
	return 0;
}

/* The tracer looks at the time, and at what it is told, when a signal wakes it. */
static void await_stage(struct launch *l, enum launch_stage before)
{
	while (atomic_load(&l->stage) == before) {
		if (told_to_end())
			atomic_store(&l->gives_up, true);
		sleep_a_tick();
		pthread_kill(l->tracer, ATTACH_SIGNAL);
	}
}

static void join(struct launch *l)
{
	if (l->has_tracer)
		pthread_join(l->tracer, NULL);
	l->has_tracer = false;
}

/* --- its start */

static int read_error(struct launch *l)
{
	int err = l->error;

	if (l->told >= 0 && !err && read(l->told, &err, sizeof(err)) != sizeof(err))
		err = 0;
	if (l->told >= 0)
		close(l->told);
	l->told = -1;
	return err;
}

static int refuse_program(const struct launch *l, int err, const struct refusal *why)
{
	if (err)
		return refuse(why, err, "%s: %s", l->config.argv[0], strerror(-err));
	return refuse(why, -ECHILD, "%s has ended before it was executed", l->config.argv[0]);
}

static void release(struct launch *l)
{
	join(l);
	guard_close(&l->guard);
	launch_take_terminal(l);
	if (l->told >= 0)
		close(l->told);
	free(l->held.vcpu);
	seen_free(&l->seen);
	free(l);
}

struct launch *launch_open(const struct launch_config *config, int *status, const struct refusal *why)
{
	struct launch *l = calloc(1, sizeof(*l));

	*status = EXIT_FAILURE;
	if (!l) {
		refuse(why, -ENOMEM, "out of memory");
		return NULL;
	}
	*l = (struct launch){ .config = *config, .tty = -1, .told = -1, .status = -1, .guard.alive = -1 };
	attach_install_kick();
	if (pthread_create(&l->tracer, NULL, launch_trace, l)) {
		refuse(why, -EAGAIN, "cannot start a thread");
		free(l);
		return NULL;
	}
	l->has_tracer = true;
	await_stage(l, LAUNCH_STARTS);
	if (atomic_load(&l->is_executed))
		return l;
	join(l);
	refuse_program(l, read_error(l), why);
	*status = l->status < 0 ? EXIT_FAILURE : l->status;
	release(l);
	return NULL;
}

pid_t launch_pid(const struct launch *l)
{
	return l->root;
}

/* --- its vCPUs */

static int refuse_vm(const struct launch *l, const struct refusal *why)
{
	const char *name = l->config.argv[0];

	if (told_to_end())
		return refuse(why, -EINTR, "%s: signal %d ends it before it has a VM", name, told_to_end());
	if (l->error == -EPERM)
		return refuse(why, l->error,
			"%s: a seccomp filter is on the thread of a vCPU, and to suspend it takes CAP_SYS_ADMIN", name);
	if (l->error)
		return refuse(why, l->error, "%s: its vCPUs cannot be held: %s", name, strerror(-l->error));
	if (l->status >= 128)
		return refuse(why, -ECHILD, "%s: signal %d has ended it before it had a VM", name, l->status - 128);
	return refuse(why, -ECHILD, "%s has ended, with status %d, before it had a VM", name, l->status);
}

int launch_hold(struct launch *l, const struct refusal *why)
{
	await_stage(l, LAUNCH_RUNS);
	join(l);
	if (atomic_load(&l->stage) == LAUNCH_ENDED || l->error || atomic_load(&l->gives_up))
		return refuse_vm(l, why);
	return 0;
}

pid_t launch_vm(const struct launch *l)
{
	return l->vm;
}

const struct held *launch_held(const struct launch *l)
{
	return &l->held;
}

const struct seen_vms *launch_seen(const struct launch *l)
{
	return &l->seen;
}

void launch_is_taken(struct launch *l)
{
	guard_close(&l->guard);
}

/* --- its end */

void launch_to_end(struct launch *l)
{
	atomic_store(&l->wish, LAUNCH_ENDS);
}

void launch_to_live(struct launch *l)
{
	atomic_store(&l->wish, LAUNCH_LIVES);
}

/* A process that has ended, and has perhaps not been waited for. */
static bool has_ended(pid_t pid)
{
	int dir = proc_dir_open(pid, NULL);
	char *status = dir < 0 ? NULL : proc_dir_text(dir, "status"),
	     state = status ? proc_dir_field(status, "State:")[0] : 'X';

	free(status);
	if (dir >= 0)
		close(dir);
	return state == 'Z' || state == 'X';
}

/* Whoever traces its first thread may have waited for it. */
static bool has_root_ended(struct launch *l)
{
	int status;
	pid_t pid;

	if (l->status >= 0)
		return true;
	pid = waitpid(l->root, &status, WNOHANG);
	if (pid == l->root)
		l->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return pid == l->root || (pid < 0 && errno == ECHILD);
}

bool launch_is_over(struct launch *l)
{
	bool over = has_ended(l->vm);

	l->is_outlived |= has_root_ended(l) && !over;
	return over;
}

static bool are_all_over(struct launch *l)
{
	return has_root_ended(l) && (!l->vm || has_ended(l->vm));
}

/* The group may have children of the VMM's, and the VMM may have left it. */
static void send_all(const struct launch *l, int signal)
{
	kill(-l->root, signal);
	if (l->vm && !has_ended(l->vm))
		kill(l->vm, signal);
}

static bool await_end(struct launch *l, int64_t ns)
{
	int64_t until = tracee_now() + ns;

	while (!are_all_over(l) && tracee_now() < until)
		sleep_a_tick();
	return are_all_over(l);
}

static void end(struct launch *l)
{
	send_all(l, SIGTERM);
	send_all(l, SIGCONT);
	if (await_end(l, PATIENCE_NS))
		return;
	send_all(l, SIGKILL);
	await_end(l, KILLED_NS);
}

/* By itself; or one of the signals comes meanwhile. */
static int await_own_end(struct launch *l, int status)
{
	while (!are_all_over(l) && !told_to_end())
		sleep_a_tick();
	if (!are_all_over(l))
		end(l);
	return l->status >= 0 && !l->is_outlived ? l->status : status;
}

int launch_close(struct launch *l, int status)
{
	enum launch_wish wish = atomic_load(&l->wish);

	if (atomic_load(&l->stage) == LAUNCH_ENDED && l->status >= 0)
		status = l->status;
	else if (wish == LAUNCH_ENDS)
		end(l);
	else if (wish == LAUNCH_WAITS)
		status = await_own_end(l, status);
	release(l);
	return told_to_end() ? 128 + told_to_end() : status;
}
