/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory in non-stop: while one vCPU stands, others run and may map its pages elsewhere. What the debugger reads, writes and plants by
 * way of the one that stands is where its page is now; and nobody is called out of the guest to be read but the one that is looked into.
 */
#include "arch/riscv64.h"
#include "run_rig.h"

#define BASE 0x80000000ull
#define TABLE(n) (BASE + 0x1000 * (n))
#define PAGE(n) (BASE + 0x10000 + 0x1000 * (n))
#define RAM 0x20000
#define SV39 (8ull << 60)
#define VA 0x40201000ull
#define LEAF 0xcf /* V R W X A D */
#define VCPUS 3

static const struct target_ops *ops;
static _Atomic bool moved;

static uint8_t *at(uint64_t pa)
{
	return rig->sim->ram + (pa - BASE);
}

static void put(uint64_t pa, uint64_t value)
{
	memcpy(at(pa), &value, sizeof(value));
}

static void map(unsigned page)
{
	put(TABLE(0) + 8, TABLE(1) >> 12 << 10 | 1);
	put(TABLE(1) + 8, TABLE(2) >> 12 << 10 | 1);
	put(TABLE(2) + 8, PAGE(page) >> 12 << 10 | LEAF);
}

/* The guest's code on vCPU 1: VA is at PAGE(1) from now on, and PAGE(0) is another owner's. */
static void move_page(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	(void)sim;
	if (how != HOST_RUN || vcpu != 1 || moved)
		return;
	map(1);
	memset(at(PAGE(0)), 0x55, 0x1000);
	moved = true;
}

static void begin(void)
{
	const struct capabilities caps = { .step = true, .planted = true };
	struct stop stop;

	open_machine(&arch_riscv64, VCPUS, BASE, RAM, &caps, BATCH_AUTO);
	for (unsigned i = 0; i < VCPUS; i++) {
		sim_set(rig->sim, i, RV_SATP, SV39 | TABLE(0) >> 12);
		sim_set(rig->sim, i, RV_MODE, 1);
		rig->sim->vcpu[i].on_run = move_page;
	}
	for (unsigned i = 0; i < 4; i++)
		memset(at(PAGE(i)), 0xa0 + (int)i, 0x1000);
	map(0);
	moved = false;
	ok(serve_first(), "%d vCPUs", VCPUS);
	ops = rig->target.ops;
	ops->set_non_stop(&rig->machine, true);
	give_baton_back();
	while (!guest_non_stop(&rig->machine.guest) || !threads_watch_begin(&rig->machine.guest))
		sched_yield();
	while (ops->next_stop(&rig->machine, &stop))
		;
}

static void run_others(void)
{
	const struct resume_action actions[SIM_VCPUS] = {
		[1] = { .kind = RESUME_CONTINUE }, [2] = { .kind = RESUME_CONTINUE }
	};

	is_int(ops->resume(&rig->machine, actions), 0, "vCPUs 1 and 2 run");
	while (!moved || !rig->sim->vcpu[2].runs || rig->sim->running != 2)
		sched_yield();
}

static void end(void)
{
	ops->set_non_stop(&rig->machine, false);
	threads_watch_end(&rig->machine.guest);
	ok(wait_stop(), "back to all-stop");
}

static void test_moved_page(void)
{
	uint8_t byte = 0;

	begin();
	ok(ops->read_mem(&rig->machine, 1, VA, &byte, 1) == 1 && byte == 0xa0, "a page");
	run_others();
	ok(ops->read_mem(&rig->machine, 1, VA, &byte, 1) == 1 && byte == 0xa1, "... is read where it is now");
	is_int(ops->set_point(&rig->machine, 1, POINT_SOFTWARE, VA, 4, NULL), 0, "a breakpoint");
	ok(*at(PAGE(0)) == 0x55 && *at(PAGE(1)) != 0xa1, "... is planted there");
	is_int(ops->clear_point(&rig->machine, 1, POINT_SOFTWARE, VA, 4), 0, "... and cleared");
	ok(*at(PAGE(0)) == 0x55 && *at(PAGE(1)) == 0xa1, "... there");
	byte = 0xee;
	is_int(ops->write_mem(&rig->machine, 1, VA, &byte, 1), 0, "a write");
	ok(*at(PAGE(0)) == 0x55 && *at(PAGE(1)) == 0xee, "... goes there");
	end();
}

static void test_reads(void)
{
	struct memory_region region;
	unsigned runs[2];
	uint8_t byte;

	begin();
	run_others();
	runs[0] = rig->sim->vcpu[1].runs;
	runs[1] = rig->sim->vcpu[2].runs;
	ops->read_mem(&rig->machine, 1, VA, &byte, 1);
	ops->read_phys(&rig->machine, PAGE(1), &byte, 1);
	ops->find_region(&rig->machine, 1, VA, &region);
	ok(rig->sim->vcpu[1].runs == runs[0] && rig->sim->vcpu[2].runs == runs[1], "to look into one that stands stops nobody");
	ok(ops->read_mem(&rig->machine, 2, VA, &byte, 1) == 1 && byte == 0xa1, "one that runs is looked into");
	ok(rig->sim->vcpu[2].runs == runs[1], "... and the others run on");
	end();
}

int main(void)
{
	test_moved_page();
	test_reads();
	return done();
}
