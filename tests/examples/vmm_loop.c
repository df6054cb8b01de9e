/* SPDX-License-Identifier: BSD-2-Clause */
/* vmm.c once more, for a VMM with an event loop, in which the stub has its place: the library starts no thread. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>

#include <kvmgdb.h>

#include "machine.h"

static struct machine machine;
static struct kvmgdb *gdb;

/* As kvm-gdbserver --debug shows the wire. */
static void tell(void *m, enum kvmgdb_level level, const char *sentence)
{
	(void)m;
	(void)level;
	fprintf(stderr, "%s\n", sentence);
}

static void *run_vcpu(void *arg)
{
	struct vcpu *v = arg;
	enum served served;
	int code;

	for (;;) {
		if (kvmgdb_run(v->gdb) < 0) {
			if (errno != EINTR && errno != EAGAIN)
				err(1, "vCPU %u: KVM_RUN", v->nr);
			continue;
		}
		served = machine_serve(v, &code);
		if (served == RESETS) {
			machine_start(v->machine);
			kvmgdb_guest_reset(gdb);
		} else if (served == ENDS) {
			kvmgdb_guest_exited(gdb, code);
			exit(code);
		}
	}
}

static void open_stub(const char *where)
{
	struct kvmgdb_config config = {
		.size = sizeof(config), .flags = KVMGDB_WAIT | KVMGDB_NO_THREAD, .opaque = &machine, .reset = machine_start, .kill = machine_end
	};
	char why[256];
	int port;

	config.log = tell;
	if (getenv("VMM_DEBUG"))
		config.flags |= KVMGDB_TRACE;
	config.kvm_fd = machine.kvm;
	config.vm_fd = machine.vm;
	if (kvmgdb_open(&config, &gdb, why, sizeof(why)))
		errx(1, "%s", why);
	kvmgdb_set_memory(gdb, 0, board_ram, MACHINE_RAM, machine.ram, 0);
	for (unsigned i = 0; i < machine.n; i++)
		if (kvmgdb_add_vcpu(gdb, i, machine.vcpus[i].fd, NULL, &machine.vcpus[i].gdb))
			errx(1, "vCPU %u", i);
	port = kvmgdb_listen(gdb, where, why, sizeof(why));
	if (port < 0)
		errx(1, "%s", why);
	printf("Listening on port %d\n", port);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct pollfd fds[2];
	sigset_t ending;

	if (argc < 3)
		errx(2, "usage: vmm_loop WHERE IMAGE [VCPUS]");
	machine_open(&machine, argv[2], argc > 3 ? (unsigned)atoi(argv[3]) : 1);
	machine_start(&machine);
	open_stub(argv[1]);
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	for (unsigned i = 0; i < machine.n; i++)
		pthread_create(&machine.vcpus[i].thread, NULL, run_vcpu, &machine.vcpus[i]);
	fds[0] = (struct pollfd){ .fd = kvmgdb_poll_fd(gdb), .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = signalfd(-1, &ending, SFD_CLOEXEC), .events = POLLIN };
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			kvmgdb_dispatch(gdb);
		if (fds[1].revents)
			exit(128 + SIGTERM);
	}
}
