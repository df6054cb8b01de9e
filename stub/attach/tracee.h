/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread of another process, under ptrace(2). The tracer is the calling thread that seized it, and only that thread calls these
 * functions, but for tracee_interrupt() from a signal's handler that runs on it. Nothing here knows KVM.
 *
 * PTRACE_SEIZE sends no signal and stops nothing. When the tracer ends, the kernel lets the thread go, and, if it was stopped, on.
 */
#ifndef TRACEE_H
#define TRACEE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "tracee_arch.h"

struct tracee {
	pid_t pid, tid;
	int memory; /* /proc/PID/mem: the caller's */
	unsigned long options;
	int signal;		 /* of TRACEE_SIGNAL: it is delivered when the thread goes on */
	int code, killer;	 /* of TRACEE_GONE: its exit status, or the signal that has ended it */
	struct tracee_regs regs; /* as of tracee_read_regs() */
};

/* Why it has stopped. */
enum tracee_stop {
	TRACEE_EVENT, /* for tracee_interrupt(), or when a stopped process is continued, or as it begins, or when it has made another */
	TRACEE_GROUP,  /* its process was stopped by a signal: it may be listened to (tracee_listen()) */
	TRACEE_ENTRY,  /* at a system call, before it is made */
	TRACEE_EXIT,   /* behind it */
	TRACEE_SIGNAL, /* a signal is about to be delivered */
	TRACEE_EXEC,   /* the process runs another program from here on */
	TRACEE_GONE,   /* it has ended */
	TRACEE_LATE    /* it has not stopped, and the time is up */
};

/* At TRACEE_ENTRY and TRACEE_EXIT. */
struct tracee_syscall {
	struct tracee_call call; /* at the entry */
	int64_t result;		 /* at the exit */
};

/* How it goes on: up to the next stop of which kind. */
enum tracee_go {
	TRACEE_CONT,   /* signals, events */
	TRACEE_SYSCALL /* ... and system calls */
};

/* options: PTRACE_O_*, besides what is always set. 0 or -errno. */
int tracee_seize(struct tracee *t, pid_t pid, pid_t tid, int memory, unsigned long options);

/*
 * The same thread once more, by another process than the one that traced it, which was killed: waits until the kernel has let it go. 0 or
 * -errno.
 */
int tracee_seize_from(struct tracee *t);

/* It has stopped: whom it makes from here on is the caller's to trace, with the same options, and stops at once; or is not. 0 or -errno. */
int tracee_follow(struct tracee *t, bool follows);

/* It has stopped: PTRACE_O_*, besides what is always set. 0 or -errno. */
int tracee_set_options(struct tracee *t, unsigned long options);

/* The next thread of this tracer's that has stopped or ended, which tracee_wait() tells of. Or -errno: -ECHILD: there is none. */
pid_t tracee_next(void);

/* It is to stop, wherever it is. One that has stopped meanwhile for another reason does not stop again. */
void tracee_interrupt(const struct tracee *t);

/* In ns of CLOCK_MONOTONIC. By any thread. */
int64_t tracee_now(void);

#define TRACEE_NUDGED (-1)

/*
 * The next stop. until: as tracee_now() has it; or 0: however long it takes; or TRACEE_NUDGED: until a signal's handler has run on the tracer, which
 * may also have been just before this is called. info may be NULL.
 */
enum tracee_stop tracee_wait(struct tracee *t, int64_t until, struct tracee_syscall *info);

/* It has stopped, and goes on, with the signal of TRACEE_SIGNAL if that was the stop. 0 or -errno (-ESRCH: it has ended). */
int tracee_go(struct tracee *t, enum tracee_go how);

/* It remains stopped, with its process, and stops again as TRACEE_EVENT when that is continued. */
int tracee_listen(const struct tracee *t);

/* It goes on, and is nobody's. */
int tracee_detach(struct tracee *t);

/*
 * It has stopped. 0 or -errno. At the stops of a system call arm64's kernel shows something else as x7, and takes no other: what was read
 * at such a stop is only written at such a stop.
 */
int tracee_read_regs(struct tracee *t);
int tracee_write_regs(struct tracee *t, const struct tracee_regs *regs);

/* Which signals it does not take, while it is stopped. 0 or -errno. */
int tracee_swap_mask(struct tracee *t, uint64_t mask, uint64_t *old);
int tracee_get_mask(const struct tracee *t, uint64_t *mask);

/*
 * It has stopped at TRACEE_ENTRY, with regs, and makes this call in place of its own: the first argument is not changed, which some
 * architectures do not let. 0 or -errno. And: the call that regs were read at, of this number, after all.
 */
int tracee_change_call(struct tracee *t, const struct tracee_call *call);
int tracee_write_entry(struct tracee *t, const struct tracee_regs *regs, uint64_t nr);

/* It has stopped behind a system call's instruction: the number of that call, or -1. */
int64_t tracee_call_behind(const struct tracee *t);

/* The address of a system call instruction that the thread is not at or behind, in what the kernel has mapped for every process; 0: none. */
uint64_t tracee_find_syscall(const struct tracee *t);

/* So many bytes behind the end of what is there, all 0, where nothing is executed or read; 0: there is no such place. */
uint64_t tracee_find_room(const struct tracee *t, size_t size);

/*
 * It has stopped, behind a system call that is not to be restarted, and makes this one, by the instruction at pc and with regs otherwise.
 * Its signals are blocked. 0 and the result, and it has stopped behind the call: its registers are to be written, with what is still in
 * regs; or -errno: it has ended.
 */
int tracee_inject(struct tracee *t, uint64_t pc, const struct tracee_call *call, int64_t *result);

#endif
