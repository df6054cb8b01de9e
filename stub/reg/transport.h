/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How values travel between a vCPU and us: the many-registers operation. Each value goes by the first of these ways that takes
 * the value's key (transport.c has the table):
 *
 *   blocks.c      a struct ioctl for all registers that are in it; none where KVM has left a copy in kvm_run
 *   device.c      attributes of the interrupt controller in KVM
 *   msrs.c        x86's MSRs: KVM_GET_MSRS, many in a call
 *   many_regs.c   ids: KVM_GET_MANY_REGS, where the kernel or our module has it
 *   one_reg.c     ids: KVM_GET_ONE_REG each
 *
 * Nobody can tell by the values or the errors which way they came.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"

extern const char *const batch_names[BATCHES];

/* The counters as they are now. Any thread. */
struct reg_counters transport_counted(const struct transport *t);

/*
 * Nothing is asked of any vCPU, and of the host only what KVM can do. Until transport_open() values go by what every KVM has.
 * The host is the caller's and outlives the transport.
 */
void transport_init(struct transport *t, struct host *host, const struct arch *arch, enum batch batch);

/*
 * Chooses the ways, for all vCPUs, by what this one answers: a vCPU that has run, where a VMM may not have set up the others
 * yet. From then on KVM leaves in kvm_run the copies that it can. 0; or -errno, and values go by what every KVM has:
 * -EOPNOTSUPP when BATCH_MANY was asked for and this host has no KVM_GET_MANY_REGS, or what host_ops.calls() says of a vCPU
 * that cannot be reached. The counters begin anew.
 */
int transport_open(struct transport *t, unsigned vcpu);

/* As before transport_open(), which may come again. */
void transport_close(struct transport *t);

/* Every item is tried and has its own err. 0, or -errno when the vCPU cannot be reached at all. */
int transport_get(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n);

/* In order; stops at the first refusal: the items behind it have err -ECANCELED. 0, or the refused item's errno. */
int transport_set(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n);

/* Does this value cost no system call more when others of its kind are asked for in the same batch? */
bool transport_batches(const struct transport *t, uint64_t key);

/* For people: by which call this value is had. The same text, at the same address, for all that go the same way. */
const char *transport_way(const struct transport *t, uint64_t key);

/* KVM_GET_MP_STATE: one of KVM_MP_STATE_*; -errno where the architecture has none. */
int transport_mp_state(struct transport *t, unsigned vcpu, uint32_t *state);

/* Can the state be had? */
bool transport_has_mp_state(const struct transport *t);

/* Does a vCPU in this state execute nothing, whatever interrupts come, until another vCPU, or the VMM, brings it up? */
bool mp_state_is_off(uint32_t state);

/* A vCPU that waits for an interrupt (x86's HLT) is to run from where its pc is. 0, or -errno. */
int transport_wake(struct transport *t, unsigned vcpu);

#endif
