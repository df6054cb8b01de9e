/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread of ours in another process. See hand.h. */
#include "hand.h"

#include <assert.h>
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"

#define END_TRIES 1000
#define END_PAUSE_NS 1000000
#define BACK_TRIES 100
#define WAY_MAX 64

static_assert(sizeof(struct hand_head) == 32 && sizeof(struct hand_call) == 64, "tracee_<arch>.c has them in numbers");

void hand_init(struct hand *h, bool filtered)
{
	*h = (struct hand){ .socket = -1, .filtered = filtered };
	pthread_mutex_init(&h->lock, NULL);
}

void hand_destroy(struct hand *h)
{
	pthread_mutex_destroy(&h->lock);
}

/* --- making it */

/* What is done by the traced thread, in order. */
struct making {
	struct hand *h;
	struct tracee *t;
	uint64_t at; /* a system call instruction */
	int pidfd;
	int ours, theirs; /* the two ends, in that process */
};

static int inject(struct making *m, uint64_t at, long nr, const uint64_t *arg, unsigned n, int64_t *result)
{
	struct tracee_call call = { .nr = (uint64_t)nr };
	int err;

	for (unsigned i = 0; i < n; i++)
		call.arg[i] = arg[i];
	err = tracee_inject(m->t, at, &call, result);
	if (!err && *result < 0 && *result > -4096)
		err = (int)*result;
	return err;
}

#define INJECT(m, result, nr, ...)                                \
	inject(m, (m)->at, nr, (const uint64_t[]){ __VA_ARGS__ }, \
		sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), result)

static int map(struct making *m, uint64_t size, int prot, uint64_t *at)
{
	int64_t result;
	int err = INJECT(m, &result, SYS_mmap, 0, size, (uint64_t)prot, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0);

	if (!err)
		*at = (uint64_t)result;
	return err;
}

static int map_code(struct making *m)
{
	size_t size = (size_t)(tracee_hand_end - tracee_hand);

	m->h->code_size = (uint64_t)sysconf(_SC_PAGESIZE);
	if (map(m, m->h->code_size, PROT_READ | PROT_EXEC, &m->h->code))
		return -EACCES;
	m->h->way->code_size = m->h->code_size;
	atomic_store(&m->h->way->code, m->h->code);
	return pwrite(m->t->memory, tracee_hand, size, (off_t)m->h->code) == (ssize_t)size ? 0 : -EIO;
}

static int map_area(struct making *m)
{
	return map(m, HAND_AREA, PROT_READ | PROT_WRITE, &m->h->area);
}

