/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest under a debugger, as run/ knows it: its vCPUs, each run by a thread of its own, and what they share. It is part of a
 * struct machine, which answers target.h.
 */
#ifndef RUN_VCPU_H
#define RUN_VCPU_H

#include <pthread.h>
#include <stdbool.h>

#include "../agent/agent.h"
#include "../arch/arch.h"
#include "../capabilities.h"
#include "../host/host.h"
#include "../memory/memory.h"
#include "../points/points.h"
#include "../reg/regfile.h"
#include "../reg/tdesc.h"
#include "../reg/transport.h"
#include "../target.h"

struct guest;

#define GUEST_VCPUS_MAX 4096 /* of a VMM's */

/* What the guest may do to its machine as a whole. */
enum guest_event {
	EVENT_RESET,
	EVENT_END,
	EVENT_VCPU,
	EVENT_NOTHING,
	GUEST_EVENTS
};

/*
 * The thread protocol.
 *
 * Each vCPU is run by a thread of its own, always the same one: KVM charges a move between threads, and a hand-over costs more
 * than a step. The connection to the debugger is a baton: only its holder may touch the session and, through target.h, the
 * machine. There are three kinds of holder:
 *
 * - While the machine is STOPPED, one vCPU thread: the one whose event stopped it. It reports and then serves packets, so that a
 *   step of its own vCPU is a plain call of KVM_RUN, with no futex, signal or thread switch between the packet and the guest.
 * - While the machine is RUNNING or STOPPING, the watcher (the thread of server_dispatch()), between threads_watch_begin() and _end(): it
 *   reads what the client sends meanwhile, a Ctrl-C above all.
 * - The watcher also while the machine is STOPPED, from baton_take() to baton_give_back(), where no vCPU thread serves.
 * - Nobody, when the machine is stopped and no client is there.
 *
 * guest.lock guards the state below and is never held while the guest runs, a packet is served or a system call sleeps. Each
 * vCPU has a state as well, and each transition of either ends in one decision (entry.c): who may enter the guest by then, and who
 * has to come out. So nobody is forgotten, whatever the order of things. A resume has those vCPUs wait for that which are to run.
 * One with an event, or an interrupt, makes the machine STOPPING: vCPUs that are inside are kicked, those not yet inside are called
 * off. With the last one out the machine is STOPPED, and the baton passes to the reporter: the vCPU whose event came first, or the
 * current one when nobody has an event. If the watcher holds the baton just then, it passes it on when it is done.
 *
 * A step of a vCPU that is halted or off may never end. The watcher looks from time to time whether one has been inside for more than
 * STEP_MS, and calls it out as `overdue`: then the step is over, wherever it is. One that steps over a breakpoint, with the
 * others held, runs on with them; if it has not executed what is there, it meets the breakpoint again.
 *
 * A vCPU that comes out with an event of its own after the reporter keeps it. A breakpoint is met again when the vCPU runs, as
 * nothing was executed; a step or a watchpoint is over, so it is reported, once, in place of the next resume of that vCPU.
 *
 * A vCPU that is resumed on a breakpoint which it has reported steps over it first (FIRST_OVER). While it does, no other vCPU
 * enters the guest (`alone`), since the planted opcode is out; nor during a software step, since it plants opcodes that are none
 * of theirs.
 *
 * A breakpoint whose conditions are false, or that only has commands, is no event. Where its instruction can be carried out in place
 * of the processor (emulate.h) its vCPU is past it then. Else it comes out with STEP_PASS and has to get over it in the midst of the
 * others. The machine goes on RUNNING. When it takes being alone, the others make way: those inside are kicked and come out with
 * nothing, and whoever is `alone` enters when the last of them is out. Then enters the next that has to be alone, then those that made
 * way, then everybody. (A debug register is the vCPU's own: nobody has to make way for that.) An interrupt that comes between finds
 * the vCPU not inside and parks it: as AT_PASSED, so that the next resume takes it over the breakpoint, whose commands have been run.
 *
 * A vCPU that steps through a range comes out after each step with STEP_MORE. One that has taken many steps alone, in a range or by
 * as many resumes, then pauses for a moment in which the others run: it may be waiting for something that they do.
 *
 * In non-stop the machine is in a state of its own, NON_STOP, in which no vCPU may run, and any may: the watcher holds the baton for as
 * long as that lasts. Each vCPU that comes out with an event, or because it was to (`halting`), stands: it keeps its `stop`, which is
 * `pending` until the watcher, woken by `notify`, has taken it. What may not change, or be looked at, while a vCPU is in the guest,
 * the watcher does between threads_hold() and threads_let_go(): all are kicked and nobody enters. To read memory it is enough that
 * those are out which lift or plant opcodes, and the one whose registers say where to read.
 *
 * Borrowed vCPUs (turn.h) have threads of a VMM's. One whose thread is not `home`, since it serves the VMM, is outside and enters nothing:
 * so the guest can be stopped meanwhile, and it is let in when it comes. One with an access pending is waited for a moment, SETTLES, lest it
 * is shown with half an instruction executed. While nobody attends to the guest its vCPUs are FREE: they run without a word, and whoever
 * stops the guest catches them first, by the host. Such a thread takes the baton as well where there is a serve() for it: as long as it is
 * home. When the VMM calls it away, or has it when the baton is to be taken, the watcher serves that stop (on).
 *
 * What commands print is moved into guest.said when their vCPU comes out, and from there to the client by the baton's holder:
 * the watcher, or the reporter before it reports. A vCPU whose text finds no room does not enter until there is some.
 */
