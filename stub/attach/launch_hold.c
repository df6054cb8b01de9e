/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is held, in which state, and for how long others are waited for. See launch.h. */
#include <errno.h>
#include <signal.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "launch_parts.h"
#include "proc.h"
#include "proc_dir.h"

#define ALL_NS 100000000    /* all vCPUs that there are are held for so long, and none was made; */
#define SOME_NS 500000000   /* some, and all other threads sleep; */
#define IDLE_NS 1000000000  /* none is held, and none of the VMM's threads does anything; */
#define NONE_NS 10000000000 /* whatever they do: then no more is waited for */

#define LOOK_NS 20000000 /* between two looks */
#define ASLEEP_TRIES 1000
#define ASLEEP_NS 1000000

/* --- whose thread it is, and which vCPU */

static pid_t process_of(pid_t tid)
{
	char path[32], *status;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	status = proc_dir_text(AT_FDCWD, path);
	pid = status ? atoi(proc_dir_field(status, "Tgid:")) : 0;
	free(status);
	return pid;
}

static bool is_filtered(pid_t tid)
{
	char path[32], *status;
	bool filtered;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	status = proc_dir_text(AT_FDCWD, path);
	filtered = status && atoi(proc_dir_field(status, "Seccomp:"));
	free(status);
	return filtered;
}

/* The vCPU's number by what the kernel calls its descriptor, or -1. */
static int vcpu_of(pid_t pid, int fd)
{
	char path[48], name[64];
	ssize_t n;
	int nr = -1;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, name, sizeof(name) - 1);
	name[n > 0 ? n : 0] = '\0';
	return sscanf(name, "anon_inode:kvm-vcpu:%d", &nr) == 1 ? nr : -1;
}

/* --- holding one */

/* By the guardian. */
static void end_vm(void *launch)
{
	const struct launch *l = launch;

	kill(l->vm, SIGKILL);
}

/* Nobody would wake those who are held, should we be killed. */
static int guard_vm(struct launch *l)
{
	if (l->guard.table)
		return 0;
	if (guard_init(&l->guard, 0))
		return -ENOMEM;
	return guard_open(&l->guard, &(struct guard_job){ end_vm, l, { -1, -1 } }, NULL);
}

/* KVM_RUN becomes a call that waits for nothing, for ever. Its first argument says nothing, and cannot be changed everywhere. */
static int put_to_sleep(struct launch_thread *t, const struct held_vcpu *h)
{
	struct tracee_call call = { .nr = SYS_ppoll, .arg = { (uint64_t)h->fd } };
	unsigned long options = t->tracee.options | PTRACE_O_SUSPEND_SECCOMP;
	uint64_t mask;
	int err = is_filtered(h->tid) ? tracee_set_options(&t->tracee, options) : 0;

	if (!err)
		err = tracee_change_call(&t->tracee, &call);
	return err ? err : tracee_swap_mask(&t->tracee, ~(uint64_t)0, &mask);
}

static int hold(struct launch *l, struct launch_thread *t, pid_t pid, int fd, unsigned nr)
{
	struct held_vcpu *h = reallocarray(l->held.vcpu, l->held.n + 1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	l->held.vcpu = h;
	h += l->held.n;
	*h = (struct held_vcpu){ .tid = t->tracee.tid, .nr = nr, .fd = fd };
	err = tracee_read_regs(&t->tracee);
	h->regs = t->tracee.regs;
	l->vm = pid;
	if (!err)
		err = guard_vm(l);
	if (!err)
		err = tracee_get_mask(&t->tracee, &h->mask);
	if (!err)
		err = put_to_sleep(t, h);
	if (err)
		return err;
	t->is_held = true;
	l->held.n++;
	l->changed = tracee_now();
	return 0;
}

/* The first process that runs a vCPU has the VM. Another one runs its own. */
static void at_run(struct launch *l, struct launch_thread *t, int fd)
{
	pid_t pid = process_of(t->tracee.tid);
	int nr = vcpu_of(pid, fd), err;

	if (nr < 0 || (l->held.n && pid != l->vm))
		return;
	err = hold(l, t, pid, fd, (unsigned)nr);
	if (err && err != -ESRCH)
		l->error = err;
}

void launch_at_entry(struct launch *l, struct launch_thread *t, const struct tracee_call *call)
{
	bool ioctl = call->nr == SYS_ioctl;

	t->makes_vcpu = ioctl && (uint32_t)call->arg[1] == (uint32_t)KVM_CREATE_VCPU;
	seen_begins(&t->seen, t->tracee.tid, call);
	if (ioctl && (uint32_t)call->arg[1] == (uint32_t)KVM_RUN)
		at_run(l, t, (int)call->arg[0]);
}

void launch_at_exit(struct launch *l, struct launch_thread *t, int64_t result)
{
	if (t->makes_vcpu && result >= 0) {
		l->changed = tracee_now();
		if (!l->held.n)
			l->vm = process_of(t->tracee.tid);
	}
	t->makes_vcpu = false;
	if (t->seen.kind)
		seen_ends(&l->seen, process_of(t->tracee.tid), &t->seen, result);
}

/* --- is there nothing to wait for any more? */

static bool is_held(const struct launch *l, unsigned nr)
{
	for (unsigned i = 0; i < l->held.n; i++)
		if (l->held.vcpu[i].nr == nr)
			return true;
	return false;
}

static bool holds_all(struct launch *l, int64_t now)
{
	struct proc_vm vm;
	bool all = true;

	if (now - l->looked < LOOK_NS || proc_find_vm(l->vm, &vm, NULL))
		return false;
	l->looked = now;
	for (unsigned i = 0; all && i < vm.nvcpus; i++)
		all = is_held(l, vm.vcpu[i].nr);
	proc_free(&vm);
	return all;
}

/* It has made a VM with vCPUs, perhaps to see what KVM can, and has none any more. */
static bool has_vm(const struct launch *l)
{
	struct proc_vm vm;
	int err = proc_find_vm(l->vm, &vm, NULL);

	if (!err)
		proc_free(&vm);
	return !err;
}

/* Whether such a call has succeeded is waited for: it does not take long. */
static bool is_setting_slot(const struct launch *l)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->threads[i]->seen.kind)
			return true;
	return false;
}

