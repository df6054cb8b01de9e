/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns which system calls are those that set a VM's memory slots. See memslots_seen.h. */
#include "memslots_seen.h"

#include <linux/kcmp.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Since Linux 6.8: what the other request has, and more behind it. */
#define SET_REGION2 _IOC(_IOC_WRITE, KVMIO, 0x49, 160)

#define ID_BITS 16 /* of a slot; above them is the address space that it is of */

/* --- a call */

static bool is_set_region(uint64_t request)
{
	return (uint32_t)request == (uint32_t)KVM_SET_USER_MEMORY_REGION || (uint32_t)request == (uint32_t)SET_REGION2;
}

/* What cannot be read here KVM cannot read either. */
static bool read_slot(struct memslot *slot, pid_t tid, uint64_t at)
{
	struct kvm_userspace_memory_region region;
	struct iovec here = { &region, sizeof(region) }, there = { (void *)(uintptr_t)at, sizeof(region) };

	if (process_vm_readv(tid, &here, 1, &there, 1, 0) != (ssize_t)sizeof(region))
		return false;
	*slot = (struct memslot){ .id = region.slot,
		.gpa = region.guest_phys_addr,
		.size = region.memory_size,
		.hva = region.userspace_addr,
		.flags = region.flags };
	return !(region.slot >> ID_BITS);
}

void seen_begins(struct seen_call *seen, pid_t tid, const struct tracee_call *call)
{
	*seen = (struct seen_call){ .fd = (int)call->arg[0] };
	if (call->nr != SYS_ioctl)
		return;
	if ((uint32_t)call->arg[1] == (uint32_t)KVM_CREATE_VM)
		seen->kind = SEEN_VM;
	else if (is_set_region(call->arg[1]) && read_slot(&seen->slot, tid, call->arg[2]))
		seen->kind = SEEN_SLOT;
}

/* --- the VMs */

bool seen_is_same(pid_t pid, int fd, int other)
{
	return fd == other || !syscall(SYS_kcmp, pid, pid, KCMP_FILE, fd, other);
}

static struct seen_vm *find(const struct seen_vms *vms, pid_t pid, int fd)
{
	for (unsigned i = 0; i < vms->n; i++)
		if (vms->vm[i].pid == pid && vms->vm[i].fd == fd)
			return &vms->vm[i];
	for (unsigned i = 0; i < vms->n; i++)
		if (vms->vm[i].pid == pid && seen_is_same(pid, vms->vm[i].fd, fd))
			return &vms->vm[i];
	return NULL;
}

static void drop(struct seen_vms *vms, unsigned i)
{
	memslots_free_table(&vms->vm[i].slots);
	vms->vm[i] = vms->vm[--vms->n];
}

/* Another one had this descriptor, and is no more. */
static void add_vm(struct seen_vms *vms, pid_t pid, int fd)
{
	struct seen_vm *vm;

	for (unsigned i = 0; i < vms->n; i++)
		if (vms->vm[i].pid == pid && vms->vm[i].fd == fd)
			drop(vms, i);
	vm = reallocarray(vms->vm, vms->n + 1, sizeof(*vm));
	if (!vm)
		return;
	vms->vm = vm;
	vms->vm[vms->n++] = (struct seen_vm){ .pid = pid, .fd = fd };
}

void seen_ends(struct seen_vms *vms, pid_t pid, struct seen_call *seen, int64_t result)
{
	struct seen_vm *vm = seen->kind == SEEN_SLOT && !result ? find(vms, pid, seen->fd) : NULL;

	if (seen->kind == SEEN_VM && result >= 0)
		add_vm(vms, pid, (int)result);
	if (vm && memslots_set(&vm->slots, &seen->slot))
		drop(vms, (unsigned)(vm - vms->vm));
	*seen = (struct seen_call){ 0 };
}

void seen_forget(struct seen_vms *vms, pid_t pid)
{
	for (unsigned i = vms->n; i--;)
		if (vms->vm[i].pid == pid)
			drop(vms, i);
}

static const struct seen_vm *find_only(const struct seen_vms *vms, pid_t pid)
{
	const struct seen_vm *only = NULL;

	for (unsigned i = 0; i < vms->n; i++) {
		if (vms->vm[i].pid == pid && only)
			return NULL;
		if (vms->vm[i].pid == pid)
			only = &vms->vm[i];
	}
	return only;
}

const struct memslots *seen_of(const struct seen_vms *vms, pid_t pid, int fd)
{
	const struct seen_vm *vm = fd < 0 ? find_only(vms, pid) : find(vms, pid, fd);

	return vm ? &vm->slots : NULL;
}

void seen_free(struct seen_vms *vms)
{
	while (vms->n)
		drop(vms, 0);
	free(vms->vm);
	vms->vm = NULL;
}
