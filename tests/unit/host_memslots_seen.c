/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory slots as calls of a VMM's set them, which are told here as a tracer sees them. This process is the VMM. */
#include "attach/memslots.h"
#include "attach/memslots_seen.h"
#include "tap.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGES(n) ((n)*0x1000ull)

static void make_vm(struct seen_vms *vms, int64_t fd)
{
	struct tracee_call call = { .nr = SYS_ioctl, .arg = { 3, KVM_CREATE_VM } };
	struct seen_call seen;

	seen_begins(&seen, getpid(), &call);
	seen_ends(vms, getpid(), &seen, fd);
}

static void set_region(struct seen_vms *vms, int fd, struct kvm_userspace_memory_region region, int64_t result)
{
	struct tracee_call call = { .nr = SYS_ioctl, .arg = { (uint64_t)fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region } };
	struct seen_call seen;

	seen_begins(&seen, getpid(), &call);
	seen_ends(vms, getpid(), &seen, result);
}

static void set_slot(struct seen_vms *vms, int fd, unsigned id, uint64_t page, uint64_t pages, int64_t result)
{
	set_region(vms, fd, (struct kvm_userspace_memory_region){ id, id == 5, PAGES(page), PAGES(pages), PAGES(0x100 + page) },
		result);
}

/* "0:10+2 ...": id, first page and pages, by address. */
static const char *text(const struct seen_vms *vms, int fd)
{
	static char all[200];
	const struct memslots *slots = seen_of(vms, getpid(), fd);
	size_t n = 0;

	all[0] = '\0';
	for (unsigned i = 0; slots && i < slots->n; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%u:%llx+%llx", i ? " " : "", slots->slot[i].id,
			(unsigned long long)slots->slot[i].gpa >> 12, (unsigned long long)slots->slot[i].size >> 12);
	return slots ? all : "no VM";
}

static void test_calls(void)
{
	struct seen_vms vms = { 0 };

	is_str(text(&vms, 100), "no VM", "nothing was seen");
	set_slot(&vms, 100, 0, 0, 1, 0);
	is_str(text(&vms, 100), "no VM", "a slot of a VM that was not seen to be made");
	make_vm(&vms, -ENODEV);
	is_int(vms.n, 0, "a VM that could not be made");
	make_vm(&vms, 100);
	is_str(text(&vms, 100), "", "one without slots");
	set_slot(&vms, 100, 1, 0x20, 4, 0);
	set_slot(&vms, 100, 0, 0x10, 2, 0);
	is_str(text(&vms, 100), "0:10+2 1:20+4", "two slots");
	is_str(text(&vms, -1), "0:10+2 1:20+4", "of the only VM that there is");
	is_int((int)(seen_of(&vms, getpid(), 100)->slot[1].hva >> 12), 0x120, "where the VMM has it");
	set_slot(&vms, 100, 1, 0x30, 4, 0);
	is_str(text(&vms, 100), "0:10+2 1:30+4", "one is moved");
	set_slot(&vms, 100, 1, 0x40, 4, -EINVAL);
	set_slot(&vms, 100, 2, 0x10, 1, -EEXIST);
	set_slot(&vms, 100, 0, 0, 0, -EFAULT);
	is_str(text(&vms, 100), "0:10+2 1:30+4", "calls that fail change nothing");
	set_slot(&vms, 100, 5, 0x12, 2, 0);
	ok(seen_of(&vms, getpid(), 100)->slot[1].flags == KVM_MEM_LOG_DIRTY_PAGES, "the flags are kept");
	set_slot(&vms, 100, 0x10001, 0x50, 1, 0);
	is_str(text(&vms, 100), "0:10+2 5:12+2 1:30+4", "another address space is not ours");
	set_slot(&vms, 100, 0, 0x77, 0, 0);
	is_str(text(&vms, 100), "5:12+2 1:30+4", "size 0: it is removed");
	set_slot(&vms, 100, 7, 0x31, 8, 0);
	is_str(text(&vms, 100), "5:12+2 7:31+8", "what KVM has taken is there, and what it overlaps must have gone unseen");
	seen_free(&vms);
	is_int(vms.n, 0, "freed");
}

static void test_vms(void)
{
	struct seen_vms vms = { 0 };
	int fd = dup(1), same = dup(fd);

	make_vm(&vms, fd);
	make_vm(&vms, 101);
	set_slot(&vms, fd, 0, 1, 1, 0);
	set_slot(&vms, 101, 0, 2, 1, 0);
	is_str(text(&vms, fd), "0:1+1", "of two VMs, one");
	is_str(text(&vms, 101), "0:2+1", "... the other");
	is_str(text(&vms, -1), "no VM", "... and nobody knows which");
	if (syscall(SYS_kcmp, getpid(), getpid(), 0, fd, same) == 0)
		is_str(text(&vms, same), "0:1+1", "by a copy of its descriptor");
	else
		skip("by a copy of its descriptor", "there is no kcmp()");
	make_vm(&vms, 101);
	is_str(text(&vms, 101), "", "a new VM with the descriptor of one that was closed");
	seen_forget(&vms, getpid());
	is_int(vms.n, 0, "another program has no VM");
	seen_free(&vms);
	close(fd);
	close(same);
}

static void test_others(void)
{
	struct tracee_call call = { .nr = SYS_ioctl, .arg = { 100, KVM_SET_USER_MEMORY_REGION, 8 } };
	struct seen_call seen;

	seen_begins(&seen, getpid(), &call);
	is_int(seen.kind, SEEN_NOTHING, "what cannot be read is no slot");
	call.arg[1] = KVM_RUN;
	seen_begins(&seen, getpid(), &call);
	is_int(seen.kind, SEEN_NOTHING, "nor is another ioctl");
	call = (struct tracee_call){ .nr = SYS_read, .arg = { 100, KVM_CREATE_VM } };
	seen_begins(&seen, getpid(), &call);
	is_int(seen.kind, SEEN_NOTHING, "nor another call");
}

/* Where there is no other way. */
static void test_find(void)
{
	struct seen_vms vms = { 0 };
	struct memslots slots = { 0 };
	struct memslots_vm vm = {
		.pid = getpid(), .vm_fd = -1, .vm_copy = -1, .page_size = 4096, .occupied = UINT64_MAX, .no_bpf = true
	};
	char why[400];

	make_vm(&vms, 100);
	vm.seen = seen_of(&vms, getpid(), 100);
	ok(memslots_find(&vm, &slots, &(struct refusal){ why, sizeof(why) }) < 0, "without slots nothing is found");
	set_slot(&vms, 100, 3, 1, 1, 0);
	for (unsigned all = 0; all < 2; all++) {
		vm.seen_is_all = all;
		is_int(memslots_find(&vm, &slots, NULL), 0, "what was seen is found");
		ok(slots.n == 1 && slots.slot[0].id == 3 && slots.by_calls, "... it alone");
		is_str(slots.source,
			all ? "set by the VMM before the guest began" : "set by the VMM before the guest began, or seen since",
			"... and how");
	}
	set_slot(&vms, 100, 3, 1, 0, 0);
	is_int((int)slots.n, 1, "it is a copy");
	memslots_free(&slots);
	seen_free(&vms);
}

int main(void)
{
	test_calls();
	test_vms();
	test_others();
	test_find();
	return done();
}
