/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library in VMMs that are unlike each other: in how they call vCPUs out, in what their memory is, in what they say of their guest, on a
 * real KVM: library_vmm IMAGE [PART...].
 */
#include "library_rig.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static const char *image;

static void start_as(struct rig *r, unsigned vcpus, int mode, struct kvmgdb_config config)
{
	rig_open_as(r, image, vcpus, mode, config, 0);
	rig_start(r);
}

static void start(struct rig *r, unsigned vcpus, int mode)
{
	start_as(r, vcpus, mode, (struct kvmgdb_config){ 0 });
}

static bool grows(const _Atomic unsigned long *n, unsigned long before)
{
	return comes_true(*n != before);
}

/* ---- a VMM that takes EINTR for fatal ---- */

static void test_no_eintr(void)
{
	struct kvmgdb_config config = { .size = sizeof(config), .flags = KVMGDB_NO_EINTR, .run_signals = 1 };
	struct kvmgdb *gdb;
	struct rig r;
	int fd;

	start_as(&r, 1, MODE_SPIN, (struct kvmgdb_config){ .flags = KVMGDB_NO_EINTR });
	fd = client_open(&r);
	for (unsigned i = 0; i < 20; i++) {
		pthread_kill(r.m.vcpus[0].thread, SIGUSR2);
		sleep_ms(10);
	}
	is_int((int64_t)r.vcpus[0].eintr, 0, "no EINTR: not by signals, in a guest that stands");
	ok(comes_true(thread_sleeps(r.vcpus[0].tid)), "no EINTR: ... and the thread sleeps");
	kvmgdb_kick(r.m.vcpus[0].gdb);
	ok(grows(&r.vcpus[0].eintr, 0), "no EINTR: but when the VMM asks for it, by kvmgdb_kick()");
	client_say(fd, "vCont;c");
	ok(rig_runs(&r), "no EINTR: the guest runs");
	for (unsigned i = 0; i < 20; i++) {
		pthread_kill(r.m.vcpus[0].thread, SIGUSR2);
		sleep_ms(2);
	}
	is_int((int64_t)r.vcpus[0].eintr, 1, "no EINTR: not by signals, in a guest that runs");
	__atomic_store_n(&r.m.vcpus[0].run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(r.m.vcpus[0].thread, SIGUSR2);
	ok(grows(&r.vcpus[0].eintr, 1), "no EINTR: but by immediate_exit, with a client");
	close(fd);
	ok(rig_runs(&r), "no EINTR: the client is gone, and the guest runs");
	__atomic_store_n(&r.m.vcpus[0].run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(r.m.vcpus[0].thread, SIGUSR2);
	ok(grows(&r.vcpus[0].eintr, 2), "no EINTR: ... and without");
	rig_close(&r);
	is_int(kvmgdb_open(&config, &gdb, NULL, 0), -EINVAL, "no EINTR: refused where signals are pending behind KVM_RUN");
}

/* ---- a VMM whose threads block the signal that KVM lets in ---- */

#define KICK (SIGRTMIN + 4)
#define OWN_KICK (SIGRTMIN + 5)
#define KICKS 100

static void do_nothing(int sig)
{
	(void)sig;
}

static void test_mask(void)
{
	struct kvmgdb_config config = { .kick_signal = OWN_KICK, .run_signals = 1ull << (KICK - 1) | 1ull << (OWN_KICK - 1) };
	struct sigaction action = { .sa_handler = do_nothing };
	unsigned lost = 0;
	struct rig r;
	int fd;

	sigaction(KICK, &action, NULL);
	rig_open_as(&r, image, 1, MODE_SPIN, config, KICK);
	rig_start(&r);
	ok(rig_runs(&r), "a signal mask: the guest runs");
	fd = client_open(&r);
	client_break(&r, fd, "Z0", "tick");
	client_say(fd, "vCont;c");
	for (unsigned kicks = 0; kicks < KICKS && !lost; kicks++) {
		unsigned long before = r.vcpus[0].eintr;

		pthread_kill(r.m.vcpus[0].thread, KICK);
		lost += !grows(&r.vcpus[0].eintr, before);
		if (kicks % 4 == 0 && *client_wait(fd, 0))
			client_say(fd, kicks % 8 ? "vCont;c" : "vCont;s:1");
	}
	ok(!lost, "a signal mask: none of %u kicks is lost, while the debugger steps and continues", KICKS);
	is_int((int64_t)r.vcpus[0].wrong_reason, 0, "a signal mask: each EINTR came with KVM_EXIT_INTR");
	client_wait(fd, 100);
	client_break(&r, fd, "z0", "tick");
	close(fd);
	ok(rig_runs(&r), "a signal mask: the guest runs on");
	rig_close(&r);
}

/* ---- what KVM is to leave in kvm_run, by us ---- */

static void test_sync(void)
{
	struct rig r;
	int fd;

	start(&r, 1, MODE_STORM);
	rig_runs(&r);
	is_int((int64_t)r.m.vcpus[0].run->kvm_valid_regs, 0, "kvm_valid_regs: nobody is there");
	fd = client_open(&r);
	client_ask(fd, PATIENCE, "vCont;s:1");
	if (ioctl(r.m.vm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS) > 0)
		ok(r.m.vcpus[0].run->kvm_valid_regs, "kvm_valid_regs: a client");
	else
		skip("kvm_valid_regs: a client", "this KVM has no KVM_CAP_SYNC_REGS");
	close(fd);
	ok(comes_true(!r.m.vcpus[0].run->kvm_valid_regs), "kvm_valid_regs: the client is gone");
	rig_close(&r);
}

/* ---- words ---- */

static atomic_uint told_info, told_detail;

static void take_log(void *opaque, enum kvmgdb_level level, const char *sentence)
{
	(void)opaque;
	if (!strncmp(sentence, "refused", 7))
		*(level == KVMGDB_INFO ? &told_info : &told_detail) += 1;
}

static void test_words(void)
{
	char said[1000] = "";
	struct rig r;
	int fd;

	start_as(&r, 1, MODE_SPIN, (struct kvmgdb_config){ .log = take_log });
	fd = client_open(&r);
	told_info = told_detail = 0;
	ok(client_ask(fd, PATIENCE, "mfffffffffffff000,8")[0] == 'E' && told_detail == 1 && !told_info,
		"words: memory that is not there, asked for: a detail");
	ok(client_ask(fd, PATIENCE, "Mfffffffffffff000,1:00")[0] == 'E' && told_info == 1,
		"words: ... written to: more than that");
	ok(client_monitor(fd, "exit", said, sizeof(said))[0] == 'E' && client_says(said, "does not let its guest be ended"),
		"words: monitor exit, in a VMM that does not end its guest: the client is told so");
	ok(kvmgdb_attached(r.gdb) && rig_stands(&r), "words: ... and stays");
	close(fd);
	ok(rig_runs(&r), "words: ... and the guest runs on");
	rig_close(&r);
}

/* ---- what a VMM says of its guest ---- */

static bool is_event_done(struct rig *r)
{
	return comes_true(!r->event);
}

static void test_events(void)
{
	char said[0x1000] = "";
	const char *reply;
	struct rig r;
	int fd;

	start(&r, 1, MODE_STORM);
	rig_runs(&r);
	r.event_text = "the guest wants another kernel";
	r.event = KVMGDB_GUEST_RESETS;
	ok(is_event_done(&r), "what the VMM says: without a client it goes on");
	is_int(kvmgdb_stop(r.gdb, "nobody"), -ENOTCONN, "what the VMM says: ... and does not stop");
	fd = client_open(&r);
	client_say(fd, "vCont;c");
	rig_runs(&r);
	r.event = KVMGDB_GUEST_RESETS;
	reply = client_wait(fd, PATIENCE);
	ok(reply[0] == 'O' && client_says(reply, r.event_text), "what the VMM says: a client sees that the guest resets");
	ok(client_wait(fd, PATIENCE)[0] == 'T' && rig_stands(&r) && r.event, "what the VMM says: ... and it stands");
	kvmgdb_kick(r.m.vcpus[0].gdb);
	ok(grows(&r.vcpus[0].eintr, 0) && r.event, "what the VMM says: ... the VMM has its thread meanwhile, and asks again");
	client_say(fd, "vCont;c");
	ok(is_event_done(&r) && rig_runs(&r), "what the VMM says: ... it goes on when the client lets it");
	ok(!kvmgdb_stop(r.gdb, "the VMM is curious"), "what the VMM says: stop");
	reply = client_wait(fd, PATIENCE);
	ok(reply[0] == 'O' && client_says(reply, "the VMM is curious") && client_wait(fd, PATIENCE)[0] == 'T' && rig_stands(&r),
		"what the VMM says: ... the client sees why");
	client_monitor(fd, "events reset go", said, sizeof(said));
	client_say(fd, "vCont;c");
	r.event = KVMGDB_GUEST_RESETS;
	ok(is_event_done(&r) && rig_runs(&r), "what the VMM says: a client that does not want to see a reset does not");
	close(fd);
	ok(rig_runs(&r), "what the VMM says: the guest runs on");
	rig_close(&r);
}

/* ---- vCPUs that come and go, and the guest's end ---- */

static void begin_non_stop(int fd)
{
	client_ask(fd, PATIENCE, "QNonStop:1");
	client_ask(fd, PATIENCE, "QThreadEvents:1");
	client_ask(fd, PATIENCE, "vCont;c");
}

static void test_gone(void)
{
	struct rig r;
	int fd;

	start(&r, 3, MODE_SPIN);
	fd = client_open(&r);
	ok(!strcmp(client_ask(fd, PATIENCE, "qfThreadInfo"), "m1,2,3"), "gone: three threads");
	rig_drop(&r, 1);
	ok(!strcmp(client_ask(fd, PATIENCE, "qfThreadInfo"), "m1,3"), "gone: one of a guest that stands is a thread no more");
	ok(client_ask(fd, PATIENCE, "T2")[0] == 'E' && !strcmp(client_ask(fd, PATIENCE, "T3"), "OK"), "gone: ... whoever asks");
	begin_non_stop(fd);
	rig_drop(&r, 2);
	ok(!strcmp(client_notified(fd, PATIENCE), "Stop:w00;3"), "gone: in non-stop the client is told");
	ok(!strcmp(client_ask(fd, PATIENCE, "vStopped"), "OK"), "gone: ... once");
	ok(!strcmp(client_ask(fd, PATIENCE, "qfThreadInfo"), "m1"), "gone: ... and it is a thread no more");
	ok(rig_runs(&r), "gone: ... the other one runs");
	close(fd);
	ok(rig_runs(&r), "gone: ... and runs on");
	rig_close(&r);
}

/* gdb's word for a thread that has come: T05thread:2;create:; or, in non-stop, Stop:T05... */
static bool is_created(const char *reply, const char *thread)
{
	const char *at = strstr(reply, thread);

	return strstr(reply, "T05") && at && strstr(reply, "create:;");
}

static void test_comes(void)
{
	struct rig r;
	int fd;

	start(&r, 2, MODE_SPIN);
	rig_drop(&r, 1);
	fd = client_open(&r);
	client_say(fd, "vCont;c");
	rig_take_back(&r, 1);
	ok(rig_runs(&r) && client_stop(fd), "comes: a client that has not asked for it is not told");
	ok(!strcmp(client_ask(fd, PATIENCE, "qfThreadInfo"), "m1,2"), "comes: ... and there is a thread more");
	rig_drop(&r, 1);
	client_ask(fd, PATIENCE, "QThreadEvents:1");
	client_say(fd, "vCont;c");
	rig_runs(&r);
	rig_take_back(&r, 1);
	ok(is_created(client_wait(fd, PATIENCE), "thread:2;") && rig_stands(&r),
		"comes: one that has asked is, and the guest stands");
	ok(strlen(client_ask(fd, PATIENCE, "g")) > 16, "comes: ... and the thread can be looked at");
	client_say(fd, "vCont;c");
	ok(rig_runs(&r) && client_stop(fd), "comes: ... it goes on, and is told of once");
	rig_drop(&r, 1);
	rig_take_back(&r, 1);
	ok(is_created(client_ask(fd, PATIENCE, "vCont;c"), "thread:2;"),
		"comes: in a guest that stands it is told of when that goes on");
	close(fd);
	ok(rig_runs(&r), "comes: the client is gone, and the guest runs on");
	rig_drop(&r, 1);
	fd = client_open(&r);
	begin_non_stop(fd);
	rig_take_back(&r, 1);
	ok(is_created(client_notified(fd, PATIENCE), "thread:2;"), "comes: in non-stop the client is told");
	ok(!strcmp(client_ask(fd, PATIENCE, "vStopped"), "OK"), "comes: ... once");
	ok(rig_runs(&r), "comes: ... and the other one runs");
	close(fd);
	ok(rig_runs(&r), "comes: ... and runs on");
	rig_close(&r);
}

static void test_exited(void)
{
	struct rig r;
	int fd;

	start(&r, 1, MODE_SPIN);
	fd = client_open(&r);
	begin_non_stop(fd);
	rig_runs(&r);
	kvmgdb_guest_exited(r.gdb, 3);
	ok(!strcmp(client_notified(fd, PATIENCE), "Stop:W03"), "over, in non-stop: the client is told, with the code");
	close(fd);
	rig_close(&r);
	ok(true, "over: and all is closed");
}

/* ---- many vCPUs ---- */

static unsigned count_others(volatile unsigned long *now, const unsigned long *before)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 8; i++)
		n += now[i] != before[i];
	return n;
}

