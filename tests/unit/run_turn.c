/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs whose threads are a VMM's: what happens to one just when its thread comes, goes, or is wanted by the VMM. */
#include "run_borrowed.h"

static _Atomic unsigned shown, begun_away;
static atomic_bool shows, holds, held, keeps, kept;

static void show(struct borrowed *b)
{
	while (borrowed_show(b, "the guest asks for something"))
		b->eintrs++;
	shows = false;
	shown++;
}

/* The VMM has its thread: nothing of a run is left. */
static void *vmm_thread(void *arg)
{
	struct borrowed *b = arg;

	while (!ends) {
		int err = borrowed_run(b);

		begun_away += turn_is_begun(b->vcpu);
		if (err)
			b->eintrs++;
		else
			borrowed_serve(b);
		while (!err && keeps && !ends) {
			kept = true;
			sleep_us(100);
		}
		if (shows && !b->nr)
			show(b);
	}
	return NULL;
}

static bool wait_for(const atomic_bool *what, bool state)
{
	return comes_true(*what == state);
}

static bool answers(struct borrowed *b)
{
	unsigned before = b->eintrs;

	borrowed_want(b);
	return comes_true(b->eintrs != before);
}

static void end(const char *name, unsigned started)
{
	unsigned stopped_runs = 0, strays = 0;

	finish(started);
	for (unsigned i = 0; i < g->n; i++) {
		stopped_runs += borrowed[i].stopped_runs;
		strays += borrowed[i].strays;
	}
	ok(!stopped_runs && !strays && !begun_away,
		"%s: nothing runs while the guest stands (%u), no exit is the debugger's (%u), no run is left (%u)", name,
		stopped_runs, strays, (unsigned)begun_away);
	close_guest(g->n);
}

static void begin(unsigned vcpus, bool waits)
{
	begun_away = shown = 0;
	shows = holds = held = keeps = kept = false;
	open_guest(vcpus, false, waits);
}

static void begin_running(unsigned vcpus)
{
	begin(vcpus, false);
	for (unsigned i = 0; i < vcpus; i++)
		start(i, vmm_thread);
	for (unsigned i = 0; i < vcpus; i++)
		counts(&borrowed[i]);
}

/* ---- a client before the vCPUs ---- */

static void test_early(bool waits)
{
	begin(2, waits);
	threads_hand_over(g, GDB_SIGNAL_TRAP);
	for (unsigned i = 0; i < 2; i++)
		start(i, vmm_thread);
	ok(stops_in_time(-1), "a client before the first run, the guest %s: it stands", waits ? "waits" : "is to run");
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	ok(counts(&borrowed[0]) && counts(&borrowed[1]), "... and goes on");
	ok(stops_in_time(0), "... and stands");
	detach();
	end("an early client", 2);
}

/* ---- the threads come in another order than their vCPUs ---- */

static bool is_known(unsigned nr)
{
	bool known;

	pthread_mutex_lock(&g->lock);
	known = g->vcpus[nr]->known;
	pthread_mutex_unlock(&g->lock);
	return known;
}

static bool comes(unsigned nr)
{
	return comes_true(is_known(nr));
}

static void test_order(void)
{
	begin(2, true);
	start(1, vmm_thread);
	ok(comes(1), "the guest waits, and the second vCPU comes first");
	start(0, vmm_thread);
	ok(comes(0) && g->current == g->vcpus[0] && g->last.thread == 1, "... the client is to be shown the first one");
	threads_hand_over(g, GDB_SIGNAL_TRAP);
	ok(stops_in_time(-1), "... and the guest stands");
	detach();
	end("another order", 2);
}

/* ---- stopped as the VMM wants the thread ---- */

static void stop_it(struct borrowed *b)
{
	b->in_run = b->behind_run = NULL;
	threads_hand_over(g, GDB_SIGNAL_TRAP);
}