/* On its way to KVM_RUN, perhaps, on a computer that has no time for it. */
static bool is_busy(const struct launch *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		pid_t tid = l->threads[i]->tracee.tid;

		if (!l->threads[i]->is_held && !proc_is_asleep(tid, tid))
			return true;
	}
	return false;
}

bool launch_is_complete(struct launch *l)
{
	int64_t now = tracee_now(), since = now - l->changed;

	if (l->error)
		return true;
	if (!l->changed || is_setting_slot(l))
		return false;
	if (l->held.n)
		return since > NONE_NS || (since > SOME_NS && !is_busy(l)) || (since > ALL_NS && holds_all(l, now));
	if (since < IDLE_NS || (now - l->stopped < IDLE_NS && since < NONE_NS))
		return false;
	if (!has_vm(l))
		l->changed = 0;
	return l->changed;
}

/* --- the end */

/* As if nothing had been. */
static void give_back(struct launch_thread *t, const struct held_vcpu *h)
{
	uint64_t mask;

	tracee_write_entry(&t->tracee, &h->regs, SYS_ioctl);
	tracee_swap_mask(&t->tracee, h->mask, &mask);
	tracee_set_options(&t->tracee, t->tracee.options & ~(unsigned long)PTRACE_O_SUSPEND_SECCOMP);
	t->is_held = false;
	tracee_go(&t->tracee, TRACEE_CONT);
}

/*
 * Its filter is back when the tracer has ended, and looks at a call as it begins. Which call it is in /proc says of one that is only about to
 * begin it, too.
 */
static void await_sleep(const struct launch *l, const struct launch_thread *t)
{
	for (unsigned i = 0; i < ASLEEP_TRIES; i++) {
		if (proc_is_asleep(l->vm, t->tracee.tid) || !proc_is_alive(l->vm, t->tracee.tid))
			return;
		nanosleep(&(struct timespec){ .tv_nsec = ASLEEP_NS }, NULL);
	}
}

static void leave_asleep(const struct launch *l, struct launch_thread *t)
{
	tracee_go(&t->tracee, TRACEE_CONT);
	if (t->tracee.options & PTRACE_O_SUSPEND_SECCOMP)
		await_sleep(l, t);
}

/* Of several VMs in a process, the vCPUs of that which proc_find_vm() means. */
static bool is_of(const struct proc_vm *vm, const struct held_vcpu *h)
{
	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (vm->vcpu[i].nr == h->nr && (vm->vcpu[i].fd == h->fd || vm->vms < 2))
			return true;
	return false;
}

static struct launch_thread *thread_of(struct launch *l, pid_t tid)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->threads[i]->tracee.tid == tid && l->threads[i]->is_held)
			return l->threads[i];
	return NULL;
}

void launch_part(struct launch *l)
{
	bool gives_up = l->error || atomic_load(&l->gives_up);
	unsigned kept = 0;
	struct proc_vm vm;
	bool found = !gives_up && l->vm && !proc_find_vm(l->vm, &vm, NULL);

	for (unsigned i = 0; i < l->held.n; i++) {
		const struct held_vcpu h = l->held.vcpu[i];
		struct launch_thread *t = thread_of(l, h.tid);

		if (t && found && is_of(&vm, &h)) {
			leave_asleep(l, t);
			l->held.vcpu[kept++] = h;
		} else if (t) {
			give_back(t, &h);
		}
	}
	l->held.n = kept;
	if (found)
		proc_free(&vm);
}
