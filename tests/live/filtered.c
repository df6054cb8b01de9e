/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/examples/vmm_loop.c under seccomp filters that are made of the library's own lists: it is compiled with kvmgdb_run() and
 * kvmgdb_dispatch() replaced by those here. What else this VMM calls is let through as well. Anything else ends it, and is named.
 *
 * FILTER_WITHOUT=THREAD:KIND:N, each a number: one entry of a list is left out. THREAD as in kvmgdb.h, KIND 0: system calls, 1: ioctl.
 */
#include <err.h>
#include <kvmgdb.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef FILTERED_VCPU
#define FILTERED_VCPU KVMGDB_VCPU
#endif

int filtered_run(struct kvmgdb_vcpu *vcpu);
int filtered_dispatch(struct kvmgdb *gdb);

/* Of the VMM itself: its console, its event loop, its end. */
static const int own_calls[] = {
	SYS_write,
	SYS_exit_group,
	SYS_exit,
	SYS_read,
	SYS_rt_sigreturn,
	SYS_futex,
#ifdef SYS_poll
	SYS_poll,
#else
	SYS_ppoll,
#endif
};

static void at_call(int sig, siginfo_t *info, void *context)
{
	char text[80];
	int n = snprintf(text, sizeof(text), "filtered: system call %d\n", info->si_syscall);

	(void)sig;
	(void)context;
	if (write(STDERR_FILENO, text, (size_t)n) < 0)
		_exit(98);
	_exit(99);
}

static bool is_left_out(enum kvmgdb_thread thread, int kind, size_t i)
{
	unsigned t, k, n;
	const char *without = getenv("FILTER_WITHOUT");

	return without && sscanf(without, "%u:%u:%u", &t, &k, &n) == 3 && t == (unsigned)thread && k == (unsigned)kind &&
	       n == i;
}

static struct sock_filter program[512];

static unsigned short add(unsigned short at, struct sock_filter f)
{
	program[at] = f;
	return at + 1;
}

/* A number that is allowed, at the offset that is loaded. */
static unsigned short allow(unsigned short at, unsigned nr)
{
	at = add(at, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1));
	return add(at, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

static unsigned short load(unsigned short at, size_t offset)
{
	return add(at, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

static unsigned short write_program(enum kvmgdb_thread thread)
{
	size_t ncalls, nioctls;
	const int *calls = kvmgdb_syscalls(thread, &ncalls);
	const unsigned long *ioctls = kvmgdb_ioctls(thread, &nioctls);
	unsigned short at = load(0, offsetof(struct seccomp_data, nr));
	unsigned char takes_ioctl = 0;

	for (size_t i = 0; i < sizeof(own_calls) / sizeof(own_calls[0]); i++)
		at = allow(at, (unsigned)own_calls[i]);
	for (size_t i = 0; i < ncalls; i++) {
		if (is_left_out(thread, 0, i))
			continue;
		if (calls[i] == SYS_ioctl)
			takes_ioctl = 1;
		else
			at = allow(at, (unsigned)calls[i]);
	}
	at = add(at, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, takes_ioctl, 0));
	at = add(at, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
	at = load(at, offsetof(struct seccomp_data, args[1])
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
			      + 4
#endif
	);
	for (size_t i = 0; i < nioctls; i++)
		if (!is_left_out(thread, 1, i))
			at = allow(at, (unsigned)ioctls[i]);
	return add(at, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
}

static void filter(enum kvmgdb_thread thread)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct sigaction action = { .sa_sigaction = at_call, .sa_flags = SA_SIGINFO };
	struct sock_fprog fprog = { .filter = program };

	pthread_mutex_lock(&lock);
	sigaction(SIGSYS, &action, NULL);
	fprog.len = write_program(thread);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog))
		err(1, "seccomp");
	pthread_mutex_unlock(&lock);
}

static bool is_own(int call)
{
	for (size_t i = 0; i < sizeof(own_calls) / sizeof(own_calls[0]); i++)
		if (own_calls[i] == call)
			return true;
	return false;
}

static void tell_lists(enum kvmgdb_thread thread)
{
	size_t ncalls, nioctls;
	const int *calls = kvmgdb_syscalls(thread, &ncalls);
	const unsigned long *ioctls = kvmgdb_ioctls(thread, &nioctls);

	for (size_t i = 0; i < ncalls; i++)
		printf("%u:0:%zu %d %s\n", (unsigned)thread, i, calls[i], is_own(calls[i]) ? "own" : "");
	for (size_t i = 0; i < nioctls; i++)
		printf("%u:1:%zu 0x%lx\n", (unsigned)thread, i, ioctls[i]);
}

/* filtered --entries: each as THREAD:KIND:N, its number, and whether it is let through anyway. */
__attribute__((constructor)) static void tell_entries(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "--entries"))
		return;
	tell_lists(FILTERED_VCPU);
	tell_lists(KVMGDB_SERVER);
	exit(0);
}

int filtered_run(struct kvmgdb_vcpu *vcpu)
{
	static _Thread_local bool filtered;

	if (!filtered)
		filter(FILTERED_VCPU);
	filtered = true;
	return kvmgdb_run(vcpu);
}

int filtered_dispatch(struct kvmgdb *gdb)
{
	static _Thread_local bool filtered;

	if (!filtered)
		filter(KVMGDB_SERVER);
	filtered = true;
	return kvmgdb_dispatch(gdb);
}