static int make_socket(struct making *m)
{
	static const struct timeval limit = { .tv_usec = HAND_ANSWER_LOOK_US };
	int64_t result;
	int ends[2];
	int err = INJECT(m, &result, SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, m->h->area);

	if (err)
		return err;
	if (pread(m->t->memory, ends, sizeof(ends), (off_t)m->h->area) != sizeof(ends))
		return -EIO;
	m->ours = ends[0];
	m->theirs = m->h->theirs = ends[1];
	m->h->socket = (int)syscall(SYS_pidfd_getfd, m->pidfd, m->ours, 0);
	err = m->h->socket < 0 || setsockopt(m->h->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ? -errno : 0;
	return INJECT(m, &result, SYS_close, (uint64_t)m->ours) ? -EIO : err;
}

/* It stops as soon as it is there, and goes on. */
static int follow(struct hand *h, const struct tracee *maker)
{
	h->tracee = (struct tracee){ .pid = h->pid, .tid = h->tid, .memory = h->memory, .options = maker->options };
	return tracee_wait(&h->tracee, 0, NULL) == TRACEE_EVENT && !tracee_go(&h->tracee, TRACEE_CONT) ? 0 : -ESRCH;
}

/* With no stack of its own, since its code uses none. */
static int make_thread(struct making *m)
{
	static const uint64_t flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	uint64_t arg[6] = { flags };
	struct tracee_regs old = m->t->regs;
	int64_t result;
	int err;

	m->t->regs.r[tracee_arch.hand[0]] = (uint64_t)m->theirs;
	m->t->regs.r[tracee_arch.hand[1]] = m->h->area;
	m->t->regs.r[tracee_arch.hand[2]] = HAND_AREA;
	err = m->h->filtered ? tracee_follow(m->t, true) : 0;
	if (!err)
		err = inject(m, m->h->code, SYS_clone, arg, 5, &result);
	m->t->regs = old;
	m->h->tid = err ? 0 : (pid_t)result;
	if (!err && m->h->filtered)
		err = follow(m->h, m->t);
	if (m->h->filtered)
		tracee_follow(m->t, false);
	return err;
}

static int make(struct making *m)
{
	static int (*const steps[])(struct making *) = { map_code, map_area, make_socket, make_thread };
	int err = 0;

	for (unsigned i = 0; !err && i < sizeof(steps) / sizeof(steps[0]); i++)
		err = steps[i](m);
	return err;
}

/* Behind a call that has returned: its own. Elsewhere another one, lest the kernel takes ours for the one that it begins again. */
static uint64_t choose_insn(const struct tracee *t)
{
	if (tracee_call_behind(t) >= 0 && tracee_result(&t->regs) == -EINTR)
		return t->regs.r[tracee_arch.pc] - tracee_arch.insn_size;
	return tracee_find_syscall(t);
}

/* The room in that process that is a loop now, with a system call instruction that leads to it. */
static size_t way_size(void)
{
	return (size_t)(tracee_hand_end - tracee_rest);
}

static bool write_way(const struct hand_way *w, int memory, const void *bytes)
{
	return pwrite(memory, bytes, way_size(), (off_t)w->at) == (ssize_t)way_size();
}

static void end_way(struct hand_way *w, int memory)
{
	static const uint8_t none[WAY_MAX];

	if (w->at)
		write_way(w, memory, none);
}

/* Its registers and signals are kept, and it is put in the loop. */
static int begin_way(struct making *m)
{
	struct hand_way *w = m->h->way;
	struct tracee_regs regs = m->t->regs;
	uint64_t mask;
	int err = tracee_get_mask(m->t, &w->mask);

	w->regs = m->t->regs;
	w->at = way_size() <= WAY_MAX ? tracee_find_room(m->t, way_size()) : 0;
	if (w->at && !write_way(w, m->t->memory, tracee_rest))
		w->at = 0;
	m->at = w->at ? w->at + (uint64_t)(tracee_run - tracee_rest) : choose_insn(m->t);
	if (err || !m->at)
		return err ? err : -ENOEXEC;
	atomic_store(&w->tid, m->t->tid);
	if (w->at) {
		regs.r[tracee_arch.pc] = w->at;
		tracee_no_restart(&regs);
		err = tracee_write_regs(m->t, &regs);
	}
	return err ? err : tracee_swap_mask(m->t, ~(uint64_t)0, &mask);
}

static int with_signals_blocked(struct making *m, int (*f)(struct making *))
{
	struct hand_way *w = m->h->way;
	uint64_t mask;
	int err = begin_way(m);

	if (!err)
		err = f(m);
	/* In this order: whoever is in the loop has to be brought back, and nobody else. */
	if (atomic_load(&w->tid) && (tracee_swap_mask(m->t, w->mask, &mask) || tracee_write_regs(m->t, &m->t->regs)))
		err = -ESRCH;
	atomic_store(&w->tid, 0);
	end_way(w, m->t->memory);
	return err;
}

static int clear(struct making *m)
{
	int64_t result;

	atomic_store(&m->h->way->is_gone, true);
	if (m->theirs >= 0)
		INJECT(m, &result, SYS_close, (uint64_t)m->theirs);
	if (m->h->area)
		INJECT(m, &result, SYS_munmap, m->h->area, HAND_AREA);
	if (m->h->code)
		INJECT(m, &result, SYS_munmap, m->h->code, m->h->code_size);
	m->h->area = m->h->code = 0;
	return 0;
}

static int fail(struct making *m, int err, const struct refusal *why)
{
	with_signals_blocked(m, clear);
	hand_close(m->h);
	if (err == -EACCES)
		return refuse(why, err, "process %d may not have memory with code that is put there", m->t->pid);
	return refuse(why, err, "process %d: no thread can be made in it: %s", m->t->pid, strerror(-err));
}

int hand_reopen(struct hand *h, uint64_t tag)
{
	pthread_mutex_init(&h->lock, NULL);
	h->tag = tag;
	h->nudge = NULL;
	return h->filtered ? tracee_seize_from(&h->tracee) : 0;
}

/* --- opening it */

/* Its process's list of threads says whose it is. */
static int name_thread(struct hand *h)
{
	struct {
		struct hand_head head;
		struct hand_call call;
		char name[16];
	} m = { .head = { .calls = 1, .size = sizeof(m) }, .name = "kvm-gdbserver" };

	m.call.call =
		(struct tracee_call){ .nr = SYS_prctl, .arg = { PR_SET_NAME, hand_at(h, (size_t)(m.name - (char *)&m)) } };
	return hand_do(h, &m, sizeof(m));
}

/* It has answered, and is in its next call: a filter that is suspended no more would end the process for that one. */
static int await_next_read(const struct hand *h)
{
	int64_t until = tracee_now() + (int64_t)HAND_ANSWER_LOOKS * HAND_ANSWER_LOOK_US * 1000;

	while (!proc_is_asleep(h->pid, h->tid)) {
		if (tracee_now() >= until)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec){ .tv_nsec = END_PAUSE_NS }, NULL);
	}
	return 0;
}