enum guest_state {
	GUEST_STOPPED,
	GUEST_RUNNING,
	GUEST_STOPPING,
	GUEST_NON_STOP
};

/* Who serves the client: where the baton is. Only locked_pass_baton() changes that, by a table of what may become of what. */
enum baton {
	BATON_NOBODY,	    /* the guest stands and no client is there, or it runs and the watcher does not look just now */
	BATON_VCPU_NEXT,    /* the guest stands: guest.server's thread is to take it */
	BATON_VCPU,	    /* ... and has it */
	BATON_WATCHER_NEXT, /* the guest stands, and no vCPU thread serves: the watcher is to take it */
	BATON_WATCHER,	    /* ... and has it */
	BATON_WATCHES,	    /* the watcher has it in a guest that runs, or has stopped since the watcher took it */
	BATONS
};

/* What the baton's holder has asked for: it begins when the baton is given back. */
enum guest_asked {
	ASKED_NOTHING,
	ASKED_RESUME,
	ASKED_STOP, /* to be resumed, and interrupted before anything runs */
	ASKED_NON_STOP
};

/* Who may not be in the guest, in non-stop: those that have other memory there than the guest's own, and looked_into; or nobody may. */
enum guest_hold {
	HOLD_NOBODY,
	HOLD_READ,
	HOLD_ALL
};

enum vcpu_state {
	VCPU_STANDS,   /* it is not to run */
	VCPU_FREE,     /* a borrowed one: nobody attends to it, and it runs, or does not, without a word */
	VCPU_SETTLES,  /* a borrowed one that is not to run: for a moment, it is waited for the VMM's answer to its access */
	VCPU_WAITS,    /* it is to run, and waits to be let in */
	VCPU_MADE_WAY, /* the same, before the others: it was called out, or had to wait, for another's sake */
	VCPU_PAUSES,   /* it lets the others run before it goes on alone */
	VCPU_ADMITTED, /* it may enter, and its thread has not done so yet */
	VCPU_INSIDE,   /* its thread has left the lock for the guest */
	VCPU_CALLED,   /* ... and was kicked, and has not come out yet */
	VCPU_STATES
};

/* mask.c's: the step under way, or planned, and what it has to do with the guest's mask of interrupts. */
struct step_mask {
	bool on;      /* interrupts are held back */
	uint64_t pc;  /* where it begins */
	uint64_t own; /* the guest's own bits, there */
	struct arch_mask_use use;
	uint64_t handlers[ARCH_HANDLERS];
	unsigned nhandlers;
};