static void test_eight(void)
{
	volatile unsigned long *counts;
	unsigned long before[MACHINE_VCPUS];
	unsigned met = 0, on = 0;
	struct rig r;
	int fd;

	start(&r, 8, MODE_SMP);
	counts = rig_at(&r, "cpu_counter");
	fd = client_open(&r);
	ok(fd >= 0 && !strcmp(client_ask(fd, PATIENCE, "qfThreadInfo"), "m1,2,3,4,5,6,7,8"), "eight vCPUs: eight threads");
	client_break(&r, fd, "Z0", "count");
	for (unsigned i = 0; i < 24; i++)
		met += client_ask(fd, PATIENCE, "vCont;c")[0] == 'T';
	is_int(met, 24, "eight vCPUs: they meet a breakpoint");
	client_break(&r, fd, "z0", "count");
	for (unsigned i = 1; i <= 8; i++)
		on += client_ask(fd, PATIENCE, "vCont;s:%x", i)[0] == 'T';
	is_int(on, 8, "eight vCPUs: each is stepped alone");
	for (unsigned i = 0; i < 8; i++)
		before[i] = counts[i];
	client_say(fd, "vCont;c");
	ok(comes_true(count_others(counts, before) == 8), "eight vCPUs: all run");
	client_interrupt(fd);
	ok(client_wait(fd, PATIENCE)[0] == 'T', "eight vCPUs: and stop");
	close(fd);
	rig_close(&r);
}

