/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library does to a VMM, and what it leaves alone, on a real KVM: library IMAGE [PART...]. */
#include "library_rig.h"

#include <err.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"

static const char *image;
static bool by_halves;

static void start(struct rig *r, unsigned vcpus, int mode)
{
	rig_open(r, image, vcpus, mode, 0);
	r->by_halves = by_halves;
	rig_start(r);
}

/* ---- nobody is connected: the thread calls KVM_RUN and nothing else ---- */

static struct sock_filter only_kvm_run[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KVM_RUN, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
};

static atomic_int called;

static void at_call(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	called = info->si_syscall;
}

static void filter_all_else(void)
{
	const struct sock_fprog program = { sizeof(only_kvm_run) / sizeof(only_kvm_run[0]), only_kvm_run };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(1, "seccomp");
}

static void test_alone(void)
{
	struct sigaction action = { .sa_sigaction = at_call, .sa_flags = SA_SIGINFO };
	static struct rig r; /* for good: its thread is not let out of its filter, and runs on */
	unsigned long before;

	sigaction(SIGSYS, &action, NULL);
	rig_open(&r, image, 1, MODE_STORM, 0);
	r.prepare = filter_all_else;
	r.by_halves = by_halves;
	rig_start(&r);
	ok(rig_runs(&r), "alone: the guest runs at once");
	before = r.vcpus[0].exits;
	ok(comes_true(r.vcpus[0].exits > before + 100), "alone: there are exits");
	is_int(called, 0, "alone: behind its first run the vCPU's thread calls KVM_RUN, and nothing else");
}

/* ---- leaving ---- */

static const char *const leave_states[] = { "stopped", "running", "at a breakpoint", "stepping", "over a breakpoint",
	"false conditions" };

static void bring_into(struct rig *r, int fd, unsigned state)
{
	switch (state) {
	case 1:
		client_say(fd, "vCont;c");
		break;
	case 2:
		client_break(r, fd, "Z0", "tick");
		client_ask(fd, PATIENCE, "vCont;c");
		break;
	case 3:
		client_break(r, fd, "Z0", "tick");
		client_ask(fd, PATIENCE, "vCont;c");
		for (unsigned i = 0; i < 20; i++)
			client_ask(fd, PATIENCE, "vCont;s:1");
		client_say(fd, "vCont;s:1");
		break;
	case 4:
		client_break(r, fd, "Z0", "tick");
		for (unsigned i = 0; i < 20; i++)
			client_ask(fd, PATIENCE, "vCont;c");
		client_say(fd, "vCont;c");
		break;
	case 5:
		/* const8 0, end: false for ever. */
		client_ask(fd, PATIENCE, "Z0,%llx,%u;X3,220027", (unsigned long long)rig_symbol(r, "tick", NULL), KIND);
		client_say(fd, "vCont;c");
		sleep_ms(20);
		break;
	}
}

static void leave_by(unsigned state, bool vanishes)
{
	struct rig r;
	uint64_t code;
	int fd;

	start(&r, 1, MODE_SPIN);
	code = rig_code(&r);
	fd = client_open(&r);
	bring_into(&r, fd, state);
	if (vanishes)
		close(fd);
	else
		kvmgdb_disconnect(r.gdb);
	ok(fd >= 0 && rig_is_left(&r) && rig_code(&r) == code, "leave, %s, %s: the guest's code is its own",
		leave_states[state], vanishes ? "the client is gone" : "kvmgdb_disconnect()");
	ok(rig_runs(&r), "leave: ... it runs on");
	is_int((int64_t)rig_debug_exits(&r), 0, "leave: ... and no debug exit comes");
	if (!vanishes)
		close(fd);
	rig_close(&r);
}

static void test_leave(void)
{
	for (unsigned state = 0; state < sizeof(leave_states) / sizeof(leave_states[0]); state++) {
		leave_by(state, false);
		leave_by(state, true);
	}
}

/* ---- a thread that stays in the VMM ---- */

static void test_busy(void)
{
	bool stopped;
	struct rig r;
	int fd;

	start(&r, 1, MODE_STORM);
	fd = client_while_away(&r, &stopped);
	ok(stopped, "busy in the VMM: Ctrl-C is answered");
	ok(strlen(client_ask(fd, PATIENCE, "g")) > 16, "busy in the VMM: registers are read");
	ok(strlen(client_ask(fd, PATIENCE, "m%llx,8", (unsigned long long)rig_symbol(&r, "counter", NULL))) == 16,
		"busy in the VMM: ... and memory");
	ok(!strcmp(client_ask(fd, PATIENCE, "qThreadExtraInfo,1"), "7643505520302c20696e2074686520564d4d"),
		"busy in the VMM: the client is told so");
	ok(client_ask(fd, PATIENCE, "P0=0000000000000000")[0] == 'E', "busy in the VMM: a register is not written");
	ok(r.vcpus[0].in_handler, "busy in the VMM: all that while it was");
	rig_come_back(&r, fd);
	ok(client_ask(fd, PATIENCE, "vCont;s:1")[0] == 'T', "busy in the VMM: behind it, a step");
	ok(!strcmp(client_break(&r, fd, "Z0", "tick"), "OK") && client_ask(fd, PATIENCE, "vCont;c")[0] == 'T',
		"busy in the VMM: ... and a breakpoint");
	close(fd);
	ok(rig_runs(&r), "busy in the VMM: and it runs on");
	rig_close(&r);
}