#define STEP_ENDS (ARCH_SUCCESSORS + ARCH_HANDLERS)

/* step.c's: the run under way, from step_begin() to the step_end() that ends it. */
struct run {
	bool step;		 /* else freely */
	bool settles;		 /* of a borrowed vCPU: an access is completed first, and nothing else executed */
	enum host_run how;	 /* what KVM_RUN is to do */
	uint64_t skip;		 /* the execution point that is stepped over, or UINT64_MAX */
	struct place *lifted;	 /* ... and its opcode, or NULL */
	const struct point *met; /* the breakpoint that the run came to, or NULL ... */
	bool met_stepped;	 /* ... by a step that is complete */
	bool error;		 /* KVM cannot go on, and that is none of the debugger's doing */
};

/* What a vCPU that is to go has to do first, before it runs as its `want` says. */
enum vcpu_first {
	FIRST_NOTHING,
	FIRST_OVER,  /* step over the breakpoint at its pc */
	FIRST_OFF,   /* it is to be stepped, and is off: it does not go, the step is over where it began */
	FIRST_AWAITS /* it is off, and is to be an event when it is brought up: it is stepped, or KVM is asked (idle.h) */
};

/* The KVM_RUN of a borrowed vCPU that is under way completes an access, and is no run. */
enum vcpu_settling {
	SETTLING_NOT,
	SETTLING,	 /* for the debugger, as turn_begin() has said */
	SETTLING_FOR_VMM /* which wanted the thread */
};

/* What became of the breakpoint at a vCPU's pc. */
enum at_point {
	AT_UNSEEN,   /* if there is one, it is met */
	AT_REPORTED, /* the vCPU's stop there was reported: a breakpoint was seen, and is not met again */
	AT_PASSED    /* it was met and is not to be reported: the vCPU is to go on past it */
};

/* What KVM_SET_GUEST_DEBUG was told last. */
struct told {
	uint64_t pc; /* then, where that matters */
	uint32_t control;
	uint8_t bytes[ARCH_DEBUG_SIZE];
	size_t size;
};

/* step_flag.c's, where KVM steps by a flag of the guest's. */
struct flag_state {
	struct flag_step step; /* the last one */
	unsigned age;	       /* memory.age then */
	bool set;	       /* false: the last run was none */
	bool own;	       /* behind it the guest's own is set, and KVM told of no step */
	bool trap;	       /* and the guest's own trap is due with ours */
};

/* own_debug.c's: the guest's own debug registers, behind the debugger's. */
struct own_state {
	struct arch_own regs;
	bool placed;	    /* there are any of the debugger's */
	unsigned displaced; /* those that find no room: bit n is the guest's register n, and has been told of */
};

/* From a STEP_PASS on, until the vCPU is past the breakpoint or the table may have changed. */
struct way {
	bool known;
	struct place *place; /* what is planted there, or NULL */
	bool alone;	     /* of STEP_PASS and STEP_MORE: an opcode has to be lifted, or planted, for it */
};

/* One of the places at which a software step ends. */
struct step_end {
	uint64_t addr, pa;
	struct place *place; /* while it is planted */
};

struct vcpu {
	struct guest *guest;
	unsigned nr; /* the thread's id for the debugger is nr + 1 */
	pthread_t thread;
	pthread_cond_t wake;
	struct regfile regs;
	struct space space; /* by these registers */

