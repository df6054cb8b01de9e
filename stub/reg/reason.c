/* SPDX-License-Identifier: BSD-2-Clause */
/* What KVM's errors mean, for people. */
#include <errno.h>
#include <stddef.h>

#include "reason.h"

/* What KVM means by an error of a register ioctl (Documentation/virt/kvm/api.rst, KVM_SET_ONE_REG and KVM_GET_ONE_REG). */
static const struct {
	int err;
	const char *text;
} reasons[] = {
	{ EAGAIN, "EBUSY, KVM does it only while no vCPU runs" },
	{ EBUSY, "EBUSY, it cannot be changed once the VM has run" },
	{ EFAULT, "EFAULT" },
	{ EINTR, "EINTR" },
	{ EINVAL, "EINVAL, this vCPU has it not, or not with this value" },
	{ EIO, "EIO, the VM is gone or another process's" },
	{ ENODEV, "ENODEV, the vCPU cannot be reached any more" },
	{ ENOENT, "ENOENT, this vCPU has it not" },
	{ ENOEXEC, "ENOEXEC, the vCPU is not initialised" },
	{ ENOMEM, "ENOMEM" },
	{ ENOSPC, "ENOSPC, no room for the value" },
	{ ENXIO, "ENXIO, this vCPU lacks the unit" },
	{ EPERM, "EPERM, it cannot be written" },
	{ ESRCH, "ESRCH, the thread of the vCPU is gone" },
	{ ETIMEDOUT, "ETIMEDOUT, the VMM does not answer: is it stopped by a signal?" },
};

const char *call_reason(int err)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].err == -err)
			return reasons[i].text;
	return "unknown error";
}
