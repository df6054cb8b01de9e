/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs whose threads are a VMM's: what a client is told when one of them comes or goes, or when the VMM says that the guest is over. */
#include "run_borrowed.h"

static atomic_int leaver = -1; /* the thread of this vCPU is to end */

static void *vmm_thread(void *arg)
{
	struct borrowed *b = arg;

	while (!ends && leaver != (int)b->nr) {
		if (borrowed_run(b))
			b->eintrs++;
		else
			borrowed_serve(b);
	}
	return NULL;
}

static void begin_running(unsigned vcpus)
{
	open_guest(vcpus, false, false);
	for (unsigned i = 0; i < vcpus; i++)
		start(i, vmm_thread);
	for (unsigned i = 0; i < vcpus; i++)
		counts(&borrowed[i]);
}

static void end(const char *name, unsigned started)
{
	unsigned stopped_runs = 0, strays = 0;

	finish(started);
	for (unsigned i = 0; i < g->n; i++) {
		stopped_runs += borrowed[i].stopped_runs;
		strays += borrowed[i].strays;
	}
	ok(!stopped_runs && !strays, "%s: nothing runs while the guest stands (%u), no exit is the debugger's (%u)", name,
		stopped_runs, strays);
	close_guest(g->n);
}

static bool has_thread(unsigned thread)
{
	return rig->target.ops->has_thread(&rig->machine, thread);
}

static void leaves(unsigned nr)
{
	leaver = (int)nr;
	borrowed_want(&borrowed[nr]);
	pthread_join(threads[nr], NULL);
	turn_remove(borrowed[nr].vcpu);
	leaver = -1;
}

static void comes_again(unsigned nr)
{
	turn_add(g, nr, &borrowed[nr].vcpu);
	start(nr, vmm_thread);
}

/* The one vCPU that was to run goes. */
static void test_gone(bool told)
{
	begin_running(2);
	attach();
	rig->target.ops->set_thread_events(&rig->machine, told);
	resume(RESUME_CONTINUE, 1, RESUME_STAY);
	counts(&borrowed[0]);
	leaves(0);
	ok(stops_in_time(-1) && g->last.kind == (told ? STOP_GONE : STOP_NONE_LEFT) && g->last.thread == 1,
		"gone: the client is told %s", told ? "who is" : "that nobody runs any more");
	ok(!has_thread(1) && has_thread(2) && g->current == borrowed[1].vcpu, "... it is a thread no more");
	rig->target.ops->set_thread_events(&rig->machine, false);
	resume(RESUME_CONTINUE, 2, RESUME_CONTINUE);
	ok(counts(&borrowed[1]) && !look(false), "... the other one goes on");
	comes_again(0);
	ok(has_thread(1) && counts(&borrowed[0]), "... it is there again, and runs");
	ok(stops_in_time(0), "... and the guest stands");
	detach();
	end("gone", 2);
}

/* One comes, while a client is there. */
static void test_comes(bool told)
{
	begin_running(2);
	attach();
	leaves(1);
	rig->target.ops->set_thread_events(&rig->machine, told);
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	counts(&borrowed[0]);
	comes_again(1);
	if (told) {
		ok(stops_in_time(-1) && g->last.kind == STOP_CREATED && g->last.thread == 2,
			"comes: the client is told who has come");
		resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	}
	ok(counts(&borrowed[1]) && !look(false), "comes%s: it runs, and nothing stops it",
		told ? "" : ", and nobody wants to know");
	ok(stops_in_time(0), "... and the guest stands");
	leaves(1);
	comes_again(1);
	rig->target.ops->set_thread_events(&rig->machine, false);
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	ok(counts(&borrowed[1]) && !look(false), "... of another the client does not want to be told any more");
	stops_in_time(0);
	detach();
	end("comes", 2);
}

static void begin_non_stop(void)
{
	begin_running(2);
	attach();
	rig->target.ops->set_thread_events(&rig->machine, true);
	rig->target.ops->set_non_stop(&rig->machine, true);
	baton_give_back(g);
	threads_watch_begin(g);
}

static bool next_stop(struct stop *stop)
{
	return comes_true(rig->target.ops->next_stop(&rig->machine, stop));
}

static bool is_said(struct stop *stop)
{
	struct stop more;

	return next_stop(stop) && !rig->target.ops->next_stop(&rig->machine, &more);
}

static void end_non_stop(const char *name)
{
	rig->target.ops->set_non_stop(&rig->machine, false);
	threads_watch_end(g);
	baton_take(g);
	detach();
	end(name, 2);
}

static void test_gone_in_non_stop(void)
{
	struct stop stop = { 0 };

	begin_non_stop();
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	counts(&borrowed[0]);
	leaves(0);
	ok(is_said(&stop) && stop.kind == STOP_GONE && stop.thread == 1, "gone in non-stop: the client is told, once");
	ok(!has_thread(1), "... it is a thread no more");
	rig->target.ops->report_again(&rig->machine);
	ok(!rig->target.ops->next_stop(&rig->machine, &stop), "... and is not asked why it stands");
	ok(counts(&borrowed[1]), "... the other one runs");
	comes_again(0);
	ok(is_said(&stop) && stop.kind == STOP_CREATED && stop.thread == 1, "comes in non-stop: the client is told, once");
	end_non_stop("gone in non-stop");
}

/* The VMM says that the guest is over. */
static void test_exited(bool non_stop)
{
	struct stop stop = { 0 };

	if (non_stop) {
		begin_non_stop();
	} else {
		begin_running(2);
		attach();
	}
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	counts(&borrowed[0]);
	ok(vmm_has_ended(g, 3), "over%s: somebody is told", non_stop ? " in non-stop" : "");
	if (non_stop)
		ok(is_said(&stop), "... once");
	else if (ok(stops_in_time(-1), "... and the guest stands"))
		stop = g->last;
	ok(stop.kind == STOP_EXITED && stop.code == 3, "... with the code");
	ok(!rig->target.ops->threads(&rig->machine), "... there is no thread any more");
	if (non_stop)
		end_non_stop("over in non-stop");
	else
		end("over", 2);
}

/* ... while the client looks at a stop. */
static void test_exited_stopped(void)
{
	begin_running(1);
	attach();
	ok(!vmm_has_ended(g, 3), "over in a guest that stands: nobody is told at once");
	resume(RESUME_CONTINUE, 1, RESUME_CONTINUE);
	ok(stops_in_time(-1) && g->last.kind == STOP_EXITED && g->last.code == 3, "... and it is when it is to go on");
	end("over in a guest that stands", 1);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_gone(false);
	test_gone(true);
	test_gone_in_non_stop();
	test_comes(false);
	test_comes(true);
	test_exited(false);
	test_exited(true);
	test_exited_stopped();
	return done();
}
