/* SPDX-License-Identifier: BSD-2-Clause */
/* vmm.c once more, for a VMM whose KVM_RUN is not its own: it is in a library, here run_of_a_library(), that calls the ioctl by itself. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <kvmgdb.h>

#include "machine.h"

static struct machine machine;
static struct kvmgdb *gdb;

static int run_of_a_library(int fd)
{
	return ioctl(fd, KVM_RUN, 0) < 0 ? -errno : 0;
}

/* What KVM_RUN would have left: 0 or -errno, and kvm_run. */
static int run(struct vcpu *v)
{
	int ret;

	do {
		ret = kvmgdb_enter(v->gdb);
		if (ret)
			break;
		ret = run_of_a_library(v->fd);
	} while (kvmgdb_leave(v->gdb, ret) == KVMGDB_AGAIN);
	return ret;
}

static void *run_vcpu(void *arg)
{
	struct vcpu *v = arg;
	enum served served;
	int code, ret;

	for (;;) {
		ret = run(v);
		if (ret == -EINTR || ret == -EAGAIN)
			continue;
		if (ret)
			errx(1, "vCPU %u: KVM_RUN: error %d", v->nr, -ret);
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

int main(int argc, char **argv)
{
	struct kvmgdb_config config = {
		.size = sizeof(config), .flags = KVMGDB_WAIT, .opaque = &machine, .reset = machine_start, .kill = machine_end
	};
	char why[256];
	int port;

	if (argc < 3)
		errx(2, "usage: vmm_halves WHERE IMAGE [VCPUS]");
	machine_open(&machine, argv[2], argc > 3 ? (unsigned)atoi(argv[3]) : 1);
	machine_start(&machine);
	config.kvm_fd = machine.kvm;
	config.vm_fd = machine.vm;
	if (kvmgdb_open(&config, &gdb, why, sizeof(why)))
		errx(1, "%s", why);
	kvmgdb_set_memory(gdb, 0, board_ram, MACHINE_RAM, machine.ram, 0);
	for (unsigned i = 0; i < machine.n; i++)
		if (kvmgdb_add_vcpu(gdb, i, machine.vcpus[i].fd, NULL, &machine.vcpus[i].gdb))
			errx(1, "vCPU %u", i);
	port = kvmgdb_listen(gdb, argv[1], why, sizeof(why));
	if (port < 0)
		errx(1, "%s", why);
	printf("Listening on port %d\n", port);
	fflush(stdout);
	for (unsigned i = 0; i < machine.n; i++)
		pthread_create(&machine.vcpus[i].thread, NULL, run_vcpu, &machine.vcpus[i]);
	for (unsigned i = 0; i < machine.n; i++)
		pthread_join(machine.vcpus[i].thread, NULL);
	return 0;
}
