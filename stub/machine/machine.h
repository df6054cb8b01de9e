/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine under a debugger: its vCPUs as threads, its points, its memory. run/ answers target.h with it; serve/ owns the
 * connection and main.c the machine.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <pthread.h>
#include <stdbool.h>

#include "../arch/arch.h"
#include "../host/host.h"
#include "../reg/regfile.h"
#include "../reg/tdesc.h"
#include "../reg/transport.h"
#include "../target.h"
#include "../agent/format.h"
#include "../run/capabilities.h"
#include "../memory/planted.h"
#include "../points/points.h"

#define MACHINE_VERSION "0.1" /* of all of this, as users see it */

struct machine;

/* What the guest may do to its machine as a whole. */
enum machine_event {
	EVENT_RESET,
	EVENT_END,
	EVENT_VCPU,
	EVENT_NOTHING,
	MACHINE_EVENTS
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
 * - While the machine is RUNNING or STOPPING, the watcher (serve/'s main thread), between machine_watch_begin() and _end(): it
 *   reads what the client sends meanwhile, a Ctrl-C above all.
 * - Nobody, when the machine is stopped and no client is there.
 *
 * machine.lock guards the state below and is never held while the guest runs, a packet is served or a system call sleeps. Each
 * vCPU has a state as well, and each transition of either ends in one decision (entry.c): who may enter the guest by then, and who
 * has to come out. So nobody is forgotten, whatever the order of things. A resume has those vCPUs wait for that which are to run.
 * One with an event, or an interrupt, makes the machine STOPPING: vCPUs that are inside are kicked, those not yet inside are called
 * off. With the last one out the machine is STOPPED, and the baton passes to the reporter: the vCPU whose event came first, or the
 * current one when nobody has an event. If the watcher holds the baton just then, it passes it on when it is done.
 *
 * A step of a vCPU that is halted or off may never end. The watcher looks from time to time whether one has been inside for more than
 * MACHINE_STEP_MS, and calls it out as `overdue`: then the step is over, wherever it is. One that steps over a breakpoint, with the
 * others held, runs on with them; if it has not executed what is there, it meets the breakpoint again.
 *
 * A vCPU that comes out with an event of its own after the reporter keeps it. A breakpoint is met again when the vCPU runs, as
 * nothing was executed; a step or a watchpoint is over, so it is reported, once, in place of the next resume of that vCPU.
 *
 * A vCPU that is resumed on a breakpoint which it has reported steps over it first (`over`). While it does, no other vCPU
 * enters the guest (`alone`), since the planted opcode is out; nor during a software step, since it plants opcodes that are none
 * of theirs.
 *
 * A breakpoint whose conditions are false, or that only has commands, is no event: its vCPU comes out with STEP_PASS and has to get
 * over it in the midst of the others. The machine goes on RUNNING. When it takes being alone, the others make way: those inside are
 * kicked and come out with nothing, and whoever is `alone` enters when the last of them is out. Then enters the next that has to be
 * alone, then those that made way, then everybody. (A debug register is the vCPU's own: nobody has to make way for that.) An
 * interrupt that comes between finds the vCPU not inside and parks it: as `passed`, so that the next resume takes it over the
 * breakpoint, whose commands have been run.
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
 * What commands print is moved into machine.said when their vCPU comes out, and from there to the client by the baton's holder:
 * the watcher, or the reporter before it reports. A vCPU whose text finds no room does not enter until there is some.
 */
enum machine_state {
	MACHINE_STOPPED,
	MACHINE_RUNNING,
	MACHINE_STOPPING,
	MACHINE_NON_STOP
};

/* What the baton's holder has asked for: it begins when the baton is given back. */
enum machine_asked {
	ASKED_NOTHING,
	ASKED_RESUME,
	ASKED_NON_STOP
};

/* Who may not be in the guest, in non-stop: those that have other memory there than the guest's own, and looked_into; or nobody may. */
enum machine_hold {
	HOLD_NOBODY,
	HOLD_READ,
	HOLD_ALL
};

enum vcpu_state {
	VCPU_STANDS,   /* it is not to run */
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

/* memory.c's: where pages were found to be, for as long as neither the vCPU's registers nor any memory change. */
#define SEEN_PAGES 4

struct seen_pages {
	unsigned regs_age, memory_age;
	unsigned n, next;
	struct {
		uint64_t va;
		struct arch_page page;
	} page[SEEN_PAGES];
};

struct vcpu {
	struct machine *machine;
	unsigned nr; /* the thread's id for the debugger is nr + 1 */
	pthread_t thread;
	pthread_cond_t wake;
	struct regfile regs;

	/* Guarded by machine.lock. */
	enum resume_kind want;
	uint64_t range_start, range_end; /* of RESUME_STEP, as in struct resume_action */
	enum vcpu_state state;
	bool pending; /* has an event in `stop` that was not reported */
	bool over;    /* has to step over the breakpoint at its pc first */
	bool alone;   /* enters only while no other does: over a planted breakpoint, or by a software step */
	bool halting; /* non-stop: it is inside, and is to stop with this signal */
	int halt_signal;
	unsigned steps_alone; /* since it has let them */
	struct stop stop;
	unsigned entries;     /* how often it went inside */
	unsigned entries_seen; /* the watcher's: as it found them at ... */
	int64_t entered_ms;
	_Atomic bool overdue; /* its step was called out, for it took too long */

	/* Touched by the vCPU's thread while it runs, by the baton's holder while it does not. */
	bool reported;	  /* its stop was reported, and the pc is still that one: a breakpoint there was seen, and is not met again */
	bool unheard;	  /* it has not run, or came out with nothing: it may be off, or halted */
	bool off;	  /* it is to be stepped, and is off */
	bool awaited;	  /* it is off, and is to be an event when it is brought up: it is stepped, or KVM is asked (idle.h) */
	bool passed;	  /* it has met the breakpoint at its pc, which was not to be reported, and is to go on past it */
	uint64_t told_at;	  /* the pc when KVM was told what follows */
	uint32_t debug_control;
	uint8_t debug_bytes[ARCH_DEBUG_SIZE];
	size_t debug_size;
	char text[512]; /* what stop.text points to */
	struct seen_pages seen;
	const struct point *met;  /* the breakpoint that the run under way came to, or NULL */
	bool met_stepped;	  /* ... by a step that is complete */
	uint64_t doubted;	  /* where an opcode was met, and another one than ours was found in its place */
	bool way_known;		  /* since a STEP_PASS, until it is past it or the table may have changed: */
	struct place *in_the_way; /* of what is planted there, or NULL */
	bool next_alone;	  /* of STEP_PASS and STEP_MORE: an opcode has to be lifted, or planted, for it */
	struct agent_text said;	  /* what commands printed and machine.said has not taken yet */

	/* The places at one of which a software step ends; none when it is KVM that steps. Planned before the run. */
	struct step_end {
		uint64_t addr, pa;
		struct place *place; /* while it is planted */
	} ends[STEP_ENDS];
	unsigned nends;
	uint64_t stepped_from; /* where the last step began, on hosts whose KVM steps */
	unsigned suspicious;   /* so many steps more are looked at before they are left to KVM */
	struct step_mask mask;
	uint32_t queued;	/* control bits of the exception that KVM has been told to deliver when the vCPU runs next */
	struct flag_step began; /* the last step, where KVM steps by a flag of the guest's ... */
	unsigned began_age;	/* machine.memory_age then */
	bool flag_set;		/* ... and did; false: the last run was none */
	bool own_flag;		/* behind it the guest's own is set, and KVM told of no step */
	bool own_trap;		/* and the guest's own trap is due with ours */
	struct arch_own own;	/* its own debug registers, behind the debugger's ... */
	bool own_placed;	/* ... where there are any of these */
	unsigned own_displaced; /* those that find no room: bit n is the guest's register n, and has been told of */
};

/* Called on the vCPU thread that has just been handed the baton, without the lock; the baton is given back by returning. */
typedef void machine_serve_fn(void *arg);

/*
 * Wakes the watcher: non-stop has begun, or a vCPU has come to stand in it, or there is text that cannot wait. Or, soon: the machine runs
 * and nobody steps, so that the client's next word is a Ctrl-C, unless the run is over before. Called with the lock: it must not block.
 */
typedef void machine_notify_fn(void *arg, bool soon);

/*
 * Bytes for the client's console that wait for the watcher's next look; it is woken when half of the room is taken. More is not lost:
 * its vCPU waits. A Ctrl-C has to wait for all that is under way.
 */
#define MACHINE_TEXT_MAX 0x4000

/* How long a step may take: more than one on a busy machine does, and not too long to wait for a prompt. */
#define MACHINE_STEP_MS 1000

struct machine {
	struct host *host;
	const struct arch *arch;
	struct capabilities caps;
	struct transport transport;
	struct tdesc tdesc;
	unsigned mode; /* of arch->modes: what tdesc is of */
	struct points points;
	struct planted planted; /* their opcodes, and those of the ends of steps */
	unsigned memory_age; /* counts the debugger's writes to memory, page tables among it */
	unsigned expedited[3];
	unsigned nexpedited;

	unsigned n;
	struct vcpu *vcpus;

	machine_serve_fn *serve;
	machine_notify_fn *notify;
	void *serve_arg;
	text_fn *log;
	void *log_arg;

	pthread_mutex_t lock;
	enum machine_state state;
	unsigned count[VCPU_STATES]; /* how many are in each */
	unsigned lone;		     /* ... and not VCPU_STANDS, and have to be alone */
	struct vcpu *current;	/* whose stop is, or was last, reported */
	struct vcpu *looked_at; /* the one that was current at the stop before */
	struct vcpu *reporter;	/* of the stop under way */
	struct vcpu *baton;	/* the vCPU whose thread is to take it */
	struct vcpu *alone;	/* the one that may enter, when not all may */
	unsigned alone_last;	/* the number of the last one */
	bool open_steps; /* interrupts are taken while a vCPU steps, where they could wait */
	enum machine_hold hold;
	struct vcpu *looked_into; /* of HOLD_READ, or NULL */
	pthread_cond_t out;	/* while held: the last one has come out */
	enum machine_asked asked;
	bool watching;		/* the watcher holds the baton */
	int interrupt_signal;	/* of the stop under way, for when nobody has an event */
	bool interrupted;	/* since it was resumed last, whoever reports */
	bool thread_events;	       /* the client is to be told of vCPUs that are brought up */
	bool stops_at[MACHINE_EVENTS]; /* as the client chooses; set while the machine is stopped */

	/* Of the next connection, when that is to have another description; else next_files is NULL. modes.c has them. */
	unsigned next_mode;
	struct tdesc next_tdesc;
	struct regfile *next_files;

	struct reg_counters counted; /* when the machine was resumed */
	bool step_is_none;	     /* the next step ends where it begins: gdb_sync */
	bool started;		     /* has been resumed since it was opened or restarted */
	bool ended;		     /* the guest is over; only restart brings it back */
	struct stop last;	     /* the stop that was reported last */
	bool announced;		     /* the watcher was told to fetch the text */
	size_t nsaid;
	char said[MACHINE_TEXT_MAX]; /* what commands printed, for the client's console */
	char why[256];
};

/*
 * A machine over an open host, its vCPU threads started, stopped at its entry. caps is what the host's KVM was seen to do, batch how
 * registers are to be moved. 0, or -errno and a sentence in error. The host remains the caller's.
 */
int machine_open(struct machine *m, struct host *host, const struct arch *arch, const struct capabilities *caps,
	enum batch batch, char *error, size_t size);

/* Who serves the client on a stop, and is told of one in non-stop. Set once, before the machine is first resumed or handed over. */
void machine_set_server(struct machine *m, machine_serve_fn *serve, machine_notify_fn *notify, void *arg);

/* Who takes a sentence for whoever runs this machine: from any thread, and nobody is to wait. Without one they are dropped. */
void machine_set_log(struct machine *m, text_fn *log, void *arg);

/* The machine as rsp/ sees it. */
struct target machine_target(struct machine *m);

/* For serve/, from the watcher's thread. */

/* Stop a running machine and have the stop served; or have a stopped one served as it is. */
void machine_hand_over(struct machine *m, int signal);

/* Stopped, and no resume has been asked for. */
bool machine_at_rest(struct machine *m);

/* Is the watcher to serve the client, as in non-stop? */
bool machine_is_non_stop(struct machine *m);

/* The watcher takes the baton. False when the machine is stopped and a vCPU thread has it. */
bool machine_watch_begin(struct machine *m);

/*
 * By the watcher, from time to time while it has the baton, at ms of any clock: steps of vCPUs that wait for something which may never
 * come are called out. It costs the steps themselves nothing.
 */
void machine_watch_steps(struct machine *m, int64_t ms);
void machine_watch_end(struct machine *m);

/* For serve/, by the baton's holder. */

/* Has this client asked for another description? Then it leaves to come again. */
bool machine_changes_mode(const struct machine *m);

/* Have commands printed anything? */
bool machine_has_text(struct machine *m);

/* What commands have printed since: at most MACHINE_TEXT_MAX bytes and a NUL. False when there is nothing (more). */
bool machine_text(struct machine *m, char *text);

/*
 * Is this stop one that the client does not want to hear of? Then what was asked for has been done, and the machine is resumed.
 * attended: there is a client.
 */
bool machine_goes_on(struct machine *m, bool attended);

/* The present stop. */
const struct stop *machine_stop(struct machine *m);

/* It is reported. A step is likely to be followed by another: KVM is told while the client is busy with the report. */
void machine_expect_step(struct machine *m);

/*
 * The debugger has gone: no opcode stays planted, guest debugging is off; the guest runs on if `go`, or stays as it is. The next
 * client has the description that this one asked for.
 */
void machine_release(struct machine *m, bool go);

/* Within run/. */

struct vcpu *machine_vcpu(struct machine *m, unsigned thread);

/* All as after machine_open(), but for the points, whose opcodes are no longer in memory. 0, or -errno, a sentence, and the end. */
int machine_start_over(struct machine *m);

/* The vCPU of a thread that can be looked into now; NULL and the error otherwise. */
struct vcpu *machine_stopped_vcpu(struct machine *m, unsigned thread, int *err);

/* The same of one that may be running. */
struct vcpu *machine_living_vcpu(struct machine *m, unsigned thread, int *err);

/* A sentence for whoever runs this machine. By any thread; nobody waits. */
__attribute__((format(printf, 2, 3))) void machine_log(struct machine *m, const char *format, ...);

/* Keep a sentence for why(); returns err. */
__attribute__((format(printf, 3, 4))) int machine_refuse(struct machine *m, int err, const char *format, ...);

/* threads.c */
int threads_start(struct machine *m);
void threads_resume(struct machine *m); /* when the baton is given back, each vCPU as its `want` says */
void threads_interrupt(struct machine *m, int signal);
bool threads_running(struct machine *m); /* any of them */
bool threads_runs(struct vcpu *v);

/* In the guest, or on the way there or back. */
static inline bool vcpu_is_inside(const struct vcpu *v)
{
	return v->state == VCPU_INSIDE || v->state == VCPU_CALLED;
}

/* threads.c, non-stop. It begins when the baton is given back; it ends with all vCPUs stopped. */
void threads_begin_non_stop(struct machine *m);
void threads_end_non_stop(struct machine *m);

/* A vCPU that stands goes as its `want` says; one that goes stops. */
void threads_go(struct vcpu *v);
void threads_halt(struct vcpu *v, int signal);

/* One that stands has ended the guest, as its `stop` says. */
void threads_end(struct vcpu *v);

/* What is to be reported, and all of it again. */
bool threads_take_stop(struct vcpu *v, struct stop *stop);
void threads_report_again(struct machine *m);

/* The guest is over, because the client says so: nobody runs, and nothing is told of but that. */
void threads_kill(struct machine *m);
bool threads_ended(struct machine *m);

/*
 * Nobody is in the guest between these two. To read memory, by way of v or, with NULL, physical: nobody who has other memory than the
 * guest's own, nor v. Of no effect but in non-stop.
 */
void threads_hold(struct machine *m);
void threads_hold_to_read(struct machine *m, struct vcpu *v);
void threads_let_go(struct machine *m);
void threads_drop_text(struct machine *m);

/* step.c: the vCPU's thread runs its vCPU, over a breakpoint if v->over, else as v->want says, until it comes out. */
enum step_result {
	STEP_NOTHING, /* it was kicked */
	STEP_AGAIN,   /* nothing for the debugger: run on. Only within step.c */
	STEP_EVENT,   /* v->stop says what happened */
	STEP_OVER,    /* it is past the breakpoint */
	STEP_PASS,    /* it is at a breakpoint that is not to be reported, and has to step over it */
	STEP_MORE     /* it has stepped, and is in the range that it steps through */
};
enum step_result step_run(struct vcpu *v);

/* Can this machine step at all? By planting opcodes behind the instruction, since its KVM cannot? Are there steps of that kind? */
bool step_possible(const struct machine *m);
bool step_is_software(const struct machine *m);
bool step_plants(const struct machine *m);

/* Can interrupts wait while a vCPU steps? */
bool step_masks(const struct machine *m);

/*
 * Of a stopped vCPU, or by its own thread: where its next run, a step, or one over a breakpoint, will end: v->ends, or none when KVM
 * does the step. 0, or -errno and a sentence.
 */
int step_plan(struct vcpu *v, bool over, char *why, size_t room);

/* step_plan.c, for the run itself: the ends are planted while nobody else is in the guest. 0, or -errno, and then none is. */
bool plan_is_end(const struct vcpu *v, const struct spot *spot);
int plan_plant(struct vcpu *v);
void plan_unplant(struct vcpu *v);

/*
 * mask.c: interrupts wait while a vCPU steps. Before a step, when the registers are at hand; behind it; and before the vCPU runs on
 * freely or is left to itself, 0 or -errno. By step.c; the last one by whoever else leaves a stopped vCPU to itself.
 */
void mask_plan(struct vcpu *v);
void mask_stepped(struct vcpu *v);
int mask_give_back(struct vcpu *v);

/* step_flag.c, around each KVM_RUN, by step.c. */
void flag_begins(struct vcpu *v, bool step);
void flag_ended(struct vcpu *v);

/* memory.c: guest-virtual, in the context of v, and guest-physical. As target.h's read_mem and write_mem. */
ssize_t memory_read(struct vcpu *v, uint64_t addr, void *buf, size_t len);
int memory_write(struct vcpu *v, uint64_t addr, const void *buf, size_t len);
ssize_t memory_read_phys(struct machine *m, uint64_t pa, void *buf, size_t len);
int memory_write_phys(struct machine *m, uint64_t pa, const void *buf, size_t len);
int memory_translate(struct vcpu *v, uint64_t addr, struct arch_page *page);

/* The same on the vCPU's own thread while the machine runs: the sentence, if there is one, is the caller's. */
ssize_t memory_peek(struct vcpu *v, uint64_t addr, void *buf, size_t len);
int memory_find(struct vcpu *v, uint64_t addr, struct arch_page *page, char *why, size_t size);

/* Others run, and may change the page tables: where pages were found to be is not known any more. */
void memory_forget(struct vcpu *v);

/* Where the vCPU's next instruction is, as the others take addresses: on x86 that may not be its pc. 0 when it cannot be read. */
uint64_t memory_of_pc(struct vcpu *v);

/* modes.c */
const char *modes_name(const struct machine *m, unsigned mode);

/* An index of arch->modes, or -ENOENT. */
int modes_find(const struct arch *arch, const char *name);

/* tdesc_build() for the machine's vCPUs in this mode. */
int modes_describe(struct machine *m, unsigned mode, struct tdesc *d);

/* Which registers stop replies carry, by the present description. */
void modes_expedite(struct machine *m);

/* What the next client is to be given: 0, or -errno and a sentence. And, between two clients: that it is given it. */
int modes_choose(struct machine *m, const char *name);

/* Is the mode that is chosen the one in which the guest starts? An empty machine's is, until it runs. */
bool modes_start(const struct machine *m);
void modes_change(struct machine *m);

/* resume.c: target.h's resume() */
int resume_threads(struct machine *m, const struct resume_action *actions);

/* The machine is to run, perhaps for the first time: whatever depends on what was loaded into it is set. Before anything is planned. */
void resume_set_off(struct machine *m);

/* commands.c */
int commands_run(struct machine *m, const char *line, text_fn *print, void *arg);

#endif
