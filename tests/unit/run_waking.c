/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nobody who may enter the guest is forgotten outside: whatever happens to one vCPU, another one that waits to be alone goes on, with
 * nothing else asked of the machine. Runs take a moment, of chance length, so that kicks find vCPUs at all kinds of places.
 */
#include "run_watcher.h"

#define VCPUS 4
#define ROUNDS 100
#define ELSEWHERE (CODE + 0x800) /* as CODE, but no breakpoint comes here */

static const struct point_code never[] = { { .bytes = (const uint8_t[]){ 0x22, 0, 0x27 }, .size = 3 } };
static const struct point_programs false_condition = { .code = never, .nconditions = 1 };

static void play_slowly(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	static _Thread_local unsigned seed;

	if (how != HOST_SETTLE && !(rand_r(&seed) % 4))
		nanosleep(&(struct timespec){ .tv_nsec = 1000 * (rand_r(&seed) % 300) }, NULL);
	play(sim, vcpu, how);
}

/* A step is complete when it is called out, and comes before the kick. */
static void step_in_spite(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	if (how != HOST_STEP) {
		play(sim, vcpu, how);
		return;
	}
	nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	execute(sim, vcpu);
	leave(sim, vcpu, EXIT_IO_DONE);
}

static void begin_slowly(unsigned vcpus, bool software)
{
	begin(vcpus, software);
	for (unsigned i = 0; i < vcpus; i++)
		rig->sim->vcpu[i].on_run = play_slowly;
}

static bool goes_on(unsigned vcpu)
{
	uint64_t before = counted(vcpu);

	comes_true(counted(vcpu) != before);
	return counted(vcpu) != before;
}

/* vCPU 0 circles over a breakpoint that is not to be reported; vCPU 1, elsewhere, stops again and again. */
static void test_passing(bool software, enum resume_kind kind)
{
	static const uint32_t code[] = { NOP, JUMP_BACK };
	bool each = true;
	struct stop stop;

	begin(2, software);
	memcpy(ram(ELSEWHERE), code, sizeof(code));
	sim_set(rig->sim, 1, RV_PC, ELSEWHERE);
	rig->sim->vcpu[1].on_run = step_in_spite;
	each &= !ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, &false_condition);
	tell(1, RESUME_CONTINUE);
	each &= goes_on(0);
	for (unsigned i = 0; i < ROUNDS && each; i++) {
		tell(2, kind);
		if (kind == RESUME_CONTINUE) {
			nanosleep(&(struct timespec){ .tv_nsec = 1000 * (i % 97) }, NULL);
			tell(2, RESUME_HALT);
		}
		each &= wait_next(&stop) && stop.thread == 2 && goes_on(0);
	}
	ok(each, "one goes on over a breakpoint when another has %s", kind == RESUME_STEP ? "stepped" : "been halted");
	end();
}

/* All meet a breakpoint, are told of it, and go on. */
static void test_meeting(bool software)
{
	unsigned stops = 0;
	bool each = true;
	struct stop stop;

	begin_slowly(VCPUS, software);
	tell(0, RESUME_CONTINUE);
	wait_for_count(3);
	each &= !ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, NULL);
	for (; stops < ROUNDS && wait_next(&stop); stops++) {
		each &= stop.kind == STOP_SWBREAK && sim_get(rig->sim, stop.thread - 1, RV_PC) == CODE;
		tell(stop.thread, RESUME_CONTINUE);
	}
	ok(each && stops == ROUNDS, "each comes back to the breakpoint again and again");
	end();
}

/* What the watcher does meanwhile keeps them out for a moment, and nobody for good. */
static void test_looking(bool software)
{
	bool each = true;
	uint8_t bytes[8];

	begin_slowly(VCPUS, software);
	each &= !ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, &false_condition);
	tell(0, RESUME_CONTINUE);
	for (unsigned i = 0; i < ROUNDS && each; i++) {
		each &= ops->read_mem(&rig->machine, 1 + i % VCPUS, CODE, bytes, sizeof(bytes)) == sizeof(bytes);
		each &= !ops->write_mem(&rig->machine, 1, BASE, bytes, sizeof(bytes));
		each &= goes_on(i % VCPUS);
	}
	ok(each, "they go on when they have been looked at");
	end();
}

int main(void)
{
	for (int software = 0; software < 2; software++) {
		test_passing(software, RESUME_STEP);
		test_passing(software, RESUME_CONTINUE);
		test_meeting(software);
		test_looking(software);
	}
	return done();
}
