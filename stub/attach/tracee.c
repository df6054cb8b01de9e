/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns ptrace(2). See tracee.h. */
#include "tracee.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SYSCALL_STOP (SIGTRAP | 0x80) /* with PTRACE_O_TRACESYSGOOD */

/* So often a stop is looked for before the processor is left to others. */
#define EAGER 50
#define PAUSE_NS 50000
#define VDSO_MAX 0x4000
#define SEIZE_TRIES 10000
#define ROOM_MAX 256
#define ROOM_ALIGN 16

static long trace(int request, const struct tracee *t, void *addr, void *data)
{
	return ptrace(request, t->tid, addr, data) < 0 ? -errno : 0;
}

#define ALWAYS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC)

int tracee_seize(struct tracee *t, pid_t pid, pid_t tid, int memory, unsigned long options)
{
	options |= ALWAYS;
	*t = (struct tracee){ .pid = pid, .tid = tid, .memory = memory, .options = options };
	return (int)trace(PTRACE_SEIZE, t, NULL, (void *)options);
}

int tracee_seize_from(struct tracee *t)
{
	int err = t->tid ? -EPERM : -ESRCH;

	for (unsigned i = 0; err == -EPERM && i < SEIZE_TRIES; i++) {
		err = tracee_seize(t, t->pid, t->tid, t->memory, t->options);
		if (err)
			nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
	}
	return err;
}

int tracee_follow(struct tracee *t, bool follows)
{
	return (int)trace(PTRACE_SETOPTIONS, t, NULL, (void *)(t->options | (follows ? PTRACE_O_TRACECLONE : 0)));
}

int tracee_set_options(struct tracee *t, unsigned long options)
{
	int err = (int)trace(PTRACE_SETOPTIONS, t, NULL, (void *)(options | ALWAYS));

	if (!err)
		t->options = options | ALWAYS;
	return err;
}

/* The bare call: a handler uses nothing of the library's. */
void tracee_interrupt(const struct tracee *t)
{
	int old = errno;

	syscall(SYS_ptrace, PTRACE_INTERRUPT, t->tid, 0, 0);
	errno = old;
}

int64_t tracee_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool is_up(int64_t until, unsigned tries)
{
	if (tracee_now() >= until)
		return true;
	if (tries < EAGER)
		sched_yield();
	else
		nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
	return false;
}

/*
 * A stop for a signal is looked at, and not taken from the kernel: when we are killed before we have passed the signal on, the kernel does it.
 * With other stops it is the other way round: what is not taken the kernel would send as a signal (ptrace_stop(), kernel/signal.c).
 */
static pid_t take_status(const struct tracee *t, int flags, int *status)
{
	siginfo_t info = { .si_pid = 0 };
	int r = waitid(P_PID, (id_t)t->tid, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL | flags);

	if (r < 0 || !info.si_pid)
		return r;
	if (info.si_code != CLD_TRAPPED || info.si_status >> 8 || info.si_status == SYSCALL_STOP)
		return waitpid(t->tid, status, __WALL | flags);
	*status = info.si_status << 8 | 0x7f;
	return info.si_pid;
}

pid_t tracee_next(void)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_ALL, 0, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL | __WNOTHREAD) < 0 ? -errno : info.si_pid;
}

static pid_t wait_for(const struct tracee *t, int64_t until, int *status)
{
	pid_t pid;

	for (unsigned tries = 0;; tries++) {
		pid = take_status(t, until > 0 ? WNOHANG : 0, status);
		if (pid > 0 || (pid < 0 && errno != EINTR))
			return pid;
		if (until == TRACEE_NUDGED || (pid == 0 && is_up(until, tries)))
			return 0;
	}
}

static enum tracee_stop see_syscall(const struct tracee *t, struct tracee_syscall *info)
{
	struct __ptrace_syscall_info i = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, (void *)sizeof(i), &i) < 0)
		return TRACEE_GONE;
	if (info) {
		info->call.nr = i.entry.nr;
		for (unsigned n = 0; n < 6; n++)
			info->call.arg[n] = i.entry.args[n];
		info->result = i.exit.rval;
	}
	return i.op == PTRACE_SYSCALL_INFO_ENTRY ? TRACEE_ENTRY : TRACEE_EXIT;
}

static void ended(struct tracee *t, int status)
{
	t->killer = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	t->code = WIFSIGNALED(status) ? 0 : WEXITSTATUS(status);
}

enum tracee_stop tracee_wait(struct tracee *t, int64_t until, struct tracee_syscall *info)
{
	int status, event, signal;
	pid_t pid = wait_for(t, until, &status);

	t->signal = 0;
	if (!pid)
		return TRACEE_LATE;
	if (pid > 0 && !WIFSTOPPED(status))
		ended(t, status);
	if (pid < 0 || !WIFSTOPPED(status))
		return TRACEE_GONE;
	event = status >> 16;
	signal = WSTOPSIG(status);
	if (event == PTRACE_EVENT_STOP)
		return signal == SIGTRAP ? TRACEE_EVENT : TRACEE_GROUP;
	if (event)
		return event == PTRACE_EVENT_EXEC ? TRACEE_EXEC : TRACEE_EVENT;
	if (signal == SYSCALL_STOP)
		return see_syscall(t, info);
	t->signal = signal;
	return TRACEE_SIGNAL;
}

