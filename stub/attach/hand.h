/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hand: a thread of ours in another process, which makes system calls there. It is made by way of a traced thread, once, and is
 * itself not traced, unless a seccomp filter has to be suspended for it, as for who made it: it reads what to do from a socket, does it, and writes back what came of it. So a batch of system calls is one
 * message there and one back, from any thread of ours, and the process's own threads are not touched for it. It takes no signal. When
 * our end of the socket is closed, by us or because we are no more, it ends; then two mappings are left of it.
 *
 * Its code is in tracee_<arch>.c: a system call instruction, and behind it a loop that reads a struct hand_head with its calls and
 * their data into the area, makes them, and writes as many bytes back as the head says.
 */
#ifndef HAND_H
#define HAND_H

#include <pthread.h>
#include <stdatomic.h>

#include "../refuse.h"
#include "tracee.h"

/* In the order of bytes of this computer, and of the same layout in the code of tracee_<arch>.c. */
struct hand_head {
	uint64_t calls;
	uint64_t size;	 /* bytes of the whole message */
	uint64_t tag;	 /* the answer has it, too */
	uint64_t closes; /* a descriptor there, plus 1, that the hand closes when it ends; or 0 */
};

struct hand_call {
	struct tracee_call call;
	int64_t result; /* -errno, or what it returned */
};

#define HAND_AREA 0x10000 /* bytes of a message at most */

/* An answer is waited for this often, however busy its computer is; and each time so long. */
#define HAND_ANSWER_LOOKS 100
#define HAND_ANSWER_LOOK_US 100000

/*
 * While calls are made by way of one of the process's own threads: what that goes on with afterwards. In memory that is shared with who brings
 * it back should we be killed: behind each of the calls it goes round in a loop until then. Where there was no room for one, `at` is 0, and nobody can.
 */
struct hand_way {
	atomic_int tid; /* of the thread; 0: none */
	struct tracee_regs regs;
	uint64_t mask;
	uint64_t at;	       /* of the loop, there */
	_Atomic uint64_t code; /* hand.code */
	uint64_t code_size;
	atomic_bool is_gone; /* the hand's mappings, or they are going */
};

struct hand {
	pthread_mutex_t lock; /* one message at a time */
	pid_t pid, tid;
	int memory;			/* /proc/PID/mem: the caller's */
	int socket;			/* -1: there is no hand */
	int theirs;			/* its other end, there */
	uint64_t code, code_size, area; /* there */
	uint64_t tag;			/* of the last message */
	uint64_t given;			/* hand_head.closes */
	bool filtered;			/* the process has a seccomp filter, which ptrace is to suspend */
	struct tracee tracee;		/* then: itself, traced by whoever opened it */
	void (*nudge)(void *tracer);	/* has that call hand_look(); NULL: whoever asks is that. The caller's, as tracer is */
	void *tracer;
	struct hand_way *way; /* the caller's; before it is opened */
};

/* There is none yet. filtered: see above. */
void hand_init(struct hand *h, bool filtered);
void hand_destroy(struct hand *h);

/*
 * Makes it, by the thread that traces t, whose registers have been read: it has stopped behind a system call that returned -EINTR; or, by
 * TRACEE_EVENT, anywhere, and is to be stopped so once more before it goes on. 0, or -errno and a sentence; then nothing is left of
 * it. pidfd is of t's process.
 */
int hand_open(struct hand *h, struct tracee *t, int pidfd, const struct refusal *why);

/* Where tracee_rest is in that process. */
static inline uint64_t hand_rest(const struct hand *h)
{
	return h->code + (uint64_t)(tracee_rest - tracee_hand);
}

/* ... and tracee_run. */
static inline uint64_t hand_run(const struct hand *h)
{
	return h->code + (uint64_t)(tracee_run - tracee_hand);
}

/*
 * From any thread: the calls of a message of `size` bytes, HAND_AREA at most, that begins with a struct hand_head; what it points to
 * within itself is at hand_at(). 0, and the message as it is afterwards; -EPIPE: the hand is no more; -ETIMEDOUT: it does not answer,
 * and is no more, unless its process is stopped by a signal.
 */
int hand_do(struct hand *h, void *message, size_t size);

/*
 * The process gets this descriptor of ours, as one of its own that no program which it executes inherits: which, or -errno. Only one, which the
 * hand closes when it ends.
 */
int hand_give(struct hand *h, int fd);

/* Where this byte of a message lies in the other process. */
static inline uint64_t hand_at(const struct hand *h, size_t offset)
{
	return h->area + offset;
}

/*
 * In a child of fork(), which is to trace what is traced, after whoever opened it is no more: tags of messages go on from this one. 0 or
 * -errno.
 */
int hand_reopen(struct hand *h, uint64_t tag);

/*
 * In a child of fork(), after whoever opened or cleared it is no more: the thread by way of which it did so, if there is one, goes on as if nothing
 * had been done, and its call was interrupted.
 */
void hand_bring_back(struct hand *h, pid_t pid, int memory);

/*
 * By its tracer, in a handler as well: has a hand go on that has stopped. It stops with its process, and its tracer is told of that by nobody: so
 * whoever waits for its answer too long has it look.
 */
void hand_look(struct hand *h);

/* Ends it, from any thread. Its mappings are left: see hand_clear(). */
void hand_close(struct hand *h);

/* Then, and by its tracer: has it ended, after a while? It makes some calls before it does, for which a filter has to be suspended still. */
bool hand_await_end(struct hand *h);

/* By the thread that opened it, which traces t: takes the mappings away that a hand has left. */
void hand_clear(struct hand *h, struct tracee *t);

#endif