/* ---- the VMM pauses its guest, and takes a snapshot, while the debugger holds it ---- */

static void test_pause(void)
{
	struct rig r;
	uint64_t code;
	int fd;

	start(&r, 1, MODE_SPIN);
	code = rig_code(&r);
	fd = client_at_tick(&r, 1);
	ok(rig_pause(&r), "pause: the VMM has its vCPU back from a stopped guest");
	kvmgdb_clean_begin(r.gdb);
	ok(rig_code(&r) == code, "pause: a snapshot has the guest's own code");
	kvmgdb_clean_end(r.gdb);
	ok(rig_stands(&r), "pause: the guest stands");
	rig_resume(&r);
	ok(rig_stands(&r), "pause: ... also when the VMM lets it go on, for the debugger holds it");
	ok(client_ask(fd, PATIENCE, "vCont;c")[0] == 'T', "pause: the breakpoint is there, and is met");
	client_break(&r, fd, "z0", "tick");
	client_say(fd, "vCont;c");
	ok(rig_runs(&r), "pause: the guest runs for the debugger");
	rig_pause(&r);
	ok(rig_stands(&r), "pause: the VMM has a running guest paused");
	rig_resume(&r);
	ok(rig_runs(&r), "pause: ... and let on");
	is_int((int64_t)r.vcpus[0].wrong_reason, 0, "pause: each EINTR came with KVM_EXIT_INTR");
	close(fd);
	rig_close(&r);
}

/* ---- kicks ---- */

#define KICK (SIGRTMIN + 4)
#define KICKS 100

enum kick {
	BY_LIBRARY,	/* kvmgdb_kick() */
	BY_SIGNAL,	/* whose handler does nothing */
	BY_IMMEDIATE,	/* whose handler sets immediate_exit */
	BY_SLOW_HANDLER /* whose handler takes its time */
};

static const char *const kick_names[] = { "kvmgdb_kick()", "a signal", "a signal that sets immediate_exit",
	"a handler that sleeps" };

static struct kvm_run *kicked; /* the handler is to set its immediate_exit */
static bool handler_sleeps;
static unsigned sent;
static atomic_uint handled;

static void on_kick(int sig)
{
	int error = errno;

	(void)sig;
	handled++;
	if (kicked)
		__atomic_store_n(&kicked->immediate_exit, 1, __ATOMIC_SEQ_CST);
	if (handler_sleeps)
		sleep_ms(2);
	errno = error;
}

/*
 * A signal that is handled just before KVM_RUN is lost to any VMM without immediate_exit: such a one sends it again. Not one that waits to be
 * handled: those are queued, and where each takes an emulated machine longer than the next is away, the thread does nothing else.
 */
static bool kick(struct rig *r, enum kick by)
{
	unsigned long before = r->vcpus[0].eintr;
	int64_t asked = now_ms(), seen = asked;

	for (bool first = true; r->vcpus[0].eintr == before && now_ms() - asked < PATIENCE; first = false) {
		if (handled != sent)
			seen = now_ms();
		if (!first && now_ms() - seen < 10)
			continue;
		seen = now_ms();
		if (by == BY_LIBRARY && first)
			kvmgdb_kick(r->m.vcpus[0].gdb);
		else if (by != BY_LIBRARY && !pthread_kill(r->m.vcpus[0].thread, KICK))
			sent++;
	}
	return r->vcpus[0].eintr != before;
}

static void test_kicks_by(enum kick by)
{
	struct sigaction action = { .sa_handler = on_kick };
	struct rig r;
	unsigned lost = 0;
	int fd;

	start(&r, 1, MODE_SPIN);
	kicked = by == BY_IMMEDIATE ? r.m.vcpus[0].run : NULL;
	handler_sleeps = by == BY_SLOW_HANDLER;
	sent = handled = 0; /* one that was on its way to another thread went with that */
	sigaction(KICK, &action, NULL);
	fd = client_open(&r);
	client_break(&r, fd, "Z0", "tick");
	client_say(fd, "vCont;c");
	for (unsigned kicks = 1; kicks <= KICKS && !lost; kicks++) {
		lost += !kick(&r, by);
		if (kicks % 4 == 0 && *client_wait(fd, 0))
			client_say(fd, kicks % 8 ? "vCont;c" : "vCont;s:1");
	}
	ok(!lost, "kicks by %s: none of %u is lost, while the debugger steps and continues", kick_names[by], KICKS);
	is_int((int64_t)r.vcpus[0].wrong_reason, 0, "kicks: each EINTR came with KVM_EXIT_INTR");
	close(fd);
	ok(rig_runs(&r), "kicks: the guest runs on");
	rig_close(&r);
}

