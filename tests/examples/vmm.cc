// SPDX-License-Identifier: BSD-2-Clause
// vmm.c once more, in C++.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <kvmgdb.h>

#include "machine.h"

namespace
{

struct machine the;
kvmgdb *gdb;

[[noreturn]] void fail(const char *why)
{
	std::fprintf(stderr, "vmm: %s\n", why);
	std::exit(1);
}

void run_vcpu(vcpu *v)
{
	int code;

	for (;;) {
		if (kvmgdb_run(v->gdb) < 0) {
			if (errno != EINTR && errno != EAGAIN)
				fail("KVM_RUN");
			continue;
		}
		switch (machine_serve(v, &code)) {
		case SERVED:
			break;
		case RESETS:
			machine_start(v->machine);
			kvmgdb_guest_reset(gdb);
			break;
		case ENDS:
			kvmgdb_guest_exited(gdb, code);
			std::exit(code);
		}
	}
}

} // namespace

int main(int argc, char **argv)
{
	if (argc < 3)
		fail("usage: vmm WHERE IMAGE [VCPUS]");
	machine_open(&the, argv[2], argc > 3 ? std::atoi(argv[3]) : 1);
	machine_start(&the);

	kvmgdb_config config = {};
	char why[256];
	config.size = sizeof(config);
	config.flags = KVMGDB_WAIT;
	config.kvm_fd = the.kvm;
	config.vm_fd = the.vm;
	config.opaque = &the;
	config.reset = machine_start;
	config.kill = machine_end;
	if (kvmgdb_open(&config, &gdb, why, sizeof(why)))
		fail(why);
	kvmgdb_set_memory(gdb, 0, board_ram, MACHINE_RAM, the.ram, 0);
	for (unsigned i = 0; i < the.n; i++)
		if (kvmgdb_add_vcpu(gdb, i, the.vcpus[i].fd, nullptr, &the.vcpus[i].gdb))
			fail("a vCPU");
	int port = kvmgdb_listen(gdb, argv[1], why, sizeof(why));
	if (port < 0)
		fail(why);
	std::printf("Listening on port %d\n", port);
	std::fflush(stdout);

	std::vector<std::thread> threads;
	for (unsigned i = 0; i < the.n; i++)
		threads.emplace_back(run_vcpu, &the.vcpus[i]);
	for (auto &thread : threads)
		thread.join();
}
