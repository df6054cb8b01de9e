/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUID says on the x86-64 board: what KVM has, with each vCPU a core of its own in one package. Leaves: SDM volume 2, CPUID, and AMD's
 * Architecture Programmer's Manual, volume 3, appendix E.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vm_x86_64.h"

#define CPUID_MAX 256 /* KVM_MAX_CPUID_ENTRIES, arch/x86/include/asm/kvm_host.h */

#define FEATURE_TSC_DEADLINE (1u << 24) /* leaf 1, ecx */
#define FEATURE_HYPERVISOR (1u << 31)
#define FEATURE_HTT (1u << 28)	     /* edx: there are several */
#define FEATURE_CMP_LEGACY (1u << 1) /* leaf 0x80000001, ecx: and they are cores */

#define LEAF_TOPOLOGY 0xb
#define LEAF_TOPOLOGY_2 0x1f
#define LEVEL_SMT 1
#define LEVEL_CORE 2

static bool is_topology(uint32_t function)
{
	return function == LEAF_TOPOLOGY || function == LEAF_TOPOLOGY_2;
}

/* How many bits the number of a vCPU takes. */
static unsigned id_bits(unsigned vcpus)
{
	unsigned bits = 0;

	while (1u << bits < vcpus)
		bits++;
	return bits;
}

static unsigned lower(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static struct kvm_cpuid_entry2 *find(struct kvm_cpuid2 *cpuid, uint32_t function)
{
	for (unsigned i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == function)
			return &cpuid->entries[i];
	return NULL;
}

/* --- the package */

static void add(struct kvm_cpuid2 *cpuid, uint32_t function, uint32_t index, uint32_t eax, uint32_t ebx, uint32_t type)
{
	if (cpuid->nent < CPUID_MAX)
		cpuid->entries[cpuid->nent++] = (struct kvm_cpuid_entry2){ .function = function,
			.index = index,
			.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
			.eax = eax,
			.ebx = ebx,
			.ecx = type << 8 | index };
}

/* The host's own are not the guest's. */
static void remove_topology(struct kvm_cpuid2 *cpuid, uint32_t function)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function != function)
			cpuid->entries[kept++] = cpuid->entries[i];
	cpuid->nent = kept;
}

static void set_levels(struct kvm_cpuid2 *cpuid, uint32_t function, unsigned vcpus)
{
	if (!find(cpuid, function))
		return;
	remove_topology(cpuid, function);
	add(cpuid, function, 0, 0, 1, LEVEL_SMT);
	add(cpuid, function, 1, id_bits(vcpus), vcpus, LEVEL_CORE);
	add(cpuid, function, 2, 0, 0, 0);
}

/* Intel's leaf 4 and AMD's 0x8000001d: a cache of the third level is everybody's, one below it each one's own. */
static void set_cache(struct kvm_cpuid_entry2 *e, unsigned vcpus)
{
	unsigned ids = 1u << id_bits(vcpus), level = e->eax >> 5 & 7;

	if (!(e->eax & 0x1f))
		return;
	e->eax = (e->eax & 0x3fff) | (level >= 3 ? lower(ids, 4096) - 1 : 0) << 14;
	if (e->function == 4)
		e->eax |= (lower(ids, 64) - 1) << 26;
}

static void set_several(struct kvm_cpuid_entry2 *e, unsigned vcpus)
{
	if (e->function == 1) {
		e->ebx = (e->ebx & 0xff00ffff) | lower(vcpus, 255) << 16;
		e->edx = vcpus > 1 ? e->edx | FEATURE_HTT : e->edx & ~FEATURE_HTT;
	}
	if (e->function == 4 || e->function == 0x8000001d)
		set_cache(e, vcpus);
}

static bool is_amd(struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *e = find(cpuid, 0);

	return e && (!memcmp(&e->ebx, "Auth", 4) || !memcmp(&e->ebx, "Hygo", 4));
}

static void set_amd(struct kvm_cpuid2 *cpuid, unsigned vcpus)
{
	struct kvm_cpuid_entry2 *features = find(cpuid, 0x80000001), *sizes = find(cpuid, 0x80000008);

	if (features)
		features->ecx = vcpus > 1 ? features->ecx | FEATURE_CMP_LEGACY : features->ecx & ~FEATURE_CMP_LEGACY;
	if (sizes)
		sizes->ecx = (sizes->ecx & ~0xf0ffu) | id_bits(vcpus) << 12 | (lower(vcpus, 256) - 1);
}

/* Without its deadline the local APIC's timer would have to be calibrated, against a timer that is not here. */
static void set_features(const struct vm *vm, struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *e = find(cpuid, 1);

	if (!e)
		return;
	e->ecx |= FEATURE_HYPERVISOR;
	if (vm->board->irqchip && ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
		e->ecx |= FEATURE_TSC_DEADLINE;
}

struct kvm_cpuid2 *x86_cpuid(const struct vm *vm, const struct refusal *why)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + CPUID_MAX * sizeof(cpuid->entries[0]));
	unsigned vcpus = vm->host.vcpus;

	if (!cpuid) {
		refuse(why, -ENOMEM, "out of memory");
		return NULL;
	}
	cpuid->nent = CPUID_MAX;
	if (ioctl(vm->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) < 0) {
		vm_refuse_errno(why, "cannot read what processor KVM offers");
		free(cpuid);
		return NULL;
	}
	set_features(vm, cpuid);
	for (unsigned i = 0; i < cpuid->nent; i++)
		set_several(&cpuid->entries[i], vcpus);
	set_levels(cpuid, LEAF_TOPOLOGY, vcpus);
	set_levels(cpuid, LEAF_TOPOLOGY_2, vcpus);
	if (is_amd(cpuid))
		set_amd(cpuid, vcpus);
	return cpuid;
}

/* --- what is each vCPU's own: the APIC's number */

static void set_id(struct kvm_cpuid_entry2 *e, unsigned id)
{
	if (e->function == 1)
		e->ebx = (e->ebx & 0x00ffffff) | id << 24;
	if (is_topology(e->function))
		e->edx = id;
	if (e->function == 0x8000001e) {
		e->eax = id;
		e->ebx = id & 0xff;
		e->ecx = 0;
	}
}

int x86_set_cpuid(const struct vm_vcpu *v, struct kvm_cpuid2 *cpuid, const struct refusal *why)
{
	for (unsigned i = 0; i < cpuid->nent; i++)
		set_id(&cpuid->entries[i], v->nr);
	return ioctl(v->fd, KVM_SET_CPUID2, cpuid) < 0 ? vm_refuse_errno(why, "cannot set a vCPU's CPUID") : 0;
}