int tracee_go(struct tracee *t, enum tracee_go how)
{
	int signal = t->signal;

	t->signal = 0;
	return (int)trace(how == TRACEE_SYSCALL ? PTRACE_SYSCALL : PTRACE_CONT, t, NULL, (void *)(long)signal);
}

int tracee_listen(const struct tracee *t)
{
	return (int)trace(PTRACE_LISTEN, t, NULL, NULL);
}

int tracee_detach(struct tracee *t)
{
	int err = (int)trace(PTRACE_DETACH, t, NULL, (void *)(long)t->signal);

	t->tid = 0;
	return err;
}

int tracee_read_regs(struct tracee *t)
{
	struct iovec v = { t->regs.r, sizeof(t->regs.r) };
	int err = (int)trace(PTRACE_GETREGSET, t, (void *)NT_PRSTATUS, &v);

	t->regs.size = err ? 0 : v.iov_len;
	return err;
}

int tracee_write_regs(struct tracee *t, const struct tracee_regs *regs)
{
	struct iovec v = { (void *)regs->r, regs->size };

	return (int)trace(PTRACE_SETREGSET, t, (void *)NT_PRSTATUS, &v);
}

int tracee_get_mask(const struct tracee *t, uint64_t *mask)
{
	return (int)trace(PTRACE_GETSIGMASK, t, (void *)sizeof(*mask), mask);
}

int tracee_swap_mask(struct tracee *t, uint64_t mask, uint64_t *old)
{
	int err = tracee_get_mask(t, old);

	return err ? err : (int)trace(PTRACE_SETSIGMASK, t, (void *)sizeof(mask), &mask);
}

int tracee_write_entry(struct tracee *t, const struct tracee_regs *regs, uint64_t nr)
{
	int number = (int)nr;
	struct iovec v = { &number, sizeof(number) };
	int err = tracee_write_regs(t, regs);

	if (!err && tracee_arch.nr_set)
		err = (int)trace(PTRACE_SETREGSET, t, (void *)(unsigned long)tracee_arch.nr_set, &v);
	return err;
}

int tracee_change_call(struct tracee *t, const struct tracee_call *call)
{
	struct tracee_regs regs = t->regs;

	regs.r[tracee_arch.nr] = call->nr;
	for (unsigned i = 1; i < 6; i++)
		regs.r[tracee_arch.arg[i]] = call->arg[i];
	return tracee_write_entry(t, &regs, call->nr);
}

int64_t tracee_call_behind(const struct tracee *t)
{
	uint8_t insn[8];
	uint64_t pc = t->regs.r[tracee_arch.pc];
	unsigned size = tracee_arch.insn_size;

	if (pread(t->memory, insn, size, (off_t)(pc - size)) != (ssize_t)size || !tracee_is_syscall(insn))
		return -1;
	return (int64_t)t->regs.r[tracee_arch.nr];
}

/* The vDSO, as /proc/PID/maps has it. */
static bool find_vdso(const struct tracee *t, uint64_t *start, uint64_t *end)
{
	char line[512];
	bool found = false;
	FILE *maps;

	snprintf(line, sizeof(line), "/proc/%d/maps", t->pid);
	maps = fopen(line, "re");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, "[vdso]") && sscanf(line, "%" SCNx64 "-%" SCNx64, start, end) == 2;
	if (maps)
		fclose(maps);
	return found;
}

uint64_t tracee_find_syscall(const struct tracee *t)
{
	uint8_t code[VDSO_MAX];
	uint64_t start, end, pc = t->regs.r[tracee_arch.pc];
	ssize_t n = -1;

	if (find_vdso(t, &start, &end) && end > start)
		n = pread(t->memory, code, end - start < sizeof(code) ? end - start : sizeof(code), (off_t)start);
	for (ssize_t i = 0; i + (ssize_t)tracee_arch.insn_size <= n; i += tracee_arch.insn_align)
		if (tracee_is_syscall(code + i) && start + i != pc && start + i + tracee_arch.insn_size != pc)
			return start + i;
	return 0;
}

uint64_t tracee_find_room(const struct tracee *t, size_t size)
{
	uint8_t code[ROOM_MAX];
	uint64_t start, end, at;

	if (!find_vdso(t, &start, &end))
		return 0;
	at = (end - size) / ROOM_ALIGN * ROOM_ALIGN;
	if (at < start + ROOM_ALIGN || end - at > sizeof(code) - ROOM_ALIGN)
		return 0;
	size = end - at + ROOM_ALIGN;
	if (pread(t->memory, code, size, (off_t)(at - ROOM_ALIGN)) != (ssize_t)size)
		return 0;
	while (size && !code[size - 1])
		size--;
	return size ? 0 : at;
}

static int run_call(struct tracee *t, int64_t *result)
{
	struct tracee_syscall info;

	for (;;) {
		enum tracee_stop stop;

		if (tracee_go(t, TRACEE_SYSCALL))
			return -ESRCH;
		stop = tracee_wait(t, 0, &info);
		if (stop == TRACEE_GONE || stop == TRACEE_EXEC)
			return -ESRCH;
		if (stop == TRACEE_EXIT)
			break;
	}
	*result = info.result;
	return 0;
}

int tracee_inject(struct tracee *t, uint64_t pc, const struct tracee_call *call, int64_t *result)
{
	struct tracee_regs regs = t->regs;
	int err;

	regs.r[tracee_arch.pc] = pc;
	tracee_set_call(&regs, call);
	err = tracee_write_regs(t, &regs);
	if (!err)
		err = run_call(t, result);
	return err;
}