	/* Guarded by guest.lock. */
	enum resume_kind want;
	uint64_t range_start, range_end; /* of RESUME_STEP, as in struct resume_action */
	enum vcpu_state state;
	bool present; /* it is there: those of a VMM come and go */
	bool is_new;  /* it has come since the client asked to be told of that, and has not been told of */
	bool home;  /* its thread is here: it waits, or is in the guest. A borrowed one else is the VMM's, and enters nothing */
	bool known; /* a borrowed one: it has come here once, so that it may be looked at */
	bool waits; /* a borrowed one: its thread is in host_ops.wait() until it is woken */
	enum vcpu_settling settling;
	bool shows; /* a borrowed one: what the VMM has it shown by turn_show() was told of, or will be */
	bool done; /* a borrowed one: while it was to stand, an access was completed. A step asked of it is done by that, unless the client saw it */
	enum vcpu_first first;
	bool alone;   /* enters only while no other does: over a planted breakpoint, or by a software step */
	bool halting; /* non-stop: it is inside, and is to stop with this signal */
	int halt_signal;
	unsigned steps_alone; /* since it has let the others run */
	bool pending;	      /* has an event in `stop` that was not reported */
	struct stop stop;
	unsigned entries;      /* how often it went inside */
	unsigned entries_seen; /* the watcher's: as it found them at ... */
	int64_t entered_ms;
	_Atomic bool overdue; /* its step was called out, for it took too long */
	_Atomic bool moved;   /* while it stood, a borrowed one has completed an access: what was read of it is void */

	/* Touched by the vCPU's thread while it runs, by the baton's holder while it does not. */
	enum at_point at_point;
	bool unheard; /* it has not run, or came out with nothing: it may be off, or halted */
	struct told told;
	struct run run;
	struct way way;
	uint64_t doubted;	/* where an opcode was met, and another one than ours was found in its place */
	char text[512];		/* what stop.text points to */
	struct agent_text said; /* what commands printed and guest.said has not taken yet */

	/* Where a software step ends, planned before the run; none when it is KVM that steps. */
	struct step_end ends[STEP_ENDS];
	unsigned nends;
	uint64_t stepped_from; /* where the last step began, on hosts whose KVM steps */
	unsigned suspicious;   /* so many steps more are looked at before they are left to KVM */
	struct step_mask mask;
	uint32_t queued; /* control bits of the exception that KVM has been told to deliver when the vCPU runs next */
	struct flag_state flag;
	struct own_state own;
};

enum served {
	SERVED,		 /* the baton is given back */
	SERVED_SO_FAR,	 /* the client has to be waited for, which was not wanted */
	SERVED_ELSEWHERE /* the VMM wants the thread, or what there is to do is none of that thread's: the watcher serves on */
};

/*
 * Called on the vCPU thread that has just been handed the baton, without the lock; the baton is given back by returning. waits: for what the
 * client says, too. Only of a borrowed vCPU it does not, and is anything else than SERVED returned.
 */
typedef enum served serve_fn(void *arg, bool waits);

/*
 * Wakes the watcher: non-stop has begun, or a vCPU has come to stand in it, or there is text that cannot wait. Or, soon: the machine runs
 * and nobody steps, so that the client's next word is a Ctrl-C, unless the run is over before. Called with the lock: it must not block.
 */
typedef void notify_fn(void *arg, bool soon);

/*
 * Bytes for the client's console that wait for the watcher's next look; it is woken when half of the room is taken. More is not lost:
 * its vCPU waits. A Ctrl-C has to wait for all that is under way.
 */
#define GUEST_TEXT_MAX 0x4000

/* How long a step may take: more than one on a busy machine does, and not too long to wait for a prompt. */
#define STEP_MS 1000

/* How long is waited for the VMM's answer to an access, and for KVM to take it. */
#define SETTLE_MS 100

struct guest {
	struct host *host;
	const struct arch *arch;
	struct capabilities caps;
	struct transport transport;
	struct tdesc tdesc; /* what the debugger is given; of these registers are the vCPUs' register files */
	struct memory memory;
	struct points points;
	unsigned memory_age; /* as host.memory_age was when all opcodes were in */

	unsigned n; /* those of a VMM come and go: grows, up to GUEST_VCPUS_MAX, with the lock held */
	struct vcpu **vcpus;
	bool unattended; /* borrowed vCPUs are free, or about to be */
	bool awaited;	 /* a borrowed one is to be looked at as soon as there is one that may be */
	bool shown;	 /* somebody was handed it, and knows whose stop it is */