static void test_kicks(void)
{
	for (enum kick by = BY_LIBRARY; by <= BY_SLOW_HANDLER; by++)
		test_kicks_by(by);
}

/* ---- memory that goes ---- */

static void test_slots(void)
{
	struct rig r;
	uint64_t code;
	int fd;

	start(&r, 1, MODE_SPIN);
	code = rig_code(&r);
	fd = client_at_tick(&r, 2);
	if (client_sees_plants(fd))
		ok(rig_code(&r) != code, "slots: an opcode is planted");
	else
		skip("slots: an opcode is planted",
			"this host's KVM does not tell of opcodes: the breakpoint is in a debug register");
	rig_pause(&r);
	kvmgdb_set_memory(r.gdb, 0, board_ram, 0, r.m.ram, 0);
	ok(rig_code(&r) == code, "slots: it is out of memory that goes");
	ok(client_ask(fd, PATIENCE, "m%llx,8", (unsigned long long)rig_symbol(&r, "counter", NULL))[0] == 'E',
		"slots: memory that is gone is not read");
	kvmgdb_set_memory(r.gdb, 0, board_ram, MACHINE_RAM, r.m.ram, 0);
	rig_resume(&r);
	ok(client_ask(fd, PATIENCE, "m%llx,8", (unsigned long long)rig_symbol(&r, "counter", NULL))[0] != 'E',
		"slots: it is there again");
	close(fd);
	ok(rig_runs(&r), "slots: the guest runs on");
	rig_close(&r);
}

/* ---- a client, and no vCPU has run */

static void on_alarm(int sig)
{
	static const char text[] = "Bail out! early: kvmgdb_close() does not return\n";

	(void)sig;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) > 0)
		_exit(1);
}

static void close_early(uint32_t flags, bool vanishes)
{
	struct rig r;
	int pair[2];

	rig_open(&r, image, 1, MODE_SPIN, flags);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) || kvmgdb_serve(r.gdb, pair[1]))
		err(1, "socketpair");
	client_say(pair[0], "qSupported");
	client_say(pair[0], "?");
	ok(comes_true(kvmgdb_attached(r.gdb)), "early: a client before the first run");
	if (vanishes) {
		close(pair[0]);
		ok(rig_is_left(&r), "early: ... leaves");
		rig_start(&r);
		ok(rig_runs(&r) == !flags, "early: ... and the guest does what it was to do");
	}
	alarm(PATIENCE / 1000);
	rig_close(&r);
	alarm(0);
	ok(true, "early: ... and all is closed");
	if (!vanishes)
		close(pair[0]);
}

static void test_early(void)
{
	signal(SIGALRM, on_alarm);
	close_early(0, true);
	close_early(0, false);
	close_early(KVMGDB_WAIT, false);
}

/* ---- two VMs, small stacks ---- */

/* 64 KiB, or what libc starts a thread with; more for one that serves. */
static size_t small_stack(void)
{
	size_t size = getenv("VCPUS_SERVE") ? 0x40000 : 0x10000;

	return sysconf(_SC_THREAD_STACK_MIN) > (long)size ? (size_t)sysconf(_SC_THREAD_STACK_MIN) : size;
}

static void test_two(void)
{
	struct rig a, b;
	int fd_a, fd_b;

	rig_open(&a, image, 1, MODE_SPIN, 0);
	rig_open(&b, image, 2, MODE_SPIN, 0);
	a.stack = b.stack = small_stack();
	rig_start(&a);
	rig_start(&b);
	fd_a = client_open(&a);
	ok(fd_a >= 0 && rig_stands(&a) && rig_runs(&b), "two VMs: one is stopped, the other runs");
	fd_b = client_open(&b);
	ok(fd_b >= 0 && rig_stands(&b), "two VMs: both are stopped, each by its debugger");
	client_break(&a, fd_a, "Z0", "tick");
	ok(client_ask(fd_a, PATIENCE, "vCont;c")[0] == 'T' && rig_stands(&b),
		"two VMs: one comes to a breakpoint, the other stands");
	client_say(fd_b, "vCont;c");
	ok(rig_runs(&b), "two VMs: ... and meets none when it runs");
	close(fd_a);
	ok(rig_runs(&a), "two VMs: with one client gone, its VM runs");
	close(fd_b);
	rig_close(&a);
	rig_close(&b);
	ok(true, "two VMs: with %zu KiB of stack a vCPU", a.stack / 1024);
}

static const struct {
	const char *name;
	void (*test)(void);
} parts[] = {
	{ "leave", test_leave },
	{ "busy", test_busy },
	{ "pause", test_pause },
	{ "kicks", test_kicks },
	{ "slots", test_slots },
	{ "early", test_early },
	{ "two", test_two },
	{ "alone", test_alone },
};

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 3;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: library IMAGE [PART...]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image = argv[1];
	by_halves = getenv("BY_HALVES");
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (wanted(parts[i].name, argc, argv))
			parts[i].test();
	return done();
}