/* Nobody attends, and somebody does in the midst of, or just behind, the run by which the VMM has its thread. */
static void test_wanted(bool behind)
{
	struct borrowed *b = &borrowed[0];

	begin_running(1);
	if (behind)
		b->behind_run = stop_it;
	else
		b->in_run = stop_it;
	ok(answers(b), "stopped %s the run that the VMM ends: it has its thread", behind ? "behind" : "in");
	if (b->in_run || b->behind_run)
		stop_it(b);
	ok(stops_in_time(-1), "... and the guest stands");
	sleep_us(20000);
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	ok(counts(b), "... and goes on");
	ok(stops_in_time(0), "... and stands again");
	detach();
	end("stopped as it is wanted", 1);
}

static void want_it(struct borrowed *b)
{
	b->behind_run = NULL;
	borrowed_want(b);
}

/* The guest has written over an opcode as it was met: KVM is to run once more, and the VMM wants its thread. */
static void test_again(void)
{
	struct borrowed *b = &borrowed[0];
	unsigned before;

	begin_running(1);
	attach();
	set_point(BORROWED_COUNTS, NULL);
	before = b->eintrs;
	b->behind_run = want_it;
	b->traps = true;
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	comes_true(!b->behind_run);
	ok(comes_true(b->eintrs != before), "wanted between two KVM_RUNs of one run: it has its thread");
	ok(stops_in_time(0), "... and the guest stands");
	detach();
	end("wanted between two KVM_RUNs", 1);
}

/* ---- an access that is completed while the guest stands ---- */

static bool is_settled(const struct borrowed *b)
{
	bool is;

	pthread_mutex_lock(&g->lock);
	is = b->vcpu->home && b->vcpu->settling == SETTLING_NOT;
	pthread_mutex_unlock(&g->lock);
	return is;
}

/* And its thread has said so. */
static bool completes(struct borrowed *b, unsigned accessed)
{
	return comes_true(b->accessed != accessed) && comes_true(is_settled(b));
}

static bool steps_to(uint64_t pc)
{
	return !resume(RESUME_STEP, 1, RESUME_STAY) && stops_in_time(-1) && pc_of(1) == pc;
}

/* It is completed by the thread that comes to wait, or by a run that the VMM wants; the client looks again before it steps, or does not. */
static void test_completed(bool wanted, bool looks)
{
	struct borrowed *b = &borrowed[0];
	unsigned accessed;

	begin_running(1);
	keeps = true;
	wait_for(&kept, true);
	attach();
	accessed = b->accessed;
	ok(pc_of(1) == BORROWED_ACCESS, "completed while the guest stands, %s: the VMM serves an access",
		wanted ? "wanted" : "waiting");
	ok(resume(RESUME_STEP, 1, RESUME_STAY) == -EBUSY, "... it is not stepped");
	if (wanted)
		borrowed_want(b);
	keeps = false;
	ok(completes(b, accessed), "... it is answered");
	if (looks)
		ok(pc_of(1) == BORROWED_JUMP, "... and the client sees that");
	ok(steps_to(looks ? BORROWED_COUNTS : BORROWED_JUMP), "... %s",
		looks ? "a step is the next instruction" : "a step is that one");
	detach();
	end("an access is completed", 1);
}

/* The access was at a breakpoint that has been reported; there is one on the next instruction as well. */
static void test_completed_at_point(void)
{
	struct borrowed *b = &borrowed[0];
	unsigned accessed;

	begin_running(1);
	attach();
	set_point(BORROWED_ACCESS, NULL);
	set_point(BORROWED_JUMP, NULL);
	do
		resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	while (stops_in_time(-1) && pc_of(1) != BORROWED_ACCESS);
	keeps = true;
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	wait_for(&kept, true);
	ok(stops_in_time(0) && pc_of(1) == BORROWED_ACCESS,
		"completed while the guest stands, behind a breakpoint: the VMM serves the access");
	accessed = b->accessed;
	keeps = false;
	ok(completes(b, accessed), "... it is answered");
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	ok(stops_in_time(-1) && g->last.kind == STOP_SWBREAK && pc_of(1) == BORROWED_JUMP,
		"... and the next breakpoint is met");
	detach();
	end("an access is completed at a breakpoint", 1);
}

/* ---- vCPUs that come and go ---- */

static void hold_it(struct borrowed *b)
{
	(void)b;
	held = holds;
	while (holds)
		sleep_us(100);
}

