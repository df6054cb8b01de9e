/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM with one vCPU by bare ioctls, for many_regs.c: nothing of the program that is tested elsewhere. */
#ifndef MANY_REGS_VM_H
#define MANY_REGS_VM_H

#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

struct test_vm {
	int kvm, fd, vcpu;
};

/* A vCPU that can be read, and that never comes out of KVM_RUN by itself: it is at a jump to itself. 0, or -errno. */
int vm_open(struct test_vm *vm);
void vm_close(struct test_vm *vm);

/* The ids that KVM lists, or where it lists none, those that may be there. Returns how many; at most KVM_MANY_REGS_MAX. */
uint32_t vm_ids(const struct test_vm *vm, uint64_t *ids);

/* Registers of 64 bits that keep any small number; i is less than SCRATCH_IDS. */
#define SCRATCH_IDS 7
uint64_t scratch_id(unsigned i);

/* An id of no register. */
#define NO_ID (scratch_id(0) | 0xff << 8)

#endif
