/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two vCPUs, an event on each, and an interrupt, in every order: each event is reported once, and none is lost. The sequence says
 * who comes out of the guest when; an exit that is on its way comes in spite of the kick by which the first one calls the others out,
 * as on KVM. A breakpoint that was met and not reported is met again, for nothing was executed.
 */
#include <string.h>

#include "arch/x86_64.h"
#include "run_rig.h"

#define CODE 0x1000   /* the breakpoint */
#define BEFORE 0x0f00 /* where they start */
#define AFTER 0x1100
#define DATA 0x2000 /* a watchpoint for each vCPU, 8 bytes from here on */
#define RAM 0x4000
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

static struct {
	enum what due[2];     /* of each vCPU, until it has come out with it */
	unsigned met[2];      /* how often it did */
	unsigned reported[2]; /* how often that was told */
	unsigned stray;	      /* other stops */
} seen;

/* ---- the guest ---- */

static void comes_out(unsigned vcpu, enum exit_kind kind, const struct x86_debug_exit *debug, uint64_t pc)
{
	pthread_mutex_lock(&rig->sim->lock);
	sim_set(rig->sim, vcpu, X86_RIP, pc);
	leave(rig->sim, vcpu, kind);
	rig->exit[vcpu].code = (int)vcpu;
	if (debug)
		memcpy(rig->exit[vcpu].data, debug, sizeof(*debug));
	rig->sim->vcpu[vcpu].deaf = false;
	pthread_cond_broadcast(&rig->sim->kick);
	pthread_mutex_unlock(&rig->sim->lock);
}

static void happen(unsigned vcpu)
{
	struct x86_debug_exit debug = { .exception = 1 };

	seen.met[vcpu]++;
	switch (seen.due[vcpu]) {
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

	if (how == HOST_STEP && seen.due[vcpu] != STEP)
		comes_out(vcpu, EXIT_KVM, &stepped, sim_get(sim, vcpu, X86_RIP) + 1);
}

/* ---- the rig ---- */

static void go_both(bool step0, bool step1)
{
	const struct resume_action actions[2] = {
		{ .kind = step0 ? RESUME_STEP : RESUME_CONTINUE },
		{ .kind = step1 ? RESUME_STEP : RESUME_CONTINUE },
	};

	if (go_on(actions))
		seen.stray++;
}

static bool is_inside(unsigned vcpu)
{
	bool inside;

	pthread_mutex_lock(&rig->machine.guest.lock);
	inside = vcpu_is_inside(rig->machine.guest.vcpus[vcpu]) && rig->machine.guest.vcpus[vcpu]->first != FIRST_OVER;
	pthread_mutex_unlock(&rig->machine.guest.lock);
	return inside;
}

static bool is_in_guest(unsigned vcpu)
{
	return is_inside(vcpu) && rig->sim->vcpu[vcpu].in_guest;
}

/* Both in the guest, and past what they have to step over; or a stop that was due. */
static bool wait_inside(void)
{
	while (!has_stopped() && !(is_in_guest(0) && is_in_guest(1)))
		sched_yield();
	return !has_stopped();
}

/* At any time. */
static void press_ctrl_c(void)
{
	rig->target.ops->interrupt(&rig->machine);
}

static void open_both(void)
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

	open_machine(&arch_x86_64, 2, 0, RAM, &caps, BATCH_ONE);
	for (unsigned i = 0; i < 2; i++) {
		rig->sim->vcpu[i].on_run = on_run;
		sim_set(rig->sim, i, X86_CR0, 0);
		sim_set(rig->sim, i, X86_CS_BASE, 0);
	}
	ok(serve_first(), "two vCPUs, stopped");
}

/* ---- one case ---- */

static void begin(enum what first, enum what second)
{
	const struct target_ops *ops = rig->target.ops;

	ops->restart(&rig->machine);
	seen.due[0] = first;
	seen.due[1] = second;
	memset(seen.met, 0, sizeof(seen.met));
	memset(seen.reported, 0, sizeof(seen.reported));
	seen.stray = 0;
	for (unsigned i = 0; i < 2; i++) {
		sim_set(rig->sim, i, X86_RIP, BEFORE);
		rig->sim->vcpu[i].nexits = 0;
		rig->sim->vcpu[i].kicked = false;
		rig->sim->vcpu[i].deaf = seen.due[i] != NOTHING;
		ops->set_point(&rig->machine, 1, POINT_WRITE, DATA + 8 * i, 8, NULL);
	}
	ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 1, NULL);
}