int hand_open(struct hand *h, struct tracee *t, int pidfd, const struct refusal *why)
{
	struct making m = { .h = h, .t = t, .pidfd = pidfd, .ours = -1, .theirs = -1 };
	int err;

	h->pid = t->pid;
	h->memory = t->memory;
	err = with_signals_blocked(&m, make);
	if (!err)
		err = name_thread(h);
	if (!err && h->filtered)
		err = await_next_read(h);
	return err ? fail(&m, err, why) : 0;
}

/* --- whoever opened it was killed */

static bool is_on_way(const struct hand_way *w, uint64_t pc)
{
	uint64_t code = atomic_load(&w->code);

	return (w->at && pc >= w->at && pc < w->at + way_size()) || (code && pc >= code && pc < code + w->code_size);
}

static void put_back(struct tracee *t, const struct hand_way *w)
{
	struct tracee_regs regs = w->regs;
	uint64_t mask;

	if (tracee_arch.veiled >= 0)
		regs.r[tracee_arch.veiled] = t->regs.r[tracee_arch.veiled];
	tracee_swap_mask(t, w->mask, &mask);
	tracee_write_regs(t, &regs);
}

/* The handler of a signal may run in the midst of the loop. */
static bool comes_back(struct tracee *t, const struct hand_way *w)
{
	tracee_interrupt(t);
	for (unsigned i = 0; i < BACK_TRIES; i++) {
		enum tracee_stop stop = tracee_wait(t, 0, NULL);

		if (stop == TRACEE_GONE || stop == TRACEE_EXEC)
			return false;
		if (!tracee_read_regs(t) && is_on_way(w, t->regs.r[tracee_arch.pc]))
			return true;
		if (tracee_go(t, TRACEE_CONT))
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = END_PAUSE_NS }, NULL);
		tracee_interrupt(t);
	}
	return false;
}

void hand_bring_back(struct hand *h, pid_t pid, int memory)
{
	struct hand_way *w = h->way;
	struct tracee t = {
		.pid = pid, .tid = atomic_load(&w->tid), .memory = memory, .options = h->filtered ? PTRACE_O_SUSPEND_SECCOMP : 0
	};

	if (!t.tid || tracee_seize_from(&t))
		return;
	if (comes_back(&t, w)) {
		put_back(&t, w);
		end_way(w, memory);
		tracee_detach(&t);
	}
}

/* --- its end */

void hand_close(struct hand *h)
{
	pthread_mutex_lock(&h->lock);
	if (h->socket >= 0) {
		shutdown(h->socket, SHUT_RDWR);
		close(h->socket);
	}
	h->socket = -1;
	pthread_mutex_unlock(&h->lock);
}

void hand_look(struct hand *h)
{
	enum tracee_stop stop = h->tracee.tid ? tracee_wait(&h->tracee, 1, NULL) : TRACEE_LATE;

	if (stop == TRACEE_GONE)
		h->tracee.tid = 0;
	else if (stop != TRACEE_LATE)
		tracee_go(&h->tracee, TRACEE_CONT);
}

/* Traced, it has not ended before its tracer knows. */
static bool has_ended(struct hand *h)
{
	hand_look(h);
	return !h->tracee.tid && (!h->tid || (syscall(SYS_tgkill, h->pid, h->tid, 0) < 0 && errno == ESRCH));
}

bool hand_await_end(struct hand *h)
{
	for (unsigned i = 0; i < END_TRIES && !has_ended(h); i++)
		nanosleep(&(struct timespec){ .tv_nsec = END_PAUSE_NS }, NULL);
	return has_ended(h);
}

void hand_clear(struct hand *h, struct tracee *t)
{
	struct making m = { .h = h, .t = t, .ours = -1, .theirs = -1 };

	if (hand_await_end(h))
		with_signals_blocked(&m, clear);
}