	serve_fn *serve;
	notify_fn *notify;
	void *serve_arg;
	text_fn *log, *log_detail;
	void *log_arg;

	pthread_mutex_t lock;
	enum guest_state state;
	unsigned count[VCPU_STATES]; /* how many are in each */
	unsigned lone;		     /* ... and not VCPU_STANDS, and have to be alone */
	int64_t stopping_ms;	     /* since when it is STOPPING */
	struct vcpu *current;	     /* whose stop is, or was last, reported */
	struct vcpu *reporter;	     /* of the stop under way */
	enum baton baton;
	struct vcpu *server; /* of BATON_VCPU_NEXT and BATON_VCPU: whose thread */
	struct vcpu *alone;  /* the one that may enter, when not all may */
	unsigned alone_last; /* the number of the last one */
	bool open_steps;     /* interrupts are taken while a vCPU steps, where they could wait */
	enum guest_hold hold;
	struct vcpu *looked_into; /* of HOLD_READ, or NULL */
	pthread_cond_t
		out; /* while held: the last one has come out; or a vCPU's thread serves no more; or an access is completed. By CLOCK_MONOTONIC */
	enum guest_asked asked;
	bool parting; /* all are to stand, and nobody serves */
	bool parted;  /* ... and the threads are to end */
	unsigned ended_threads;
	int interrupt_signal;	     /* of the stop under way, for when nobody has an event */
	char interrupt_text[200];    /* ... and the VMM's sentence, or none */
	bool interrupted;	     /* since it was resumed last, whoever reports */
	bool thread_events;	     /* the client is to be told of vCPUs that come, are brought up, or go */
	bool stops_at[GUEST_EVENTS]; /* as the client chooses; set while the machine is stopped */

	bool step_is_none; /* the next step ends where it begins: gdb_sync */
	bool started;	   /* has been resumed since it was opened or restarted */
	bool ended;	   /* the guest is over; only restart brings it back */
	struct stop over;  /* STOP_EXITED: so the VMM says, and that is the next stop */
	struct stop last;  /* the stop that was reported last */
	bool announced;	   /* the watcher was told to fetch the text */
	size_t nsaid;
	char said[GUEST_TEXT_MAX]; /* what commands printed, for the client's console */
	char why[256];		   /* the sentence of the last refusal */
	struct refusal refusal;	   /* ... by which it is written */
};

/* What came of a run of one vCPU. */
enum step_result {
	STEP_NOTHING, /* it was kicked */
	STEP_AGAIN,   /* nothing for the debugger: KVM_RUN, and step_end() behind it */
	STEP_AWAY,    /* the exit is the VMM's, by whose thread the vCPU is run */
	STEP_EVENT,   /* v->stop says what happened */
	STEP_GONE,    /* the vCPU is there no more */
	STEP_OVER,    /* it is past the breakpoint */
	STEP_PASS,    /* it is at a breakpoint that is not to be reported, and has to step over it */
	STEP_MORE     /* it has stepped, and is in the range that it steps through */
};

/* The pc register, as the debugger sees it. */
static inline uint64_t vcpu_pc(struct vcpu *v)
{
	uint64_t pc = 0;

	v->regs.view.get(&v->regs.view, v->guest->arch->regs.pc, &pc);
	return pc;
}

/* A stop of this kind was reported of it. */
static inline void vcpu_is_reported(struct vcpu *v, enum stop_kind kind)
{
	if (v->at_point != AT_PASSED)
		v->at_point = kind == STOP_CREATED ? AT_UNSEEN : AT_REPORTED;
}

/* Of a vCPU that is outside: does KVM await the answer to an access? Only a VMM's is ever seen so. */
static inline bool vcpu_is_pending(const struct vcpu *v)
{
	struct host *h = v->guest->host;

	return h->borrowed && h->ops->is_pending(h, v->nr);
}

/* In the guest, or on the way there or back. */
static inline bool vcpu_is_inside(const struct vcpu *v)
{
	return v->state == VCPU_INSIDE || v->state == VCPU_CALLED;
}

#endif
