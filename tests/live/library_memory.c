/* SPDX-License-Identifier: BSD-2-Clause */
/* The library and a VMM's memory, that moves under a planted opcode, or that cannot be written to, on a real KVM: library_memory IMAGE. */
#include "library_rig.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

static uint8_t *map_ram(int memory)
{
	uint8_t *ram = mmap(NULL, MACHINE_RAM, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

	if (ram == MAP_FAILED)
		err(1, "memory");
	return ram;
}

/* KVM, and the library, have slot 0 there from now on. Both are told as kvmgdb.h wants it. */
static void move_ram(struct rig *r, uint8_t *ram, void *seen)
{
	struct kvm_userspace_memory_region slot = { .guest_phys_addr = board_ram };

	kvmgdb_set_memory(r->gdb, 0, board_ram, 0, NULL, 0);
	if (ioctl(r->m.vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		err(1, "a slot that goes");
	memcpy(ram, r->m.ram, MACHINE_RAM);
	slot.memory_size = MACHINE_RAM;
	slot.userspace_addr = (uintptr_t)ram;
	if (ioctl(r->m.vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		err(1, "a slot that comes");
	munmap(r->m.ram, MACHINE_RAM);
	r->m.ram = ram;
	if (kvmgdb_set_memory(r->gdb, 0, board_ram, MACHINE_RAM, seen, 0))
		errx(1, "kvmgdb_set_memory");
}

static void test_moved(const char *image)
{
	int memory = memfd_create("ram", MFD_CLOEXEC), fd;
	uint64_t code;
	uint8_t *ram;
	struct rig r;

	if (memory < 0 || ftruncate(memory, MACHINE_RAM))
		err(1, "memfd_create");
	rig_open(&r, image, 1, MODE_SPIN, 0);
	rig_start(&r);
	code = rig_code(&r);
	fd = client_at_tick(&r, 2);
	rig_pause(&r);
	ram = map_ram(memory);
	move_ram(&r, ram, ram);
	if (client_sees_plants(fd))
		ok(rig_code(&r) != code, "moved: the opcode is where the memory is now");
	rig_resume(&r);
	ok(client_ask(fd, PATIENCE, "vCont;c")[0] == 'T', "moved: the breakpoint is met");
	client_break(&r, fd, "z0", "tick");
	ok(rig_code(&r) == code, "moved: it goes, and the guest's code is its own");
	close(fd);
	ok(rig_runs(&r), "moved: the guest runs on");
	rig_close(&r);
	close(memory);
}

enum read_only {
	TOLD_ITSELF, /* the library is told of the mapping that is read-only */
	TOLD_OTHER,  /* ... of another one */
	BY_FUNCTIONS /* ... or reaches that one by functions */
};

static const char *const read_only_names[] = { "", ", and another mapping of it", ", and functions that write to it" };

static uint8_t *writable;

static ssize_t read_memory(void *opaque, uint64_t gpa, void *buf, size_t size)
{
	(void)opaque;
	memcpy(buf, writable + (gpa - board_ram), size);
	return (ssize_t)size;
}

static ssize_t write_memory(void *opaque, uint64_t gpa, const void *buf, size_t size)
{
	(void)opaque;
	memcpy(writable + (gpa - board_ram), buf, size);
	return (ssize_t)size;
}

/* The VMM keeps its guest's code from being written to by itself, as Solo5 does. */
static void read_only_by(const char *image, enum read_only how)
{
	static const struct kvmgdb_config by_functions = { .read_memory = read_memory, .write_memory = write_memory };
	int memory = memfd_create("ram", MFD_CLOEXEC), fd;
	const char *reply;
	uint8_t *ram;
	struct rig r;

	if (memory < 0 || ftruncate(memory, MACHINE_RAM))
		err(1, "memfd_create");
	ram = map_ram(memory);
	writable = map_ram(memory);
	rig_open_as(&r, image, 1, MODE_SPIN, how == BY_FUNCTIONS ? by_functions : (struct kvmgdb_config){ 0 }, 0);
	move_ram(&r, ram, how == TOLD_OTHER ? writable : ram);
	if (mprotect(ram + ((rig_symbol(&r, "tick", NULL) - board_ram) & ~0xfffull), 0x1000, PROT_READ))
		err(1, "mprotect");
	rig_start(&r);
	fd = client_open(&r);
	if (!client_sees_plants(fd)) {
		skip("read-only memory", "this host's KVM does not tell of opcodes");
	} else if (how != TOLD_ITSELF) {
		ok(!strcmp(client_break(&r, fd, "Z0", "tick"), "OK") && client_ask(fd, PATIENCE, "vCont;c")[0] == 'T',
			"read-only memory%s: a breakpoint is met", read_only_names[how]);
	} else {
		reply = client_break(&r, fd, "Z0", "tick");
		if (!strcmp(reply, "OK"))
			ok(client_ask(fd, PATIENCE, "vCont;c")[0] == 'T',
				"read-only memory: a breakpoint is met by a debug register");
		else
			ok(!strncmp(reply, "E.", 2), "read-only memory: no breakpoint in it: %s", reply);
		/* Where a step is made of planted opcodes, the client is told that there can be none, before the stop. */
		reply = client_ask(fd, PATIENCE, "vCont;s:1");
		if (reply[0] == 'O' && client_says(reply, "cannot be planted"))
			reply = client_wait(fd, PATIENCE);
		ok(reply[0] == 'T', "read-only memory: ... the guest is stepped all the same, or the client is told why not");
	}
	close(fd);
	ok(rig_runs(&r), "read-only memory: the guest runs on");
	rig_close(&r);
	munmap(writable, MACHINE_RAM);
	close(memory);
}

static void test_read_only(const char *image)
{
	for (enum read_only how = TOLD_ITSELF; how <= BY_FUNCTIONS; how++)
		read_only_by(image, how);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: library_memory IMAGE");
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_moved(argv[1]);
	test_read_only(argv[1]);
	return done();
}
