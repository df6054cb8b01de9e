/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns what becomes of a struct host_call: an ioctl on the vCPU, one on our module, or a copy from and to kvm_run. */
#include "vcpu_calls.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../many_regs/kvm_many_regs.h"

/* KVM reads its side of kvm_run when the vCPU is entered, and nobody else looks at it until then. */
static int copy_run(const struct vcpu_place *at, const struct host_call *c)
{
	uint8_t *part = (uint8_t *)at->run + c->run_at;

	if (!at->run || c->run_at > at->run_size || c->size > at->run_size - c->run_at)
		return -EINVAL;
	if (c->run_sync & ~at->run->kvm_valid_regs || (c->request == HOST_RUN_COPY && !atomic_load(at->synced)))
		return -ENXIO;
	if (c->request == HOST_RUN_SET) {
		memcpy(part, c->arg, c->size);
		at->run->kvm_dirty_regs |= c->run_sync;
	} else {
		memcpy(c->arg, part, c->size);
	}
	return 0;
}

static int call_device(const struct vcpu_place *at, struct host_call *c)
{
	struct kvm_many_regs *many = c->arg;

	if (at->many < 0 || c->size < sizeof(*many))
		return -ENODEV;
	many->vcpu_fd = at->fd;
	return ioctl(at->many, c->request, many) < 0 ? -errno : 0;
}

static int get_told(const struct vcpu_place *at, struct host_call *c)
{
	bool known;

	pthread_mutex_lock(at->lock);
	known = *at->told && c->size == *at->told_size;
	if (known)
		memcpy(c->arg, *at->told, c->size);
	pthread_mutex_unlock(at->lock);
	return known ? 0 : -ENXIO;
}

static int move_attribute(const struct vcpu_place *at, struct host_call *c)
{
	struct kvm_device_attr a = {
		.group = c->device_group, .attr = c->device_attr | at->irqchip_attr, .addr = (uintptr_t)c->arg
	};

	if (at->irqchip < 0 || c->size != sizeof(uint64_t))
		return -ENXIO;
	return ioctl(at->irqchip, c->request == HOST_DEVICE_SET ? KVM_SET_DEVICE_ATTR : KVM_GET_DEVICE_ATTR, &a) < 0 ? -errno
														     : 0;
}

bool vcpu_call_here(const struct vcpu_place *at, struct host_call *c)
{
	switch (c->request) {
	case HOST_RUN_GET:
	case HOST_RUN_SET:
	case HOST_RUN_COPY:
		c->err = copy_run(at, c);
		return true;
	case HOST_TOLD:
		c->err = get_told(at, c);
		return true;
	case HOST_DEVICE_GET:
	case HOST_DEVICE_SET:
		c->err = move_attribute(at, c);
		return true;
	}
	return false;
}

void vcpu_call(const struct vcpu_place *at, struct host_call *c)
{
	if (c->changes)
		atomic_store(at->synced, false);
	if (vcpu_call_here(at, c))
		return;
	if (c->on_device) {
		c->err = call_device(at, c);
		return;
	}
	c->ret = c->arg ? ioctl(at->fd, c->request, c->arg) : ioctl(at->fd, c->request, c->value);
	c->err = c->ret < 0 ? -errno : 0;
}

int vcpu_set_debug(struct host *h, unsigned vcpu, uint32_t control, const void *arch, size_t size)
{
	struct kvm_guest_debug debug = { .control = control };
	struct host_call call = { .request = KVM_SET_GUEST_DEBUG, .arg = &debug, .size = sizeof(debug) };
	int err;

	if (size > sizeof(debug.arch))
		return -EINVAL;
	if (size)
		memcpy(&debug.arch, arch, size);
	err = h->ops->calls(h, vcpu, &call, 1);
	return err ? err : call.err;
}
