/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: the way of many ids in one system call. */
#ifndef REG_MANY_REGS_H
#define REG_MANY_REGS_H

#include "way.h"

extern const struct way many_regs_way;

/* Finds where this vCPU answers KVM_GET_MANY_REGS: t->many. 0, or -errno when the vCPU cannot be reached. */
int many_regs_find(struct transport *t, unsigned vcpu);

#endif
