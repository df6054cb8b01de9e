/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection to a debugger: bytes in, calls on struct target, bytes out. It owns no descriptor, no thread and no memory but its
 * own struct, which the caller provides. All functions of one session are called by one thread at a time: the one that holds
 * the connection.
 *
 *	session_init(s, send, arg);
 *	session_attach(s, target);
 *	session_stopped(s, &why_the_machine_stands);
 *	for (;;) {
 *		while (n && !session_is_over(s->state))
 *			used = session_input(s, bytes, n), bytes += used, n -= used;
 *		...	let the machine run when s->state is SESSION_RUNNING; session_stopped() when it stops;
 *		...	in SESSION_NON_STOP session_event() whenever a thread has stopped;
 *		...	wait for more bytes; leave when session_is_over().
 *	}
 */
#ifndef RSP_SESSION_H
#define RSP_SESSION_H

#include "../target.h"
#include "cursor.h"
#include "packet.h"
#include "reply.h"
#include "trace.h"

/* The most threads that a machine may have to be resumed: KVM's own limit for vCPUs, KVM_MAX_VCPUS, is 4096 at most. */
#define SESSION_THREADS 4096

/* Takes bytes for the client: a whole packet or a single acknowledgement. What becomes of them is the sender's business. */
typedef void session_send_fn(void *arg, const void *bytes, size_t n);

enum session_state {
	SESSION_STOPPED,   /* the machine stands still, the client may ask anything */
	SESSION_AWAY,	   /* the client has detached and stays connected: the machine is to run on until the client speaks */
	SESSION_ALONE,	   /* there is no machine, or it is to be left: the client may ask which there are */
	SESSION_ATTACHING, /* the same, and the client waits for the machine of the process that it wants: attach.h */
	SESSION_RUNNING,   /* the client waits for session_stopped() */
	SESSION_NON_STOP,  /* threads run and stop by themselves, the client may ask anything */
	/* The session is over: */
	SESSION_DETACHED,	  /* the client has left: clean up and let the machine run */
	SESSION_DETACHED_STOPPED, /* the same, but the machine is not to run until another client comes */
	SESSION_KILLED,		  /* the client asked for the machine's end */
	SESSION_LOST		  /* what the client says is not the protocol: cut it off, and do as if it had vanished */
};

/* Non-stop: what the client has been told of threads that stand. */
enum session_told {
	TOLD_NOTHING, /* of none, or the client has said that it knows all: the next stop is notified */
	TOLD_ONE,     /* of one, by a notification: the client takes the others by vStopped */
	TOLD_ANSWER,  /* of one, by the answer to `?` */
	TOLD_TO_WAIT  /* of that one, which it knows: others are notified after the next packet that is no vStopped */
};

struct packet_row;

struct session {
	enum session_state state;
	bool extended;	 /* the client is gdb's extended-remote: it wants to stay when the guest has ended */
	uint64_t wanted; /* SESSION_ATTACHING: the process */

	/* The rest belongs to rsp/. */
	struct target target;		/* in SESSION_ALONE and SESSION_ATTACHING one that has nothing */
	const struct target_list *list; /* what the client may choose from; NULL: it has what it is given */
	bool chose_non_stop;
	session_send_fn *send;
	void *send_arg;
	session_trace_fn *trace;
	void *trace_arg;

	unsigned features; /* what the client announced: bits of enum feature */
	bool introduced;   /* the client has sent qSupported or QStartNoAckMode */
	size_t strange; /* SIZE_MAX, or how many bytes more had come before the client knew that answer: while not 0, it can only ask */
	bool no_ack;
	bool raw_upload;    /* this client's `x` wants no leading 'b' */
	bool thread_suffix; /* g, G, p and P may have a thread's id behind them */
	bool lists_threads; /* stop replies name all threads */
	bool error_strings; /* this client takes a refusal's sentence behind its number: "E16;" and pairs of digits */

	uint32_t files; /* which handles of the image are open: bits */

	bool physical;	 /* addresses of memory are guest-physical ones; those of points never are */
	bool steps_open; /* interrupts are taken while a thread steps */

	unsigned general;  /* Hg: whose registers and memory; 0 until somebody asks */
	unsigned resuming; /* Hc: whom `c` and `s` mean; 0 for any */
	unsigned listed;   /* the last thread that qfThreadInfo and qsThreadInfo have named */
	unsigned threads;  /* how many there were at the last resume */

