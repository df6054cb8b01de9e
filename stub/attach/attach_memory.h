/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of a guest whose VMM is another process. Where it is there is looked for when it is asked for first: whoever wants registers
 * alone needs no right to know it.
 */
#ifndef ATTACH_MEMORY_H
#define ATTACH_MEMORY_H

#include "attach_vcpu.h"

void attach_memory_init(struct attach *a);

/* The user says where it is: GPA:SIZE:HVA each, NULL behind the last one. 0, or -errno and a sentence. */
int attach_memory_told(struct attach *a, const char *const *ram, const struct refusal *why);

/* What the VMM, which was started here, was seen to do with it; held: the vCPUs that have not run yet. 0, or -errno and a sentence. */
int attach_memory_seen(struct attach *a, const struct seen_vms *seen, const struct held *held, const struct refusal *why);

/*
 * By a vCPU's tracer: its thread is at the entry of this system call, or behind it; and it is within one that is waited for. All do nothing
 * where the VMM was not started here.
 */
void attach_memory_at_entry(struct attach_vcpu *v, const struct tracee_call *call);
void attach_memory_at_exit(struct attach_vcpu *v, int64_t result);
static inline bool attach_memory_awaits(const struct attach_vcpu *v)
{
	return v->seen.kind == SEEN_SLOT;
}

void attach_memory_close(struct attach *a);

/* Of host_ops. */
ssize_t attach_read_mem(struct host *h, uint64_t gpa, void *buf, size_t len);
ssize_t attach_write_mem(struct host *h, uint64_t gpa, const void *buf, size_t len);
bool attach_area(struct host *h, unsigned n, struct host_area *area);
const char *attach_no_mem(struct host *h);
void attach_sync_code(struct host *h, uint64_t gpa, size_t len);
int attach_refresh(struct host *h, char *error, size_t size);
void attach_opcode(struct host *h, uint64_t gpa, const uint8_t *old, const uint8_t *trap, unsigned size);

#endif
