/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * KVM_GET_MANY_REGS and KVM_SET_MANY_REGS: many registers of a vCPU in one system call. Shared by the kernel and user space.
 *
 * Capability:    none; see "Is it there?"
 * Architectures: those with KVM_GET_ONE_REG
 * Type:          vcpu ioctl (a kernel that has it), or ioctl of /dev/kvm_many_regs (the module kvm_many_regs.ko)
 * Parameters:    struct kvm_many_regs (in and out)
 * Returns:       0 when all n entries are done, -1 on error
 *
 * Each entry is a struct kvm_one_reg, and is treated as KVM_GET_ONE_REG or KVM_SET_ONE_REG treats it: same ids, same sizes, same
 * errors, the value at addr in the host's byte order. Entries are worked off in order, from reg[0] on.
 *
 * What an entry's ioctl refuses ends the request with that errno, and reg[done] is the entry that was refused: those before it
 * are done, it and those behind it are not. With KVM_MANY_REGS_GO_ON a refused entry is noted and the next one is tried, so that
 * a register which cannot be read does not cost the batch: errors points to n numbers of 32 bits, and each entry that was tried
 * leaves 0 or a negative errno there: EFAULT, too, where the entry or its value is not the caller's memory. The request then
 * succeeds, whatever they say.
 *
 * In either case `done` is written before the request returns, also when it fails after its arguments were accepted. Nothing is
 * undone: who sets registers and is refused half way has the first `done` of them to put back.
 *
 * It takes no lock over the whole request. Between two entries another thread may run the vCPU or write registers, as between
 * two KVM_GET_ONE_REG; who wants values that belong together stops the vCPU first.
 *
 * Errors, besides what KVM_GET_ONE_REG and KVM_SET_ONE_REG say of an entry:
 *   E2BIG   n is above KVM_MANY_REGS_MAX; `done` is not written
 *   EINVAL  an unknown bit in flags, errors not 0 without KVM_MANY_REGS_GO_ON, or vcpu_fd not -1 on a vCPU; `done` is not written
 *   EFAULT  the struct cannot be read or written; or an entry, its value or its place in errors. With the last, `done` counts the
 *           entry
 *   EINTR   a signal arrived between two entries. Those up to `done` are done; go on from there
 *   EIO     the vCPU belongs to another process (kvm->mm), or its VM is dead. Ends the request also with KVM_MANY_REGS_GO_ON. The
 *           device learns it from the first entry, so it may not say so of a request with n = 0
 * and of the device alone:
 *   EBADF   vcpu_fd is not an open file
 *   ENOTTY  vcpu_fd is not a vCPU, or the request is neither of these two, or it comes from a 32-bit program on a 64-bit kernel
 *
 * A vCPU that is inside KVM_RUN is waited for, as by KVM_GET_ONE_REG; only a fatal signal ends that wait.
 *
 * Is it there? A request with n = 0, flags = 0, errors = 0 and `done` not 0 changes nothing but `done`, which comes back as 0.
 */
#ifndef KVM_MANY_REGS_H
#define KVM_MANY_REGS_H

#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <linux/types.h>

/* In flags: go on past a refused entry, and record each one's error. */
#define KVM_MANY_REGS_GO_ON (1u << 0)

/* Entries of one request; no vCPU of Linux 7.2 lists half as many. */
#define KVM_MANY_REGS_MAX 1024

/* Every pointer is 16 bytes behind the one before it, errors first: who moves a request to another address space counts on it. */
struct kvm_many_regs {
	__u32 n;       /* in: entries of reg */
	__u32 done;    /* out: entries that are done, or with KVM_MANY_REGS_GO_ON those that were tried */
	__u32 flags;   /* in: KVM_MANY_REGS_* */
	__s32 vcpu_fd; /* in: on the device, a file descriptor of the caller's; on a vCPU, -1 */
	__u64 errors;  /* in: with KVM_MANY_REGS_GO_ON the address of n __s32, else 0 */
	struct kvm_one_reg reg[];
};

/* Numbers that no <linux/kvm.h> up to Linux 7.2 has taken. */
#define KVM_GET_MANY_REGS _IOWR(KVMIO, 0xdc, struct kvm_many_regs)
#define KVM_SET_MANY_REGS _IOWR(KVMIO, 0xdd, struct kvm_many_regs)

#define KVM_MANY_REGS_DEVICE "/dev/kvm_many_regs"

#endif