	enum session_told told;

	bool interrupt_due; /* a Ctrl-C has come that no stop has answered: whatever is resumed next is interrupted */
	bool has_stop;
	struct stop stop; /* the last one; without its text */

	const struct packet_row *row; /* the packet that is being answered */
	char sentence[256]; /* why that packet was refused in rsp/; empty when the target refused, until the client is told */
	size_t sent;	    /* length of the frame in `out` as last sent, for '-'; 0: none */
	unsigned unheard;   /* frames since, that the client has not acknowledged */
	struct packet_reader in;
	struct reply out;
	uint8_t data[PACKET_MAX]; /* values and memory on their way */
	struct resume_action actions[SESSION_THREADS];
};

/* A client that has just connected, and no machine yet. */
void session_init(struct session *s, session_send_fn *send, void *arg);

/*
 * An attachment begins: to a machine that is stopped. Nothing of an earlier one is left; what the client has announced stays. target is copied,
 * and nothing of it is called yet. NULL: to none, SESSION_ALONE; whatever is asked of a machine is refused with a sentence. While the client
 * waits for nothing: before its first packet, in SESSION_STOPPED, or in SESSION_AWAY.
 */
void session_attach(struct session *s, const struct target *target);

/* The client may choose from these from now on, which outlive the session. Before its first packet, in SESSION_ALONE. */
void session_offer(struct session *s, const struct target_list *list);

/* Is there no machine, or none any more, that this session is about? */
static inline bool session_is_alone(enum session_state state)
{
	return state == SESSION_ALONE || state == SESSION_ATTACHING;
}

/* Does the machine stand, and the client say what it is to do next? */
static inline bool session_stands(enum session_state state)
{
	return state == SESSION_STOPPED || state == SESSION_AWAY;
}

/* Nothing more is heard from the client: it is to go. */
static inline bool session_is_over(enum session_state state)
{
	return state >= SESSION_DETACHED;
}

/* Have every packet described, or, with NULL, no longer. */
void session_trace(struct session *s, session_trace_fn *trace, void *arg);

/* ---- within rsp/ ---- */

/* What a handler returns when it does not refuse. A refusal is a negative errno value, after session_refuse() or with why(). */
enum outcome {
	ANSWERED,   /* the reply is in session->out */
	NO_ANSWER,  /* none is due: the next stop is the answer, or nothing is */
	NOT_SERVED, /* the empty reply: this machine has no such thing */
};

/* What a client may announce in qSupported. */
enum feature {
	FEATURE_MULTIPROCESS = 1,
	FEATURE_SWBREAK = 2,
	FEATURE_HWBREAK = 4,
	FEATURE_ERROR_MESSAGE = 8,
	FEATURE_BINARY_UPLOAD = 16,
	FEATURE_VCONT = 32,
	FEATURE_NO_RESUMED = 64,
};

/* Leaves the sentence and returns -error. What the client said may be in it as it is. */
__attribute__((format(printf, 3, 4))) int session_refuse(struct session *s, int error, const char *format, ...);

/* -ESRCH: there is no guest, and no thread; the process is not this one. */
int session_refuse_ended(struct session *s);
int session_refuse_process(struct session *s, uint64_t process);

/* Threads have numbers up to this one; as of the resume while the machine runs. 0: there is no guest. */
unsigned session_threads(struct session *s);

/* Is there one of this number? */
bool session_has_thread(struct session *s, unsigned thread);

/* The thread that Hg selected, or that stopped last. */
unsigned session_general(struct session *s);

/* 0 and the thread's number, 0 for a wildcard; or -ESRCH. */
int session_find_thread(struct session *s, const struct thread_id *id, unsigned *thread);

/* Registers in a stop reply: pc, sp and fp, with some room. */
#define EXPEDITED_MAX 8

/* Is that the thread whose stop was the last? Then session->stop is its, with this signal. */
bool session_stopped_here(const struct session *s, unsigned thread);
uint8_t session_stop_signal(const struct session *s);

/* OK as the reply. */
int session_ok(struct session *s);

/* Sends what is in session->out. */
void session_send(struct session *s);

/* Text for the client's console: open, print as often as needed, close. Uses session->out. */
void console_open(struct session *s);
void console_print(void *session, const char *text);
void console_close(struct session *s);

#endif
