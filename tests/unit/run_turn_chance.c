/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs whose threads are a VMM's, by chance: they come and go as the VMM likes, and a debugger that stops, steps, sets breakpoints, leaves and
 * comes again is no obstacle. Nobody executes anything while the guest stands, no call of the VMM's is lost, each exit is served once, and a
 * step is one instruction. run_turn_chance [SEED].
 */
#include "run_borrowed.h"

#define VCPUS 3
#define LONG_MS 130 /* an absence that nobody waits for */
#define ROUNDS 150

static const uint64_t places[] = { BORROWED_COUNTS, BORROWED_ACCESS, BORROWED_JUMP };
static const struct point_code never[] = { { .bytes = (const uint8_t[]){ 0x22, 0, 0x27 }, .size = 3 } };
static const struct point_programs false_condition = { .code = never, .nconditions = 1 };

static unsigned seed = 1;
static _Thread_local unsigned thread_seed;
static _Atomic unsigned late, left_in; /* calls that were not answered in time; opcodes that were found where none is to be */

static unsigned draw(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

/* ---- the VMM ---- */

/* While nobody is in the guest, there are the debugger's own opcodes in its memory, and all of them. */
static void check_memory(void)
{
	pthread_mutex_lock(&g->lock);
	if (g->state == GUEST_RUNNING && !g->count[VCPU_INSIDE] && !g->count[VCPU_CALLED]) {
		const struct planted *p = &g->memory.planted;

		for (unsigned i = 0; i < p->n; i++)
			left_in += p->place[i].users > 1 || p->place[i].lifted ||
				   borrowed_is_planted(p->place[i].pa) != (p->place[i].users > 0);
	}
	pthread_mutex_unlock(&g->lock);
}

static void *vmm_thread(void *arg)
{
	struct borrowed *b = arg;

	thread_seed = b->nr * 77 + seed;
	while (!ends) {
		if (borrowed_run(b))
			b->eintrs++;
		else {
			unsigned how = (unsigned)rand_r(&thread_seed) % 400;

			if (how < 20)
				check_memory();
			if (!how)
				sleep_us(LONG_MS * 1000);
			else if (how < 40)
				sleep_us((unsigned)rand_r(&thread_seed) % 2000);
			borrowed_serve(b);
		}
	}
	return NULL;
}

/* Each is answered by an EINTR, whatever the debugger is doing. */
static void *kick_thread(void *arg)
{
	unsigned own = seed + 5, n = *(unsigned *)arg;

	while (!ends) {
		struct borrowed *b = &borrowed[(unsigned)rand_r(&own) % n];
		unsigned before = b->eintrs;
		int64_t until = now_ms() + PATIENCE;

		borrowed_want(b);
		while (b->eintrs == before && now_ms() < until && !ends)
			sleep_us(20);
		late += b->eintrs == before && !ends;
		sleep_us((unsigned)rand_r(&own) % 1500);
	}
	return NULL;
}

/* ---- the debugger ---- */

static uint64_t next_of(uint64_t pc)
{
	return pc == BORROWED_JUMP ? BORROWED_COUNTS : pc + 4;
}

/* The VMM tells of memory that goes, and comes again. */
static void move_memory(void)
{
	bool held = threads_keep_out(g);

	vmm_memory_goes(g, BORROWED_BASE, BORROWED_RAM);
	for (unsigned i = 0; i < 3; i++)
		left_in += borrowed_is_planted(places[i]);
	vmm_memory_comes(g, BORROWED_BASE, BORROWED_RAM);
	if (held)
		threads_let_go(g);
}

struct totals {
	unsigned steps, wrong_steps, stops, breaks, detaches;
};

static void change_points(bool has[3])
{
	unsigned i = draw(3);

	if (draw(3))
		return;
	if (has[i])
		has[i] = clear_point(places[i]) != 0;
	else
		has[i] = !set_point(places[i], draw(2) ? &false_condition : NULL);
}

/* The guest stands, and does again. False: it does not. */
static bool go_further(unsigned n, struct totals *t)
{
	unsigned thread = draw(n) + 1;
	bool steps = draw(2);
	uint64_t pc = pc_of(thread);
	enum resume_kind others = draw(2) ? RESUME_STAY : RESUME_CONTINUE;

	if (steps && resume(RESUME_STEP, thread, others))
		steps = false, resume(RESUME_CONTINUE, thread, RESUME_CONTINUE);
	else if (!steps)
		resume(RESUME_CONTINUE, thread, others);
	if (!draw(4))
		move_memory();
	if (!stops_in_time(steps ? 3000 : (int)draw(12)))
		return false;
	t->stops++;
	t->breaks += g->last.kind == STOP_SWBREAK;
	if (steps && pc && g->last.kind == STOP_SIGNAL && g->last.signal == GDB_SIGNAL_TRAP && g->last.thread == thread) {
		t->steps++;
		t->wrong_steps += pc_of(thread) != next_of(pc);
		if (pc_of(thread) != next_of(pc))
			printf("# a step of %u from %llx to %llx\n", thread, (unsigned long long)pc,
				(unsigned long long)pc_of(thread));
	}
	return true;
}

static bool come_again(bool has[3], struct totals *t)
{
	detach();
	t->detaches++;
	memset(has, 0, 3 * sizeof(*has));
	sleep_us(draw(3) ? draw(2000) : 0);
	return attach();
}

static bool play(unsigned n, unsigned rounds, struct totals *t)
{
	bool has[3] = { false };

	if (!attach())
		return false;
	for (unsigned i = 0; i < rounds; i++) {
		change_points(has);
		if (!(draw(8) ? go_further(n, t) : come_again(has, t)))
			return false;
	}
	detach();
	return true;
}

static void test_chance(unsigned n, bool software, bool kicks)
{
	struct totals t = { 0 };
	pthread_t kicker;
	bool in_time, each = true, served = true;
	unsigned stopped_runs = 0, strays = 0;

	late = left_in = 0;
	open_guest(n, software, false);
	for (unsigned i = 0; i < n; i++)
		start(i, vmm_thread);
	if (kicks && pthread_create(&kicker, NULL, kick_thread, &n))
		abort();
	in_time = play(n, ROUNDS, &t);
	if (!ok(in_time, "%u vCPUs, %s, %s: each stop comes in time", n, software ? "stepped by opcodes" : "stepped by KVM",
		    kicks ? "called by the VMM" : "let alone"))
		tell_state();
	printf("# %u stops, %u at breakpoints, %u steps, %u detached\n", t.stops, t.breaks, t.steps, t.detaches);
	for (unsigned i = 0; i < n; i++)
		each &= in_time && counts(&borrowed[i]);
	if (!ok(each, "... each goes on when nobody is there"))
		tell_state();
	if (!in_time)
		exit(done());
	finish(n);
	if (kicks)
		pthread_join(kicker, NULL);
	for (unsigned i = 0; i < n; i++) {
		const struct borrowed *b = &borrowed[i];

		stopped_runs += b->stopped_runs;
		strays += b->strays;
		served &= b->accessed + b->pending == b->served && b->counted - b->accessed <= 1;
	}
	ok(!late, "... each call is answered");
	ok(!stopped_runs, "... nothing is executed while the guest stands: %u", stopped_runs);
	ok(!strays, "... the VMM has its own exits, and no others: %u", strays);
	ok(served, "... and each once, as often as the guest makes them");
	ok(!left_in, "... opcodes are in memory as they are to be while nobody is in the guest: %u", left_in);
	ok(!t.wrong_steps && t.steps, "... a step is one instruction, %u of %u are not", t.wrong_steps, t.steps);
	close_guest(n);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seed = (unsigned)atoi(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_chance(1, false, false);
	test_chance(VCPUS, false, false);
	test_chance(1, false, true);
	test_chance(VCPUS, false, true);
	test_chance(VCPUS, true, true);
	return done();
}
