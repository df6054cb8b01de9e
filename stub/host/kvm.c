/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens /dev/kvm and asks it. */
#include "kvm.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../many_regs/kvm_many_regs.h"

static_assert(offsetof(struct kvm_run, hw) == 32, "the exit's union is where arch/ expects it");
static_assert(sizeof(((struct kvm_run *)0)->padding) == EXIT_DATA_SIZE, "the exit's union has the size that arch/ expects");

static int refuse_kvm(int err, const struct refusal *why)
{
	static const struct {
		int err;
		const char *advice;
	} advices[] = {
		{ -ENOENT, "load the kernel's kvm module; if there is none for it, the processor or the firmware has "
			   "virtualization off" },
		{ -ENODEV,
			"load the kernel's kvm module; if it is loaded, the processor or the firmware has virtualization off" },
		{ -EACCES, "become a member of the group kvm" },
		{ -EPERM, "become a member of the group kvm" },
	};

	for (unsigned i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (advices[i].err == err)
			return refuse(why, err, "/dev/kvm: %s: %s", strerror(-err), advices[i].advice);
	}
	return refuse(why, err, "/dev/kvm: %s", strerror(-err));
}

int kvm_open(int given, const struct refusal *why)
{
	int fd = given < 0 ? open("/dev/kvm", O_RDWR | O_CLOEXEC) : fcntl(given, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return refuse_kvm(-errno, why);
	if (ioctl(fd, KVM_GET_API_VERSION, 0) == KVM_API_VERSION)
		return fd;
	close(fd);
	return refuse(why, -ENODEV, "/dev/kvm: not the interface of Linux's KVM, version %d", KVM_API_VERSION);
}

int kvm_open_many_regs(void)
{
	return open(KVM_MANY_REGS_DEVICE, O_RDWR | O_CLOEXEC);
}

int kvm_system_call(int fd, struct host_call *call)
{
	return fd < 0 ? -ENODEV : ioctl(fd, call->request, call->arg) < 0 ? -errno : 0;
}

int kvm_extension(int fd, int cap)
{
	int has = fd < 0 ? 0 : ioctl(fd, KVM_CHECK_EXTENSION, (unsigned long)cap);

	return has < 0 ? 0 : has;
}

void kvm_copy_exit(const struct kvm_run *run, struct vcpu_exit *exit)
{
	exit->reason = run->exit_reason;
	exit->flags = run->flags;
	memcpy(exit->data, run->padding, sizeof(exit->data));
}
