/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns what becomes of a struct host_call: an ioctl on the vCPU, one on our module, or a copy from and to kvm_run. */
#include "vcpu_calls.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../many_regs/kvm_many_regs.h"
#include "vm_arch.h"

/* KVM reads its side of kvm_run when the vCPU is entered, and nobody else looks at it until then. */
static int copy_run(const struct vm_vcpu *v, const struct host_call *c)
{
	uint8_t *part = (uint8_t *)v->run + c->run_at;

	if (!v->run || c->run_at > v->run_size || c->size > v->run_size - c->run_at)
		return -EINVAL;
	if (c->run_sync & ~v->run->kvm_valid_regs || (c->request == HOST_RUN_COPY && !v->synced))
		return -ENXIO;
	if (c->request == HOST_RUN_SET) {
		memcpy(part, c->arg, c->size);
		v->run->kvm_dirty_regs |= c->run_sync;
	} else {
		memcpy(c->arg, part, c->size);
	}
	return 0;
}

static int call_device(const struct vm_vcpu *v, struct host_call *c)
{
	struct kvm_many_regs *many = c->arg;

	if (v->vm->many < 0 || c->size < sizeof(*many))
		return -ENODEV;
	many->vcpu_fd = v->fd;
	return ioctl(v->vm->many, c->request, many) < 0 ? -errno : 0;
}

static int get_told(struct vm *vm, struct host_call *c)
{
	bool known;

	pthread_mutex_lock(&vm->devices);
	known = vm->told && c->size == vm->told_size;
	if (known)
		memcpy(c->arg, vm->told, c->size);
	pthread_mutex_unlock(&vm->devices);
	return known ? 0 : -ENXIO;
}

static int move_attribute(const struct vm_vcpu *v, struct host_call *c)
{
	struct kvm_device_attr a = {
		.group = c->device_group, .attr = c->device_attr | v->irqchip_attr, .addr = (uintptr_t)c->arg
	};

	if (v->vm->irqchip < 0 || c->size != sizeof(uint64_t))
		return -ENXIO;
	return ioctl(v->vm->irqchip, c->request == HOST_DEVICE_SET ? KVM_SET_DEVICE_ATTR : KVM_GET_DEVICE_ATTR, &a) < 0 ? -errno : 0;
}

static void do_call(struct vm_vcpu *v, struct host_call *c)
{
	if (c->changes)
		v->synced = false;
	if (c->request == HOST_RUN_GET || c->request == HOST_RUN_SET || c->request == HOST_RUN_COPY) {
		c->err = copy_run(v, c);
		return;
	}
	if (c->request == HOST_TOLD) {
		c->err = get_told(v->vm, c);
		return;
	}
	if (c->request == HOST_DEVICE_GET || c->request == HOST_DEVICE_SET) {
		c->err = move_attribute(v, c);
		return;
	}
	if (c->on_device) {
		c->err = call_device(v, c);
		return;
	}
	c->ret = ioctl(v->fd, c->request, c->arg);
	c->err = c->ret < 0 ? -errno : 0;
}

int vm_calls(struct host *h, unsigned vcpu, struct host_call *calls, unsigned n)
{
	struct vm *vm = (struct vm *)h;

	if (vcpu >= h->vcpus)
		return -EINVAL;
	if (vm->vcpu[vcpu].fd < 0)
		return -ENODEV;
	for (unsigned i = 0; i < n; i++)
		do_call(&vm->vcpu[vcpu], &calls[i]);
	return 0;
}