static void test_added(void)
{
	begin(1, false);
	rig->sim->host.vcpus = 2;
	borrowed[0].in_run = hold_it;
	start(0, vmm_thread);
	counts(&borrowed[0]);
	attach();
	holds = true;
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	wait_for(&held, true);
	look(true);
	ok(!turn_add(g, 1, &borrowed[1].vcpu), "a vCPU more while the guest is being stopped");
	holds = false;
	ok(stops_in_time(-1), "... and the guest stands");
	detach();
	end("added", 1);
}

/* One comes while another has been let in, and has not gone in yet; nobody attends to either. */
static void test_two_free(void)
{
	begin(2, false);
	start(0, vmm_thread);
	counts(&borrowed[0]);
	attach();
	holds = true;
	borrowed[0].behind_wait = hold_it;
	detach();
	ok(wait_for(&held, true), "let go: one vCPU is let in");
	start(1, vmm_thread);
	sleep_us(20000);
	holds = false;
	ok(counts(&borrowed[1]) && counts(&borrowed[0]), "... and another, which has come meanwhile, as well");
	end("let go", 2);
}

static void test_removed(void)
{
	unsigned gone;
	bool told;

	begin_running(2);
	attach();
	set_point(BORROWED_COUNTS, NULL);
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	stops_in_time(-1);
	ok(g->last.kind == STOP_SWBREAK, "removed: a breakpoint is met");
	finish(2);
	gone = g->current->nr;
	told = rig->sim->vcpu[gone].debug_control;
	turn_remove(borrowed[gone].vcpu);
	ok(told && !rig->sim->vcpu[gone].debug_control, "... KVM is told of no debugging in a vCPU that is gone");
	ok(g->current == borrowed[!gone].vcpu, "... the current one is one that is there");
	turn_add(g, gone, &borrowed[gone].vcpu);
	ends = false;
	start(0, vmm_thread);
	start(1, vmm_thread);
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	ok(stops_in_time(-1) && g->last.kind == STOP_SWBREAK, "... one that comes in its place meets it as well");
	detach();
	if (!ok(counts(&borrowed[0]) && counts(&borrowed[1]), "... both go on"))
		tell_state();
	end("removed", 2);
}

/* ---- what the VMM shows ---- */

static bool is_shown(void)
{
	return g->last.kind == STOP_SIGNAL && g->last.text && !strcmp(g->last.text, "the guest asks for something");
}

static void test_shown(void)
{
	begin_running(2);
	shows = true;
	ok(wait_for(&shows, false), "shown: to nobody, it goes on");
	attach();
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	shows = true;
	ok(stops_in_time(-1) && is_shown(), "... to a client: the guest stands");
	ok(answers(&borrowed[0]) && shown == 1 && shows, "... the VMM has its thread when it wants it, and asks again");
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	ok(wait_for(&shows, false), "... it goes on when the client lets it");
	stops_in_time(0);
	detach();
	end("shown", 2);
}

/* A client that looks at another stop is shown it afterwards. */
static void test_shown_later(void)
{
	begin(1, false);
	borrowed[0].in_run = hold_it;
	start(0, vmm_thread);
	counts(&borrowed[0]);
	attach();
	holds = true;
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	wait_for(&held, true);
	shows = true;
	look(true);
	holds = false;
	ok(stops_in_time(-1), "shown while the guest is being stopped: it stands");
	if (!is_shown()) {
		sleep_us(20000);
		resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
		stops_in_time(-1);
	}
	ok(is_shown() && !shown, "... and the client sees it");
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	ok(wait_for(&shows, false) && shown == 1, "... once");
	ok(stops_in_time(0) && !is_shown(), "... and the guest goes on");
	detach();
	end("shown later", 1);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_early(true);
	test_early(false);
	test_order();
	test_wanted(false);
	test_wanted(true);
	test_again();
	test_completed(false, false);
	test_completed(false, true);
	test_completed(true, false);
	test_completed(true, true);
	test_completed_at_point();
	test_added();
	test_two_free();
	test_removed();
	test_shown();
	test_shown_later();
	return done();
}