static bool is_of(const struct stop *told, unsigned vcpu)
{
	if (told->thread != vcpu + 1)
		return false;
	switch (seen.due[vcpu]) {
	case WATCH:
		return told->kind == STOP_WATCH && told->point == POINT_WRITE && told->addr == DATA + 8 * vcpu;
	case BREAK:
		return told->kind == STOP_SWBREAK;
	case STEP:
		return told->kind == STOP_SIGNAL && told->signal == GDB_SIGNAL_TRAP;
	case EXIT:
		return told->kind == STOP_EXITED && told->code == (int)vcpu;
	default:
		return false;
	}
}

/* A breakpoint that was not the first event has to be met again for it; anything else cannot be. */
static void note_report(unsigned vcpu, const char *first)
{
	bool again = seen.due[vcpu] == BREAK && !first;

	seen.reported[vcpu]++;
	seen.stray += seen.met[vcpu] != (again ? 2 : 1);
}

/* Which event of the sequence is told first: the first one, but a step's before another's. */
static unsigned reporter(const char *sequence)
{
	unsigned vcpu = (unsigned)(sequence[strcspn(sequence, "01")] - '0');
	bool both = strchr(sequence, '0') && strchr(sequence, '1');

	return both && seen.due[!vcpu] == STEP && seen.due[vcpu] != STEP ? !vcpu : vcpu;
}

/* first: the sequence, of the stop that it leads to. True when the guest is over. */
static bool note_stop(const char *first)
{
	bool interrupted = first && strchr(first, 'i');
	const struct stop *told = stop();

	if (is_of(told, 0))
		note_report(0, first);
	else if (is_of(told, 1))
		note_report(1, first);
	else if (!interrupted || told->kind != STOP_SIGNAL || told->signal != GDB_SIGNAL_INT)
		seen.stray++;
	return told->kind == STOP_EXITED;
}

/* The vCPU comes out with what is due; with nothing due, it is the interrupt. */
static void play(const char *sequence)
{
	for (; *sequence; sequence++) {
		unsigned vcpu = *sequence - '0';

		if (*sequence == 'i') {
			press_ctrl_c();
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
		go_both(false, false);
		if (wait_inside()) {
			for (unsigned vcpu = 0; vcpu < 2; vcpu++)
				if (seen.due[vcpu] == BREAK && !seen.reported[vcpu])
					happen(vcpu);
			if (!(seen.due[0] == BREAK && !seen.reported[0]) && !(seen.due[1] == BREAK && !seen.reported[1]))
				break;
		}
		if (!wait_stop())
			return false;
		if (note_stop(NULL))
			return true;
	}
	press_ctrl_c();
	return wait_stop() && stop()->kind == STOP_SIGNAL && stop()->signal == GDB_SIGNAL_INT;
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
	go_both(first == STEP, second == STEP);
	in_time = wait_inside();
	play(sequence);
	in_time &= wait_stop();
	ended = in_time && note_stop(sequence);
	if (first != NOTHING)
		seen.stray += !seen.reported[reporter(sequence)];
	if (in_time && !ended)
		in_time = drain();
	ended |= stop()->kind == STOP_EXITED;
	if (!ok(in_time && !seen.stray && is_right(first, seen.reported[0], second, ended) &&
			    is_right(second, seen.reported[1], first, ended),
		    "%s and %s, in the order %s", names[first], names[second], sequence))
		printf("# in time %d, reported %u and %u, others %u\n", in_time, seen.reported[0], seen.reported[1],
			seen.stray);
}

/* ---- the tests ---- */

static const char *const both[] = { "01", "10", "01i", "0i1", "i01", "10i", "1i0", "i10" };
static const char *const one[] = { "0", "i0", "0i" };

int main(void)
{
	open_both();
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
