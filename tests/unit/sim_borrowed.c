/* SPDX-License-Identifier: BSD-2-Clause */
/* See sim_borrowed.h. It is linked into tests only, and is no test itself. */
#include "sim_borrowed.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "arch/riscv64.h"
#include "machine/machine.h"
#include "run/turn.h"

#define NOP 0x00000013
#define STORE 0x00b52023
#define JUMP_BACK 0xff9ff06f /* by two */
#define EBREAK 0x9002
#define SINGLESTEP 2 /* KVM_GUESTDBG_SINGLESTEP */

struct borrowed borrowed[SIM_VCPUS];
static struct sim_host *sim;
static struct machine *machine;
static struct host_ops ops;
static ssize_t (*read_mem)(struct host *h, uint64_t gpa, void *buf, size_t len);
static int (*calls)(struct host *h, unsigned vcpu, struct host_call *calls, unsigned n);

/* ---- struct host_ops ---- */

static void call(struct borrowed *b, void (*hook)(struct borrowed *b))
{
	if (hook)
		hook(b);
}

static void change(bool *what)
{
	pthread_mutex_lock(&sim->lock);
	*what = true;
	pthread_cond_broadcast(&sim->kick);
	pthread_mutex_unlock(&sim->lock);
}

static void kick(struct host *h, unsigned nr)
{
	(void)h;
	change(&borrowed[nr].kicked);
}

static void wake(struct host *h, unsigned nr)
{
	(void)h;
	change(&borrowed[nr].woken);
}

/* With the lock. */
static bool is_ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&p, 1, 0) > 0;
}

static void wait_a_while(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&sim->kick, &sim->lock, &until);
}

static int wait_for_wake(struct host *h, unsigned nr, int fd)
{
	struct borrowed *b = &borrowed[nr];
	bool ready;
	int err;

	(void)h;
	pthread_mutex_lock(&sim->lock);
	while (!(ready = is_ready(fd)) && !b->woken && !b->wanted)
		wait_a_while();
	err = b->wanted ? -EINTR : ready;
	b->woken = false;
	pthread_mutex_unlock(&sim->lock);
	call(b, b->behind_wait);
	return err;
}

static bool attend(struct host *h, unsigned nr, bool attends)
{
	struct borrowed *b = &borrowed[nr];
	bool inside;

	(void)h;
	pthread_mutex_lock(&sim->lock);
	b->attended = attends;
	inside = b->inside;
	pthread_mutex_unlock(&sim->lock);
	return inside;
}

static bool is_pending(struct host *h, unsigned nr)
{
	(void)h;
	return borrowed[nr].pending;
}

static int calls_on(struct host *h, unsigned nr, struct host_call *what, unsigned n)
{
	int err;

	pthread_mutex_lock(&borrowed[nr].busy);
	err = calls(h, nr, what, n);
	pthread_mutex_unlock(&borrowed[nr].busy);
	return err;
}

void borrow(struct sim_host *s, struct machine *m)
{
	static const uint32_t code[] = { NOP, STORE, JUMP_BACK };

	sim = s;
	machine = m;
	ops = *s->host.ops;
	calls = ops.calls;
	read_mem = ops.read_mem;
	ops.run = NULL;
	ops.kick = kick;
	ops.wake = wake;
	ops.wait = wait_for_wake;
	ops.attend = attend;
	ops.is_pending = is_pending;
	ops.calls = calls_on;
	s->host.ops = &ops;
	s->host.borrowed = true;
	memcpy(s->ram + (BORROWED_CODE - BORROWED_BASE), code, sizeof(code));
	for (unsigned i = 0; i < s->host.vcpus; i++) {
		borrowed[i] = (struct borrowed){ .nr = i };
		pthread_mutex_init(&borrowed[i].busy, NULL);
		sim_set(s, i, RV_PC, BORROWED_CODE);
		sim_set(s, i, RV_SATP, 0);
	}
}

/* ---- the processor ---- */

static uint32_t code_at(uint64_t addr)
{
	uint32_t code = 0;

	read_mem(&sim->host, addr, &code, sizeof(code));
	return code;
}

bool borrowed_is_planted(uint64_t addr)
{
	return (code_at(addr) & 0xffff) == EBREAK;
}

/* Whoever has the lock may wait for this vCPU to be at rest. */
static void check_state(struct borrowed *b)
{
	if (pthread_mutex_trylock(&machine->guest.lock))
		return;
	b->stopped_runs += machine->guest.state == GUEST_STOPPED;
	pthread_mutex_unlock(&machine->guest.lock);
}

static bool is_called(struct borrowed *b)
{
	bool called;

	pthread_mutex_lock(&sim->lock);
	called = b->kicked || b->wanted;
	pthread_mutex_unlock(&sim->lock);
	return called;
}

/* True: there is an exit. */
static bool execute(struct borrowed *b, struct vcpu_exit *exit)
{
	uint64_t pc = sim_get(sim, b->nr, RV_PC);
	uint32_t code = code_at(pc);

	check_state(b);
	if ((code & 0xffff) == EBREAK) {
		*exit = (struct vcpu_exit){ .kind = EXIT_KVM, .reason = 4 };
		return true;
	}
	if (code == STORE) {
		*exit = (struct vcpu_exit){ .kind = EXIT_VMM };
		b->pending = true;
		return true;
	}
	b->counted += code == NOP;
	sim_set(sim, b->nr, RV_PC, code == NOP ? pc + 4 : pc - 8);
	if (!(sim->vcpu[b->nr].debug_control & SINGLESTEP))
		return false;
	*exit = (struct vcpu_exit){ .kind = EXIT_IO_DONE };
	return true;
}

