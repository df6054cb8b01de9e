/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library in VMMs that take their guest's state while a debugger holds it, in the order in which Cloud Hypervisor and QEMU do that, and in
 * one that forks, on a real KVM: library_snapshot IMAGE.
 */
#include "library_rig.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define VCPUS 2
#define APIC_COUNT 0x390
#define PAGE_MIN 4096

static const char *image;

/* ---- what a snapshot has of a vCPU */

struct state {
	uint64_t core[34];
	uint64_t pc, flags;
	uint8_t lapic[0x400];
	int local; /* 0: there is one */
	struct kvm_mp_state mp;
};

#ifdef __x86_64__
#define STEP_FLAG 0x100

static void take_registers(int fd, struct state *s)
{
	struct kvm_regs regs = { 0 };

	if (ioctl(fd, KVM_GET_REGS, &regs) < 0)
		err(1, "KVM_GET_REGS");
	memcpy(s->core, &regs, sizeof(regs) < sizeof(s->core) ? sizeof(regs) : sizeof(s->core));
	s->pc = regs.rip;
	s->flags = regs.rflags;
	s->local = ioctl(fd, KVM_GET_LAPIC, s->lapic);
}
#elif defined(__aarch64__)
#define STEP_FLAG 0x200000 /* PSTATE.SS */

static void take_registers(int fd, struct state *s)
{
	for (unsigned i = 0; i < 34; i++) {
		struct kvm_one_reg reg = { .id = 0x6030000000100000 + 2 * i, .addr = (uintptr_t)&s->core[i] };

		if (ioctl(fd, KVM_GET_ONE_REG, &reg) < 0)
			err(1, "KVM_GET_ONE_REG");
	}
	s->pc = s->core[32];
	s->flags = s->core[33];
}
#else
#define STEP_FLAG 0

static void take_registers(int fd, struct state *s)
{
	(void)fd;
	(void)s;
}
#endif

static void take_state(const struct rig *r, struct state *states)
{
	memset(states, 0, VCPUS * sizeof(*states));
	for (unsigned i = 0; i < VCPUS; i++) {
		take_registers(r->m.vcpus[i].fd, &states[i]);
		ioctl(r->m.vcpus[i].fd, KVM_GET_MP_STATE, &states[i].mp);
	}
}

/* But for the timer's count, which goes on. */
static bool is_same_apic(const struct state *a, const struct state *b)
{
	return a->local == b->local && !memcmp(a->lapic, b->lapic, APIC_COUNT) &&
	       !memcmp(a->lapic + APIC_COUNT + 4, b->lapic + APIC_COUNT + 4, sizeof(a->lapic) - APIC_COUNT - 4);
}

static bool is_same(const struct state *a, const struct state *b)
{
	bool same = true;

	for (unsigned i = 0; i < VCPUS; i++)
		same &= !memcmp(a[i].core, b[i].core, sizeof(a[i].core)) && is_same_apic(&a[i], &b[i]) &&
			a[i].mp.mp_state == b[i].mp.mp_state;
	return same;
}

static bool has_step_flag(const struct state *states)
{
	return (states[0].flags | states[1].flags) & STEP_FLAG;
}

/* ---- memory, as it is dirtied */

static uint64_t dirty[MACHINE_RAM / PAGE_MIN / 64];

/* The flags of the slot: the library is told before KVM is. */
static bool log_dirty(struct rig *r, uint32_t flags)
{
	struct kvm_userspace_memory_region ram = {
		.guest_phys_addr = board_ram, .memory_size = MACHINE_RAM, .userspace_addr = (uintptr_t)r->m.ram, .flags = flags
	};

	return !kvmgdb_set_memory(r->gdb, 0, board_ram, MACHINE_RAM, r->m.ram, flags) &&
	       !ioctl(r->m.vm, KVM_SET_USER_MEMORY_REGION, &ram);
}

static bool take_dirty(const struct rig *r, const char *where)
{
	struct kvm_dirty_log log = { .dirty_bitmap = dirty };
	uint64_t page = (rig_symbol(r, where, NULL) - board_ram) / (uint64_t)sysconf(_SC_PAGESIZE);

	memset(dirty, 0, sizeof(dirty));
	return !ioctl(r->m.vm, KVM_GET_DIRTY_LOG, &log) && dirty[page / 64] >> page % 64 & 1;
}

/* ---- the pauses */

