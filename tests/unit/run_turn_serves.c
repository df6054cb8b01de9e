/* SPDX-License-Identifier: BSD-2-Clause */
/* Borrowed vCPUs whose own threads serve the client of a stop: who has the baton when the VMM wants them, or keeps them. */
#include "run_borrowed.h"

#include <unistd.h>

static int said[2];	     /* a pipe: what the client says */
static atomic_uint told;     /* so many stops, by a vCPU's thread ... */
static atomic_uint answered; /* so many words, by a vCPU's thread */
static _Atomic uint64_t at;  /* ... the last one here */
static bool is_told;	     /* the baton's holder's */

/* s: a step. w: what is the watcher's to do. Anything else is answered by counting it. */
static enum served hear(void)
{
	const struct resume_action actions[SIM_VCPUS] = { { .kind = RESUME_STEP } };
	char word;

	if (read(said[0], &word, 1) != 1 || word == 'w')
		return SERVED_ELSEWHERE;
	answered++;
	if (word != 's')
		return SERVED_SO_FAR;
	is_told = false;
	return rig->target.ops->resume(&rig->machine, actions) ? SERVED_ELSEWHERE : SERVED;
}

static enum served serve_home(void *arg, bool waits)
{
	enum served served = SERVED_SO_FAR;

	(void)arg;
	if (!is_told) {
		machine_stop(&rig->machine);
		at = pc_of(1);
		told++;
	}
	is_told = true;
	while (served == SERVED_SO_FAR && waits)
		served = baton_await(g, said[0]) ? hear() : SERVED_ELSEWHERE;
	return served;
}

static void say(char word)
{
	if (write(said[1], &word, 1) != 1)
		abort();
}

static bool grows_to(atomic_uint *n, unsigned to)
{
	return comes_true(*n >= to) && *n == to;
}

static atomic_bool keeps; /* the VMM keeps the threads that it has */

static void *run_vcpu(void *arg)
{
	struct borrowed *b = arg;

	while (!ends) {
		if (!borrowed_run(b))
			borrowed_serve(b);
		else
			b->eintrs++;
		while (keeps && !ends)
			sleep_us(100);
	}
	return NULL;
}

static void open_stopped(void)
{
	if (pipe(said))
		abort();
	told = answered = 0;
	is_told = false;
	keeps = false;
	open_guest(1, false, false);
	machine_set_server(&rig->machine, serve_home, notify, NULL);
	start(0, run_vcpu);
	counts(&borrowed[0]);
	threads_hand_over(g, GDB_SIGNAL_TRAP);
}

static void close_stopped(void)
{
	finish(1);
	close_guest(1);
	close(said[0]);
	close(said[1]);
}

static bool watcher_takes(void)
{
	return comes_true(baton_take(g));
}

static void test_steps(void)
{
	unsigned stops;

	open_stopped();
	ok(grows_to(&told, 1), "a vCPU's thread tells of the stop");
	for (stops = 1; stops < 100; stops++) {
		say('s');
		if (!grows_to(&told, stops + 1))
			break;
	}
	is_int(stops, 100, "... and steps, and tells of each");
	say('g');
	ok(grows_to(&answered, 100), "... and answers");
	say('w');
	ok(watcher_takes(), "what is not its to do is the watcher's");
	detach();
	close_stopped();
}

static void test_wanted(void)
{
	unsigned eintrs;

	open_stopped();
	grows_to(&told, 1);
	sleep_us(20000);
	eintrs = borrowed[0].eintrs;
	borrowed_want(&borrowed[0]);
	ok(grows_to(&borrowed[0].eintrs, eintrs + 1), "the VMM wants a thread that serves, and has it");
	ok(watcher_takes(), "... the watcher serves on");
	is_int(told, 1, "... and the stop was told of once");
	is_told = false;
	ok(!resume(RESUME_STEP, 1, RESUME_STAY) && grows_to(&told, 2), "... and the next stop is the vCPU's again");
	say('w');
	watcher_takes();
	detach();
	close_stopped();
}

static void test_kept(void)
{
	unsigned stops = 1;

	open_stopped();
	while (grows_to(&told, stops) && at != BORROWED_JUMP) {
		say('s');
		stops++;
	}
	sleep_us(20000);
	keeps = true;
	say('s');
	ok(grows_to(&told, stops + 1), "a vCPU's thread tells of a stop before the VMM has it");
	ok(comes_true(!threads_at_rest(g)) && watcher_takes(), "... and the VMM keeps it: the watcher serves on");
	keeps = false;
	detach();
	ok(counts(&borrowed[0]), "... and the guest runs on");
	close_stopped();
}

int main(void)
{
	test_steps();
	test_wanted();
	test_kept();
	return done();
}
