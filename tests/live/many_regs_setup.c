// SPDX-License-Identifier: BSD-2-Clause
/* See many_regs_setup.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "many_regs_setup.h"

int set_up(struct setup *s)
{
	int err = vm_open(&s->vm);

	if (err)
		return err;
	s->device = open(KVM_MANY_REGS_DEVICE, O_RDWR | O_CLOEXEC);
	s->req = malloc(sizeof(*s->req) + KVM_MANY_REGS_MAX * sizeof(s->req->reg[0]));
	return s->device < 0 || !s->req ? -errno : 0;
}

int many(const struct setup *s, unsigned long what, struct kvm_many_regs *req)
{
	return ioctl(s->device, what, req) ? -errno : 0;
}

int one(const struct setup *s, unsigned long what, uint64_t id, void *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return ioctl(s->vm.vcpu, what, &reg) ? -errno : 0;
}

struct kvm_many_regs *request(struct setup *s, const uint64_t *ids, uint32_t n)
{
	*s->req = (struct kvm_many_regs){ .n = n, .done = 77, .vcpu_fd = s->vm.vcpu };
	memset(s->value, POISON, sizeof(s->value));
	for (uint32_t i = 0; i < n; i++)
		s->req->reg[i] = (struct kvm_one_reg){ .id = ids[i], .addr = (uintptr_t)s->value[i] };
	return s->req;
}

struct kvm_many_regs *scratch_request(struct setup *s, uint32_t n, uint64_t base)
{
	uint64_t ids[SCRATCH_IDS] = { 0 };

	for (uint32_t i = 0; i < n; i++)
		ids[i] = scratch_id(i);
	request(s, ids, n);
	for (uint32_t i = 0; i < n; i++)
		memcpy(s->value[i], &(uint64_t){ base + i }, sizeof(uint64_t));
	return s->req;
}

uint64_t scratch(const struct setup *s, unsigned i)
{
	uint64_t value = 0;

	one(s, KVM_GET_ONE_REG, scratch_id(i), &value);
	return value;
}

uint32_t scratches(const struct setup *s, uint64_t base)
{
	uint32_t i = 0;

	while (i < SCRATCH_IDS && scratch(s, i) == base + i)
		i++;
	return i;
}