/* Cloud Hypervisor: each vCPU is to exit at once, and a signal is sent until it has. */
static bool pause_by_signals(struct rig *r)
{
	int64_t asked = now_ms();

	r->pause = VCPUS;
	for (unsigned i = 0; i < VCPUS; i++)
		__atomic_store_n(&r->m.vcpus[i].run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	while (r->paused != VCPUS && now_ms() - asked < PATIENCE) {
		for (unsigned i = 0; i < VCPUS; i++)
			pthread_kill(r->m.vcpus[i].thread, SIGUSR2);
		sleep_ms(10);
	}
	return r->paused == VCPUS;
}

/* QEMU: the same by one kick, and then each vCPU is run once more, with immediate_exit, so that no access is pending. */
static bool pause_by_run(struct rig *r)
{
	bool all = rig_pause(r);

	for (unsigned i = 0; all && i < VCPUS; i++) {
		r->m.vcpus[i].run->immediate_exit = 1;
		all = kvmgdb_run(r->m.vcpus[i].gdb) < 0 && errno == EINTR && r->m.vcpus[i].run->exit_reason == KVM_EXIT_INTR;
		r->m.vcpus[i].run->immediate_exit = 0;
	}
	return all;
}

/* At a breakpoint, and a step behind it. One of two vCPUs has met that twice by then, and has counted. */
static bool holds(const struct rig *r, int fd)
{
	bool met = true;

	client_break(r, fd, "Z0", "count");
	for (unsigned i = 0; i <= VCPUS; i++)
		met &= client_ask(fd, PATIENCE, "vCont;c")[0] == 'T';
	return met && client_ask(fd, PATIENCE, "vCont;s:1")[0] == 'T';
}

/* KVM PR was seen to log a page that is written to all the time now and then only, or never again, also of a guest that nobody debugs. */
#ifdef __powerpc__
#define LOGS_AGAIN false
#else
#define LOGS_AGAIN true
#endif

static void is_logged(struct rig *r, const char *vmm, const char *what)
{
	char name[100];
	bool is = LOGS_AGAIN ? comes_true(take_dirty(r, "cpu_counter")) : take_dirty(r, "cpu_counter");

	snprintf(name, sizeof(name), "%s: %s", vmm, what);
	if (LOGS_AGAIN)
		ok(is, "%s", name);
	else
		skip(name, "this KVM does not log every write, with no debugger as well");
}

static void test_snapshot(const char *vmm, bool (*pause)(struct rig *r))
{
	struct state first[VCPUS], second[VCPUS];
	struct rig r;
	uint64_t code;
	int fd;

	rig_open(&r, image, VCPUS, MODE_SMP, 0);
	rig_start(&r);
	code = rig_code(&r);
	ok(log_dirty(&r, KVM_MEM_LOG_DIRTY_PAGES), "%s: the slot's writes are logged from here on", vmm);
	fd = client_open(&r);
	ok(holds(&r, fd), "%s: the debugger holds the guest", vmm);
	ok(pause(&r), "%s: all vCPUs are paused", vmm);
	kvmgdb_clean_begin(r.gdb);
	take_state(&r, first);
	is_logged(&r, vmm, "what the guest has written is in the log");
	ok(!take_dirty(&r, "cpu_counter"), "%s: ... once", vmm);
	ok(rig_code(&r) == code && !has_step_flag(first), "%s: nothing of the debugger's is in memory or registers", vmm);
	kvmgdb_clean_end(r.gdb);
	rig_resume(&r);
	ok(pause(&r), "%s: resumed, and paused again, while the debugger holds it", vmm);
	take_state(&r, second);
	ok(is_same(first, second) && !take_dirty(&r, "cpu_counter"), "%s: ... it has executed nothing", vmm);
	rig_resume(&r);
	ok(client_ask(fd, PATIENCE, "vCont;c")[0] == 'T', "%s: ... and meets its breakpoint when the debugger lets it go", vmm);
	client_break(&r, fd, "z0", "count");
	client_say(fd, "vCont;c");
	is_logged(&r, vmm, "in a guest that runs, too, writes are logged");
	ok(pause(&r), "%s: ... and it is paused", vmm);
	take_state(&r, second);
	ok(!has_step_flag(second), "%s: ... without anything of the debugger's", vmm);
	rig_resume(&r);
	is_logged(&r, vmm, "... goes on");
	ok(client_stop(fd), "%s: ... and Ctrl-C stops it", vmm);
	ok(log_dirty(&r, 0), "%s: no more is logged, of a guest that stands", vmm);
	close(fd);
	ok(!rig_debug_exits(&r), "%s: no debug exit has come to the VMM", vmm);
	rig_close(&r);
}

/* ---- a VMM that forks: the child has a VM of its own, made anew, and a handle of that */

static int tell_steps(void)
{
	struct rig r;
	bool good;
	int fd;

	rig_open(&r, image, 1, MODE_SPIN, 0);
	rig_start(&r);
	fd = client_at_tick(&r, 1);
	good = fd >= 0 && client_ask(fd, PATIENCE, "vCont;s:1")[0] == 'T';
	close(fd);
	good = good && rig_runs(&r);
	rig_close(&r);
	return good ? 0 : 1;
}

/* The child, which does that when something is written to *go, and then stays until that is closed. */
static pid_t fork_vmm(int *go, int *done)
{
	int down[2], up[2];
	pid_t pid;

	if (pipe(down) || pipe(up))
		err(1, "pipe");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		char c = 1;

		close(down[1]);
		if (read(down[0], &c, 1) == 1)
			c = (char)tell_steps();
		if (write(up[1], &c, 1) != 1 || read(down[0], &c, 1) != 0)
			_exit(2);
		_exit(0);
	}
	close(down[0]);
	close(up[1]);
	*go = down[1];
	*done = up[0];
	return pid;
}

static bool is_over(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static void test_fork(void)
{
	int fd, go, done, status;
	struct rig r;
	char c = 1;
	pid_t pid;

	rig_open(&r, image, 1, MODE_SPIN, 0);
	rig_start(&r);
	fd = client_at_tick(&r, 1);
	pid = fork_vmm(&go, &done);
	ok(pid > 0 && client_ask(fd, PATIENCE, "vCont;s:1")[0] == 'T', "fork: the debugger steps the parent's guest on");
	ok(write(go, &c, 1) == 1 && read(done, &c, 1) == 1 && !c,
		"fork: the child's own VM has a debugger, by a handle of its own");
	ok(client_ask(fd, PATIENCE, "vCont;c")[0] == 'T', "fork: ... and the parent's has its own still");
	kvmgdb_disconnect(r.gdb);
	ok(comes_true(is_over(fd)),
		"fork: the parent parts from its client, which knows, though the child has the socket as well");
	ok(rig_runs(&r), "fork: ... and its guest runs on");
	close(fd);
	close(go);
	ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status), "fork: the child ends");
	close(done);
	rig_close(&r);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: library_snapshot IMAGE");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image = argv[1];
	test_snapshot("Cloud Hypervisor's", pause_by_signals);
	test_snapshot("QEMU's", pause_by_run);
	test_fork();
	return done();
}
