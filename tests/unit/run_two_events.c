/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two vCPUs, an event on each, and an interrupt, in every order: each event is reported once, and none is lost. The sequence says
 * who comes out of the guest when; an exit that is on its way comes in spite of the kick by which the first one calls the others out,
 * as on KVM. A breakpoint that was met and not reported is met again, for nothing was executed.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch/x86_64.h"
#include "run/machine.h"
#include "sim_host.h"
#include "tap.h"

#define CODE 0x1000   /* the breakpoint */
#define BEFORE 0x0f00 /* where they start */
#define AFTER 0x1100
#define DATA 0x2000 /* a watchpoint for each vCPU, 8 bytes from here on */
#define RAM 0x4000
#define PATIENCE 20  /* seconds for a stop */
#define DEBUG_EXIT 4 /* KVM_EXIT_DEBUG */
#define DR6_BS 0x4000

enum what {
	NOTHING,
	WATCH,
	BREAK,
	STEP,
	EXIT,
	KINDS
};

static const char *const names[KINDS] = { "nothing", "watch", "break", "step", "exit" };

struct rig {
	struct sim_host *sim;
	struct machine machine;
	struct target target;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned stops, served;
	enum what due[2];     /* of each vCPU, until it has come out with it */
	unsigned met[2];      /* how often it did */
	unsigned reported[2]; /* how often that was told */
	unsigned stray;	      /* other stops */
	struct vcpu_exit exit[2];
};

static struct rig *rig;

/* ---- the guest ---- */

static void comes_out(unsigned vcpu, enum exit_kind kind, const struct x86_debug_exit *debug, uint64_t pc)
{
	struct sim_vcpu *v = &rig->sim->vcpu[vcpu];

	pthread_mutex_lock(&rig->sim->lock);
	sim_set(rig->sim, vcpu, X86_RIP, pc);
	rig->exit[vcpu] = (struct vcpu_exit){ .kind = kind, .reason = DEBUG_EXIT, .code = (int)vcpu };
	if (debug)
		memcpy(rig->exit[vcpu].data, debug, sizeof(*debug));
	v->exits = &rig->exit[vcpu];
	v->nexits = 1;
	v->deaf = false;
	pthread_cond_broadcast(&rig->sim->kick);
	pthread_mutex_unlock(&rig->sim->lock);
}

static void happen(unsigned vcpu)
{
	struct x86_debug_exit debug = { .exception = 1 };

	rig->met[vcpu]++;
	switch (rig->due[vcpu]) {
	case WATCH:
		debug.dr6 = 1u << vcpu;
		comes_out(vcpu, EXIT_KVM, &debug, AFTER + vcpu);
		break;
	case BREAK:
		debug = (struct x86_debug_exit){ .exception = 3, .pc = CODE };
		comes_out(vcpu, EXIT_KVM, &debug, CODE);
		break;
	case STEP:
		debug.dr6 = DR6_BS;
		comes_out(vcpu, EXIT_KVM, &debug, BEFORE + 1);
		break;
	default:
		comes_out(vcpu, EXIT_ENDED, NULL, AFTER);
	}
}

/* Called before each run: a step over the breakpoint is over at once. */
static void on_run(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	static const struct x86_debug_exit stepped = { .exception = 1, .dr6 = DR6_BS };

	if (how == HOST_STEP && rig->due[vcpu] != STEP)
		comes_out(vcpu, EXIT_KVM, &stepped, sim_get(sim, vcpu, X86_RIP) + 1);
}

/* ---- the rig ---- */

static void serve(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&rig->lock);
	rig->stops++;
	pthread_cond_broadcast(&rig->changed);
	while (rig->served < rig->stops)
		pthread_cond_wait(&rig->changed, &rig->lock);
	pthread_mutex_unlock(&rig->lock);
}

static void notify(void *arg)
{
	(void)arg;
}

static bool has_stopped(void)
{
	bool stopped;

	pthread_mutex_lock(&rig->lock);
	stopped = rig->stops > rig->served;
	pthread_mutex_unlock(&rig->lock);
	return stopped;
}

