/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs that come and go while the others run. */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "victim.h"

#define CPUID_ENTRIES 256

/* As the first one. */
static void set_kind(struct machine *m, struct vcpu *vcpu)
{
#ifdef __x86_64__
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));

	cpuid->nent = CPUID_ENTRIES;
	if (ioctl(m->vcpus[0].fd, KVM_GET_CPUID2, cpuid) < 0 || ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid) < 0)
		err(1, "vCPU %u: CPUID", vcpu->nr);
	free(cpuid);
#elif defined(__powerpc64__)
	struct machine alone = { .kvm = m->kvm, .vm = m->vm, .n = 1, .vcpus = { *vcpu } };

	board_finish(&alone);
#else
	(void)m;
	(void)vcpu;
#endif
}

/* Where the guest starts its others by a call to KVM, nobody does so with this one. */
static void start(struct vcpu *vcpu, uint64_t at)
{
#ifdef __riscv
	uint64_t nr = vcpu->nr, id = KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CORE;
	struct kvm_one_reg pc = { .id = id | KVM_REG_RISCV_CORE_REG(regs.pc), .addr = (uintptr_t)&at };
	struct kvm_one_reg a0 = { .id = id | KVM_REG_RISCV_CORE_REG(regs.a0), .addr = (uintptr_t)&nr };
	struct kvm_mp_state runs = { .mp_state = KVM_MP_STATE_RUNNABLE };

	if (ioctl(vcpu->fd, KVM_SET_ONE_REG, &pc) < 0 || ioctl(vcpu->fd, KVM_SET_ONE_REG, &a0) < 0 ||
		ioctl(vcpu->fd, KVM_SET_MP_STATE, &runs) < 0)
		err(1, "vCPU %u", vcpu->nr);
#else
	board_start(vcpu, at);
#endif
}

int plug_vcpu(struct victim *v, uint64_t at)
{
	struct machine *m = &v->machine;
	struct vcpu *vcpu = &m->vcpus[m->n];
	size_t size = (size_t)ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	int fd = m->n < MACHINE_VCPUS ? ioctl(m->vm, KVM_CREATE_VCPU, (unsigned long)m->n) : -1;

	if (fd < 0)
		return m->n < MACHINE_VCPUS ? -errno : -E2BIG;
	*vcpu = (struct vcpu){ .machine = m, .nr = m->n, .fd = fd };
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (vcpu->run == MAP_FAILED)
		err(1, "vCPU %u", vcpu->nr);
	set_kind(m, vcpu);
	start(vcpu, at ? at : image_entry(v));
	victim_seat(v, vcpu->nr);
	m->n++;
	return 0;
}

void unplug_vcpu(struct victim *v, unsigned nr)
{
	struct seat *s = &v->seats[nr];

	s->ends = true;
	while (s->tid) {
		kick(s);
		usleep(10000);
	}
	pthread_join(s->thread, NULL);
}
