/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory slots besides the guest's usual one: what the VMM does with them when it is told to, and before its guest begins. */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "victim.h"

#define SLOT 7
#define SLOT_SIZE 0x100000ul
#define SLOT_AT (board_ram + 0x10000000)
#define EARLY_AT (board_ram + 0x20000000)

static void *new_memory(int byte)
{
	void *ram = mmap(NULL, SLOT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ram == MAP_FAILED)
		err(1, "a slot");
	return memset(ram, byte, SLOT_SIZE);
}

/* 0 or -errno. */
static int set_slot(int vm, unsigned id, uint64_t gpa, void *ram, uint64_t size)
{
	struct kvm_userspace_memory_region slot = {
		.slot = id, .guest_phys_addr = gpa, .memory_size = size, .userspace_addr = (uintptr_t)ram
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0 ? -errno : 0;
}

/* --- when it is told to */

void slot_change(struct victim *v, const char *how)
{
	static void *ram;
	uint64_t at = SLOT_AT + (strcmp(how, "move") ? 0 : 2 * SLOT_SIZE), size = strcmp(how, "remove") ? SLOT_SIZE : 0;
	int err;

	if (!ram)
		ram = new_memory(0);
	err = set_slot(v->machine.vm, SLOT, at, ram, size);
	if (err)
		fprintf(v->answers, "slot: %s\n", strerror(-err));
	else
		fprintf(v->answers, "slot %u at %#llx of %#llx bytes is at %p\n", SLOT, (unsigned long long)at,
			(unsigned long long)size, ram);
}

void slot_change_by(struct seat *s, const char *how)
{
	s->slot_change = how;
	while (s->slot_change)
		usleep(1000);
}

void slot_serve(struct seat *s)
{
	if (!s->slot_change)
		return;
	slot_change(s->victim, s->slot_change);
	s->slot_change = NULL;
}

/* --- before the guest begins: the bytes of each are its number */

static uint64_t place(unsigned n)
{
	return EARLY_AT + n * 2 * SLOT_SIZE;
}

static void *set_by_thread(void *victim)
{
	const struct victim *v = victim;

	if (set_slot(v->machine.vm, 21, place(2), new_memory(21), SLOT_SIZE))
		err(1, "slot 21");
	return NULL;
}

/* As newer VMMs do it, where the kernel is as new. */
static void set_by_other_request(int vm, void *ram)
{
	struct {
		struct kvm_userspace_memory_region slot;
		uint64_t more[16];
	} region = { { .slot = 24, .guest_phys_addr = place(4), .memory_size = SLOT_SIZE, .userspace_addr = (uintptr_t)ram },
		{ 0 } };

	_Static_assert(sizeof(region) == 160, "");
	if (ioctl(vm, _IOC(_IOC_WRITE, KVMIO, 0x49, sizeof(region)), &region) && set_slot(vm, 24, place(4), ram, SLOT_SIZE))
		err(1, "slot 24");
}

void slots_set_early(struct victim *v)
{
	int vm = v->machine.vm, other = ioctl(v->machine.kvm, KVM_CREATE_VM, board_type(v->machine.kvm));
	void *moves = new_memory(20), *goes = new_memory(22);
	pthread_t thread;

	if (pthread_create(&thread, NULL, set_by_thread, v) || pthread_join(thread, NULL))
		errx(1, "no thread");
	if (set_slot(vm, 20, place(0), moves, SLOT_SIZE) || set_slot(vm, 20, place(1), moves, SLOT_SIZE) ||
		set_slot(vm, 22, place(3), goes, SLOT_SIZE) || set_slot(vm, 22, place(3), goes, 0) ||
		set_slot(vm, 23, place(2), goes, SLOT_SIZE) != -EEXIST)
		errx(1, "the slots are not as they should be");
	set_by_other_request(vm, new_memory(24));
	if (other < 0 || set_slot(other, 20, place(5), goes, SLOT_SIZE))
		err(1, "a second VM");
}