static bool wait_stop(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE;
	pthread_mutex_lock(&rig->lock);
	while (rig->stops == rig->served && !pthread_cond_timedwait(&rig->changed, &rig->lock, &end))
		;
	pthread_mutex_unlock(&rig->lock);
	return has_stopped();
}

static void go(bool step0, bool step1)
{
	const struct resume_action actions[2] = {
		{ .kind = step0 ? RESUME_STEP : RESUME_CONTINUE },
		{ .kind = step1 ? RESUME_STEP : RESUME_CONTINUE },
	};

	if (rig->target.ops->resume(&rig->machine, actions))
		rig->stray++;
	pthread_mutex_lock(&rig->lock);
	rig->served = rig->stops;
	pthread_cond_broadcast(&rig->changed);
	pthread_mutex_unlock(&rig->lock);
}

static bool is_inside(unsigned vcpu)
{
	bool inside;

	pthread_mutex_lock(&rig->machine.lock);
	inside = rig->machine.vcpus[vcpu].inside && !rig->machine.vcpus[vcpu].over;
	pthread_mutex_unlock(&rig->machine.lock);
	return inside;
}

/* Both in the guest, and past what they have to step over; or a stop that was due. */
static bool wait_inside(void)
{
	while (!has_stopped() && !(is_inside(0) && is_inside(1)))
		sched_yield();
	return !has_stopped();
}

/* As a Ctrl-C: at any time. */
static void interrupt_guest(void)
{
	rig->target.ops->interrupt(&rig->machine);
}

static void open_rig(void)
{
	static const struct capabilities caps = {
		.step = true,
		.planted = true,
		.exec = true,
		.watch = { [POINT_WRITE] = true },
		.exec_slots = 4,
		.watch_slots = 4,
		.shared_slots = true,
	};
	char error[256] = "";

	rig = calloc(1, sizeof(*rig));
	if (!rig)
		abort();
	pthread_mutex_init(&rig->lock, NULL);
	pthread_cond_init(&rig->changed, NULL);
	rig->sim = sim_open(&arch_x86_64, 2, 0, RAM);
	if (!rig->sim || machine_open(&rig->machine, &rig->sim->host, &arch_x86_64, &caps, BATCH_ONE, error, sizeof(error)))
		abort();
	rig->target = machine_target(&rig->machine);
	for (unsigned i = 0; i < 2; i++) {
		rig->sim->vcpu[i].on_run = on_run;
		sim_set(rig->sim, i, X86_CR0, 0);
		sim_set(rig->sim, i, X86_CS_BASE, 0);
	}
	machine_set_server(&rig->machine, serve, notify, NULL);
	machine_hand_over(&rig->machine, GDB_SIGNAL_TRAP);
	ok(wait_stop(), "two vCPUs, stopped");
}

/* ---- one case ---- */

static void begin(enum what first, enum what second)
{
	const struct target_ops *ops = rig->target.ops;

	ops->restart(&rig->machine);
	rig->due[0] = first;
	rig->due[1] = second;
	memset(rig->met, 0, sizeof(rig->met));
	memset(rig->reported, 0, sizeof(rig->reported));
	rig->stray = 0;
	for (unsigned i = 0; i < 2; i++) {
		sim_set(rig->sim, i, X86_RIP, BEFORE);
		rig->sim->vcpu[i].nexits = 0;
		rig->sim->vcpu[i].kicked = false;
		rig->sim->vcpu[i].deaf = rig->due[i] != NOTHING;
		ops->set_point(&rig->machine, 1, POINT_WRITE, DATA + 8 * i, 8, NULL);
	}
	ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 1, NULL);
}

static bool is_of(const struct stop *stop, unsigned vcpu)
{
	if (stop->thread != vcpu + 1)
		return false;
	switch (rig->due[vcpu]) {
	case WATCH:
		return stop->kind == STOP_WATCH && stop->point == POINT_WRITE && stop->addr == DATA + 8 * vcpu;
	case BREAK:
		return stop->kind == STOP_SWBREAK;
	case STEP:
		return stop->kind == STOP_SIGNAL && stop->signal == GDB_SIGNAL_TRAP;
	case EXIT:
		return stop->kind == STOP_EXITED && stop->code == (int)vcpu;
	default:
		return false;
	}
}

