/* SPDX-License-Identifier: BSD-2-Clause */
/* What the functions of kvmgdb.h refuse, and what the VMM's own functions are called for, on a real KVM: library_calls IMAGE. */
#include "library_rig.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static const char *image;

/* ---- a configuration, as VMMs of other times have it */

struct later_config {
	struct kvmgdb_config config;
	uint64_t more;
};

static int open_as(const struct machine *m, struct kvmgdb_config *config, size_t size)
{
	struct kvmgdb *gdb;
	char why[200] = "";
	int err;

	config->size = size;
	config->kvm_fd = m->kvm;
	if (!config->vm_fd)
		config->vm_fd = m->vm;
	err = kvmgdb_open(config, &gdb, why, sizeof(why));
	if (!err)
		kvmgdb_close(gdb);
	else
		printf("# %s\n", why);
	return err && !*why ? 1 : err;
}

static void handle(int sig)
{
	(void)sig;
}

static void test_configs(const struct machine *m)
{
	int memory = memfd_create("no VM", MFD_CLOEXEC);
	struct later_config later = { .more = 0 };
	char small[4];
	struct kvmgdb *gdb;

	is_int(open_as(m, &later.config, sizeof(later)), 0, "of a later header, which says nothing new");
	later.more = 1;
	is_int(open_as(m, &later.config, sizeof(later)), -E2BIG, "of a later header, which does");
	is_int(open_as(m, &(struct kvmgdb_config){ .kick_signal = 1000 }, offsetof(struct kvmgdb_config, kick_signal)), 0,
		"of an earlier one, which ends sooner: what follows is not looked at");
	is_int(open_as(m, &(struct kvmgdb_config){ 0 }, 4), -EINVAL, "of no size");
	is_int(open_as(m, &(struct kvmgdb_config){ .flags = 1u << 31 }, sizeof(struct kvmgdb_config)), -EINVAL,
		"with a flag that is unknown");
	is_int(open_as(m, &(struct kvmgdb_config){ .vm_fd = memory }, sizeof(struct kvmgdb_config)), -EINVAL,
		"with a file for a VM");
	signal(SIGUSR1, handle);
	is_int(open_as(m, &(struct kvmgdb_config){ .kick_signal = SIGUSR1 }, sizeof(struct kvmgdb_config)), -EINVAL,
		"with a signal of the VMM's own");
	signal(SIGUSR1, SIG_DFL);
	is_int(open_as(m, &(struct kvmgdb_config){ .kick_signal = SIGUSR1 }, sizeof(struct kvmgdb_config)), 0,
		"with one that is free");
	is_int(kvmgdb_open(&(struct kvmgdb_config){ .size = sizeof(struct kvmgdb_config), .flags = 1u << 31 }, &gdb, small,
		       sizeof(small)),
		-EINVAL, "with little room for a sentence");
	is_int((int64_t)strlen(small), sizeof(small) - 1, "... which is cut");
	close(memory);
}

/* ---- an open one */

static void test_refusals(struct rig *r)
{
	int memory = memfd_create("no vCPU", MFD_CLOEXEC), pair[2];
	uint64_t told[3] = { 0 };
	struct kvmgdb_vcpu *v;
	char why[200] = "";
	unsigned more = 0;

	is_int(kvmgdb_add_vcpu(r->gdb, 0, r->m.vcpus[0].fd, NULL, &v), -EEXIST, "add_vcpu: one of this index");
	is_int(kvmgdb_add_vcpu(r->gdb, 1, memory, NULL, &v), -EINVAL, "add_vcpu: a file");
	is_int(kvmgdb_set_memory(r->gdb, 1, board_ram + 0x1000, 0x1000, r->m.ram, 0), -EEXIST,
		"set_memory: where another slot is");
	is_int(kvmgdb_set_memory(r->gdb, 1, 0, 0, NULL, 0), 0, "set_memory: a slot that is not there goes");
	is_int(kvmgdb_tell(r->gdb, (enum kvmgdb_fact)77, told, sizeof(told)), -EINVAL, "tell: what nobody knows");
	is_int(kvmgdb_tell(r->gdb, KVMGDB_PPC_MMUV3, told, sizeof(told)), -EINVAL, "tell: of another size");
	is_int(kvmgdb_tell(r->gdb, KVMGDB_PPC_MMUV3, told, 16), 0, "tell: of its own");
	is_int(kvmgdb_guest_event(r->m.vcpus[0].gdb, (enum kvmgdb_event)9, 0, NULL), -EINVAL, "guest_event: none");
	is_int(kvmgdb_serve(r->gdb, dup(memory)), -ENOTSOCK, "serve: a file");
	ok(kvmgdb_listen(r->gdb, "no such place", why, sizeof(why)) < 0 && *why, "listen: %s", why);
	ok(kvmgdb_listen(r->gdb, ":0", NULL, 0) > 0, "listen: a port");
	for (unsigned i = 1; i < 8; i++)
		more += kvmgdb_listen(r->gdb, ":0", NULL, 0) > 0;
	is_int(more, 7, "listen: seven more");
	is_int(kvmgdb_listen(r->gdb, ":0", why, sizeof(why)), -ENFILE, "listen: and no more than that");
	is_int(kvmgdb_stop(r->gdb, "why"), -ENOTCONN, "stop: nobody is there");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		err(1, "socketpair");
	is_int(kvmgdb_serve(r->gdb, pair[0]), 0, "serve: a client");
	close(pair[1]);
	kvmgdb_close(NULL);
	close(memory);
}

