/* SPDX-License-Identifier: BSD-2-Clause */
/* A VMM with a GDB stub: vmm WHERE IMAGE [VCPUS]. A debugger connects to WHERE. The lines that this took are marked: gdb. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <kvmgdb.h> /* gdb */

#include "machine.h"

static struct machine m;
static struct kvmgdb *gdb; /* gdb */

static void *run_vcpu(void *arg)
{
	struct vcpu *v = arg;
	int code;

	for (;;) {
		if (kvmgdb_run(v->gdb) < 0 && errno != EINTR && errno != EAGAIN) /* gdb: was ioctl(v->fd, KVM_RUN, 0) */
			err(1, "vCPU %u: KVM_RUN", v->nr);
		switch (machine_serve(v, &code)) {
		case SERVED:
			break;
		case RESETS:
			machine_start(v->machine);
			kvmgdb_guest_reset(gdb); /* gdb */
			break;
		case ENDS:
			kvmgdb_guest_exited(gdb, code); /* gdb */
			exit(code);
		}
	}
}

/* The guest waits for a debugger from its first instruction on. */
int main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: vmm WHERE IMAGE [VCPUS]");
	machine_open(&m, argv[2], argc > 3 ? (unsigned)atoi(argv[3]) : 1);
	machine_start(&m);

	struct kvmgdb_config config = { .size = sizeof(config), .kvm_fd = m.kvm, .vm_fd = m.vm, .flags = KVMGDB_WAIT, /* gdb */
		.opaque = &m, .reset = machine_start, .kill = machine_end }; /* gdb */
	char why[256]; /* gdb */
	if (kvmgdb_open(&config, &gdb, why, sizeof(why)) || kvmgdb_set_memory(gdb, 0, board_ram, MACHINE_RAM, m.ram, 0)) /* gdb */
		errx(1, "%s", why); /* gdb */
	for (unsigned i = 0; i < m.n; i++) {
		kvmgdb_add_vcpu(gdb, i, m.vcpus[i].fd, NULL, &m.vcpus[i].gdb); /* gdb */
		pthread_create(&m.vcpus[i].thread, NULL, run_vcpu, &m.vcpus[i]);
	}
	int port = kvmgdb_listen(gdb, argv[1], why, sizeof(why)); /* gdb */
	if (port < 0) /* gdb */
		errx(1, "%s", why); /* gdb */
	printf("Listening on port %d\n", port); /* gdb */
	fflush(stdout);

	for (unsigned i = 0; i < m.n; i++)
		pthread_join(m.vcpus[i].thread, NULL);
	return 0;
}