/* A breakpoint that was not the first event has to be met again for it; anything else cannot be. */
static void note_report(unsigned vcpu, const char *first)
{
	bool again = rig->due[vcpu] == BREAK && !first;

	rig->reported[vcpu]++;
	rig->stray += rig->met[vcpu] != (again ? 2 : 1);
}

/* Which event of the sequence is told first: the first one, but a step's before another's. */
static unsigned reporter(const char *sequence)
{
	unsigned vcpu = (unsigned)(sequence[strcspn(sequence, "01")] - '0');
	bool both = strchr(sequence, '0') && strchr(sequence, '1');

	return both && rig->due[!vcpu] == STEP && rig->due[vcpu] != STEP ? !vcpu : vcpu;
}

/* first: the sequence, of the stop that it leads to. True when the guest is over. */
static bool note_stop(const char *first)
{
	bool interrupted = first && strchr(first, 'i');
	const struct stop *stop = machine_stop(&rig->machine);

	if (is_of(stop, 0))
		note_report(0, first);
	else if (is_of(stop, 1))
		note_report(1, first);
	else if (!interrupted || stop->kind != STOP_SIGNAL || stop->signal != GDB_SIGNAL_INT)
		rig->stray++;
	return stop->kind == STOP_EXITED;
}

/* The vCPU comes out with what is due; with nothing due, it is the interrupt. */
static void play(const char *sequence)
{
	for (; *sequence; sequence++) {
		unsigned vcpu = *sequence - '0';

		if (*sequence == 'i') {
			interrupt_guest();
			continue;
		}
		happen(vcpu);
		while (is_inside(vcpu))
			sched_yield();
	}
}

/* After the first stop everybody goes on; what was met again is met again; in the end only an interrupt stops the machine. */
static bool drain(void)
{
	for (unsigned i = 0; i < 4; i++) {
		go(false, false);
		if (wait_inside()) {
			for (unsigned vcpu = 0; vcpu < 2; vcpu++)
				if (rig->due[vcpu] == BREAK && !rig->reported[vcpu])
					happen(vcpu);
			if (!(rig->due[0] == BREAK && !rig->reported[0]) && !(rig->due[1] == BREAK && !rig->reported[1]))
				break;
		}
		if (!wait_stop())
			return false;
		if (note_stop(NULL))
			return true;
	}
	interrupt_guest();
	return wait_stop() && machine_stop(&rig->machine)->kind == STOP_SIGNAL &&
	       machine_stop(&rig->machine)->signal == GDB_SIGNAL_INT;
}

/* A guest ends once, and nothing that has not been reported by then is of any use. */
static bool is_right(enum what what, unsigned reported, enum what other, bool ended)
{
	return reported == (what != NOTHING) || (ended && !reported && (what != EXIT || other == EXIT));
}

static void try_order(enum what first, enum what second, const char *sequence)
{
	bool ended = false, in_time;

	begin(first, second);
	go(first == STEP, second == STEP);
	in_time = wait_inside();
	play(sequence);
	in_time &= wait_stop();
	ended = in_time && note_stop(sequence);
	if (first != NOTHING)
		rig->stray += !rig->reported[reporter(sequence)];
	if (in_time && !ended)
		in_time = drain();
	ended |= machine_stop(&rig->machine)->kind == STOP_EXITED;
	if (!ok(in_time && !rig->stray && is_right(first, rig->reported[0], second, ended) &&
			    is_right(second, rig->reported[1], first, ended),
		    "%s and %s, in the order %s", names[first], names[second], sequence))
		printf("# in time %d, reported %u and %u, others %u\n", in_time, rig->reported[0], rig->reported[1],
			rig->stray);
}

/* ---- the tests ---- */

static const char *const both[] = { "01", "10", "01i", "0i1", "i01", "10i", "1i0", "i10" };
static const char *const one[] = { "0", "i0", "0i" };

int main(void)
{
	open_rig();
	for (enum what first = WATCH; first < KINDS; first++) {
		for (size_t i = 0; i < sizeof(one) / sizeof(*one); i++)
			try_order(first, NOTHING, one[i]);
		for (enum what second = WATCH; second < KINDS; second++)
			for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++)
				try_order(first, second, both[i]);
	}
	try_order(NOTHING, NOTHING, "i");
	return done();
}