/* ---- the VMM's own functions */

static struct called {
	atomic_int resets, kills, came, went, lines, trace;
	atomic_bool refuses; /* the VMM */
	char line[100];
} called;

static struct rig the_rig;

static int on_reset(void *opaque)
{
	called.resets++;
	if (called.refuses)
		return -EPERM;
	machine_start(opaque);
	*(int *)rig_at(&the_rig, "mode") = MODE_SPIN;
	return 0;
}

static int on_kill(void *opaque)
{
	(void)opaque;
	called.kills++;
	return -EPERM;
}

static int on_command(void *opaque, const char *line, kvmgdb_print_fn *print, void *arg)
{
	(void)opaque;
	called.lines++;
	snprintf(called.line, sizeof(called.line), "%s", line);
	if (strncmp(line, "devices", 7))
		return -ENOENT;
	print(arg, "a device ");
	print(arg, "of the VMM's\n");
	return 0;
}

static void on_client(void *opaque, int connected)
{
	(void)opaque;
	*(connected ? &called.came : &called.went) += 1;
}

static void on_log(void *opaque, enum kvmgdb_level level, const char *sentence)
{
	(void)opaque;
	called.trace += level == KVMGDB_DEBUG && strstr(sentence, "qfThreadInfo");
}

static bool becomes(const atomic_int *n, int value)
{
	return comes_true(*n == value);
}

static void test_called(void)
{
	struct kvmgdb_config config = {
		.flags = KVMGDB_TRACE, .kill = on_kill, .command = on_command, .client = on_client, .log = on_log
	};
	struct rig *r = &the_rig;
	char said[2000] = "";
	const char *reply;
	int fd;

	rig_open_as(r, image, 1, MODE_SPIN, config, 0);
	rig_start(r);
	fd = client_open(r);
	ok(becomes(&called.came, 1) && !called.went, "client(): one has come");
	client_ask(fd, PATIENCE, "qfThreadInfo");
	ok(called.trace > 0, "log(): KVMGDB_TRACE shows packets");
	reply = client_monitor(fd, "devices all", said, sizeof(said));
	ok(!strcmp(reply, "OK") && client_says(said, "a device of the VMM's") && !strcmp(called.line, "devices all"),
		"command(): the VMM's is run, with its line");
	ok(strcmp(client_monitor(fd, "no such thing", said, sizeof(said)), "OK") && called.lines == 2,
		"command(): what the VMM does not know either is refused");
	client_monitor(fd, "capabilities", said, sizeof(said));
	is_int(called.lines, 2, "command(): what the library knows is its own");
	client_say(fd, "k");
	ok(becomes(&called.kills, 1) && becomes(&called.went, 1), "kill(): refused, the client is let go");
	ok(rig_runs(r), "kill(): ... and the guest runs on");
	close(fd);
	rig_close(r);
	ok(called.came == 1 && called.went == 1, "client(): it came, and went, once");
}

static void test_reset(void)
{
	struct rig *r = &the_rig;
	char said[2000] = "";
	const char *reply;
	int fd;

	rig_open_as(r, image, 1, MODE_SPIN, (struct kvmgdb_config){ .reset = on_reset }, 0);
	rig_start(r);
	rig_runs(r);
	fd = client_open(r);
	called.refuses = true;
	reply = client_monitor(fd, "system_reset", said, sizeof(said));
	ok(called.resets == 1 && strcmp(reply, "OK"), "reset(): a VMM that does not: the client is told so");
	ok(client_ask(fd, PATIENCE, "vCont;s:1")[0] == 'T', "reset(): ... and the guest is as it was");
	close(fd);
	ok(rig_runs(r), "reset(): ... and runs on without it");
	rig_is_left(r);
	fd = client_open(r);
	called.refuses = false;
	reply = client_monitor(fd, "system_reset", said, sizeof(said));
	printf("# resets %d, %s, %d\n", called.resets, reply, fd);
	ok(called.resets == 2 && !strcmp(reply, "OK") && *(volatile unsigned long *)rig_at(r, "counter") == 0,
		"reset(): the guest is at its start");
	ok(!strcmp(client_break(r, fd, "Z0", "main"), "OK") && client_ask(fd, PATIENCE, "vCont;c")[0] == 'T',
		"reset(): ... and is debugged");
	client_break(r, fd, "z0", "main");
	close(fd);
	rig_close(r);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: library_calls IMAGE");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image = argv[1];
	rig_open(&the_rig, image, 1, MODE_SPIN, 0);
	test_configs(&the_rig.m);
	test_refusals(&the_rig);
	rig_close(&the_rig);
	test_called();
	test_reset();
	return done();
}