/* At an opcode that the guest has written over since. */
static bool traps(struct borrowed *b, struct vcpu_exit *exit)
{
	static const uint32_t code = NOP;

	b->traps = false;
	ops.write_mem(&sim->host, BORROWED_COUNTS, &code, sizeof(code));
	sim_set(sim, b->nr, RV_PC, BORROWED_COUNTS);
	*exit = (struct vcpu_exit){ .kind = EXIT_KVM, .reason = 4 };
	return true;
}

/* As KVM does: what is pending is completed, and then it looks whether it is to come out. 0 or -EINTR. */
static int kvm_run(struct borrowed *b, bool settles, struct vcpu_exit *exit)
{
	int err = -EINTR;

	call(b, b->in_run);
	pthread_mutex_lock(&b->busy);
	if (b->pending) {
		sim_set(sim, b->nr, RV_PC, sim_get(sim, b->nr, RV_PC) + 4);
		b->accessed++;
		b->pending = false;
	}
	while (!settles && err && !is_called(b)) {
		if (b->traps ? traps(b, exit) : execute(b, exit))
			err = 0;
		sched_yield();
	}
	pthread_mutex_unlock(&b->busy);
	return err;
}

/* ---- the two ways, as in host/embed_run.c ---- */

static bool enter_fast(struct borrowed *b)
{
	bool enters;

	pthread_mutex_lock(&sim->lock);
	enters = b->known && !b->attended && !b->wanted;
	if (enters)
		b->inside = true;
	pthread_mutex_unlock(&sim->lock);
	return enters;
}

static bool leave_fast(struct borrowed *b, int err)
{
	bool leaves;

	pthread_mutex_lock(&sim->lock);
	leaves = !b->attended && !b->wanted;
	if (leaves) {
		b->inside = false;
		b->kicked &= err != -EINTR;
	}
	pthread_mutex_unlock(&sim->lock);
	return leaves;
}

static void begin_slow(struct borrowed *b)
{
	pthread_mutex_lock(&sim->lock);
	b->inside = true;
	pthread_mutex_unlock(&sim->lock);
}

static void end_slow(struct borrowed *b, bool settles, int err, struct vcpu_exit *exit)
{
	pthread_mutex_lock(&sim->lock);
	if (err == -EINTR) {
		*exit = b->kicked || settles ? (struct vcpu_exit){ .kind = EXIT_KICKED }
					     : (struct vcpu_exit){ .kind = EXIT_VMM, .code = err };
		b->kicked = b->wanted = false;
	}
	b->inside = false;
	pthread_mutex_unlock(&sim->lock);
}

static bool is_wanted(struct borrowed *b)
{
	bool wanted;

	pthread_mutex_lock(&sim->lock);
	wanted = b->wanted;
	pthread_mutex_unlock(&sim->lock);
	return wanted;
}

/* ---- what library_calls.c does ---- */

enum path {
	PATH_FAST,
	PATH_SLOW,
	PATH_SETTLE,
	PATH_BARE,
	PATH_BACK
};

static void has_its_thread(struct borrowed *b)
{
	pthread_mutex_lock(&sim->lock);
	b->wanted = false;
	pthread_mutex_unlock(&sim->lock);
}

static enum path back(struct borrowed *b)
{
	b->unseen = false;
	if (b->pending)
		return PATH_BARE;
	has_its_thread(b);
	return PATH_BACK;
}

static enum path enter(struct borrowed *b)
{
	for (;;) {
		if (enter_fast(b))
			return PATH_FAST;
		b->known = true;
		if (is_wanted(b))
			return turn_is_begun(b->vcpu) ? PATH_SETTLE : PATH_BARE;
		if (b->unseen && !turn_is_begun(b->vcpu))
			return back(b);
		switch (turn_begin(b->vcpu)) {
		case TURN_RUN:
			return b->vcpu->run.how == HOST_SETTLE ? PATH_SETTLE : PATH_SLOW;
		case TURN_SETTLE:
			return PATH_SETTLE;
		case TURN_FREE:
			break;
		case TURN_BACK:
			return back(b);
		}
	}
}

int borrowed_run(struct borrowed *b)
{
	for (;;) {
		struct vcpu_exit exit = { 0 };
		enum path way = enter(b);
		bool settles = way == PATH_SETTLE || way == PATH_BARE, vmms;
		int err = -EINTR;

		if (way == PATH_BACK)
			return err;
		if (way == PATH_BARE)
			turn_pass(b->vcpu);
		if (way != PATH_FAST)
			begin_slow(b);
		err = kvm_run(b, settles, &exit);
		if (way == PATH_FAST && leave_fast(b, err)) {
			b->strays += !err && exit.kind != EXIT_VMM;
			return err;
		}
		end_slow(b, settles, err, &exit);
		call(b, b->behind_run);
		vmms = way == PATH_BARE ? turn_passes(b->vcpu, &exit) : turn_end(b->vcpu, &exit);
		if (vmms || err) {
			b->unseen = false;
			b->strays += !err && exit.kind != EXIT_VMM;
			return err;
		}
		b->unseen = true;
	}
}

void borrowed_serve(struct borrowed *b)
{
	b->served++;
}

int borrowed_show(struct borrowed *b, const char *text)
{
	int err = turn_show(b->vcpu, GDB_SIGNAL_TRAP, text);

	if (err == -EINTR)
		has_its_thread(b);
	return err;
}

void borrowed_want(struct borrowed *b)
{
	change(&b->wanted);
}
