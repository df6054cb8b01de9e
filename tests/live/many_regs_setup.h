/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the module start from: a vCPU, the device, and room for a request with all of its values. */
#ifndef MANY_REGS_SETUP_H
#define MANY_REGS_SETUP_H

#include "many_regs/kvm_many_regs.h"
#include "many_regs_vm.h"

#define VALUE_MAX 512 /* bytes; the longest register, a vector of SVE, has half of them */
#define POISON 0xa5   /* what a value holds that nobody has written */

struct setup {
	struct test_vm vm;
	int device;
	struct kvm_many_regs *req; /* for KVM_MANY_REGS_MAX entries */
	uint8_t value[KVM_MANY_REGS_MAX][VALUE_MAX];
};

/* 0, or -errno. */
int set_up(struct setup *s);

/* The ioctl of the device, and of the vCPU: 0, or -errno. */
int many(const struct setup *s, unsigned long what, struct kvm_many_regs *req);
int one(const struct setup *s, unsigned long what, uint64_t id, void *value);

/* A request for these ids; each value is in its row of s->value, poisoned. `done` is 77. */
struct kvm_many_regs *request(struct setup *s, const uint64_t *ids, uint32_t n);

/* A request for the first n scratch registers, with values base, base + 1, ... */
struct kvm_many_regs *scratch_request(struct setup *s, uint32_t n, uint64_t base);

/* A scratch register, read by KVM_GET_ONE_REG; and how many, from the first on, have the values of scratch_request(). */
uint64_t scratch(const struct setup *s, unsigned i);
uint32_t scratches(const struct setup *s, uint64_t base);

#endif