/* ---- a thread that stays in the VMM for long ---- */

static void test_long(void)
{
	bool stopped;
	struct rig r;
	int fd;

	start(&r, 1, MODE_STORM);
	fd = client_while_away(&r, &stopped);
	ok(stopped, "long in the VMM: Ctrl-C is answered");
	for (unsigned i = 0; i < 8; i++) {
		ok(strlen(client_ask(fd, PATIENCE, "g")) > 16 && client_ask(fd, PATIENCE, "vCont;s:1")[0] == 'E',
			"long in the VMM: looked at, and not stepped");
		client_say(fd, "vCont;c");
		sleep_ms(500);
		ok(client_stop(fd), "long in the VMM: let go, and stopped again");
	}
	ok(r.vcpus[0].in_handler, "long in the VMM: all that while it was");
	rig_come_back(&r, fd);
	ok(client_ask(fd, PATIENCE, "vCont;s:1")[0] == 'T', "long in the VMM: behind it, a step");
	close(fd);
	ok(rig_runs(&r), "long in the VMM: and it runs on");
	rig_close(&r);
}

static const struct {
	const char *name;
	void (*test)(void);
	bool long_one; /* only by its name */
} parts[] = {
	{ "no_eintr", test_no_eintr, false },
	{ "mask", test_mask, false },
	{ "sync", test_sync, false },
	{ "words", test_words, false },
	{ "events", test_events, false },
	{ "gone", test_gone, false },
	{ "comes", test_comes, false },
	{ "exited", test_exited, false },
	{ "eight", test_eight, false },
	{ "long", test_long, true },
};

static bool wanted(unsigned i, int argc, char **argv)
{
	for (int n = 2; n < argc; n++)
		if (!strcmp(argv[n], parts[i].name))
			return true;
	return argc < 3 && !parts[i].long_one;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: library_vmm IMAGE [PART...]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image = argv[1];
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (wanted(i, argc, argv))
			parts[i].test();
	return done();
}
