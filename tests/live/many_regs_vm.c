// SPDX-License-Identifier: BSD-2-Clause
/* What differs between architectures in many_regs.c: how a vCPU is made, where it loops, and how its registers are found. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "many_regs/kvm_many_regs.h"
#include "many_regs_vm.h"

#define MEMORY_SIZE 0x100000 /* of whole pages, also of 64 KiB */
#define ENTRY 0x10000	     /* the loop's offset in it */

#define REG_LIST_MAX 2048

/* From KVM_GET_REG_LIST. */
__attribute__((unused)) static uint32_t listed(const struct test_vm *vm, uint64_t *ids)
{
	struct kvm_reg_list *list = calloc(1, sizeof(*list) + REG_LIST_MAX * sizeof(list->reg[0]));
	uint32_t n = 0;

	list->n = REG_LIST_MAX;
	if (!ioctl(vm->vcpu, KVM_GET_REG_LIST, list))
		n = list->n < KVM_MANY_REGS_MAX ? list->n : KVM_MANY_REGS_MAX;
	memcpy(ids, list->reg, n * sizeof(ids[0]));
	free(list);
	return n;
}

__attribute__((unused)) static int set_u64(const struct test_vm *vm, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(vm->vcpu, KVM_SET_ONE_REG, &reg);
}

#ifdef __aarch64__

#define MEMORY 0x40000000
#define CORE 0x6030000000100000 /* x0, x1, ...: arch/arm64/include/uapi/asm/kvm.h */
#define PC 0x6030000000100040

static const uint32_t loop = 0x14000000; /* b . */

/* With vectors, where there are: their registers are the long ones. */
static int start(const struct test_vm *vm)
{
	int sve = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_SVE) > 0, feature = KVM_ARM_VCPU_SVE;
	struct kvm_vcpu_init init;

	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init))
		return -1;
	init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2 | (unsigned)sve << KVM_ARM_VCPU_SVE;
	if (ioctl(vm->vcpu, KVM_ARM_VCPU_INIT, &init) || (sve && ioctl(vm->vcpu, KVM_ARM_VCPU_FINALIZE, &feature)))
		return -1;
	return set_u64(vm, PC, MEMORY + ENTRY);
}

uint64_t scratch_id(unsigned i)
{
	return CORE + 2 * i;
}

uint32_t vm_ids(const struct test_vm *vm, uint64_t *ids)
{
	return listed(vm, ids);
}

#elif defined(__riscv)

#define MEMORY 0x80000000
#define CORE 0x8030000002000000 /* pc, x1, x2, ...: arch/riscv/include/uapi/asm/kvm.h */

static const uint32_t loop = 0x0000006f; /* j . */

static int start(const struct test_vm *vm)
{
	return set_u64(vm, CORE, MEMORY + ENTRY);
}

uint64_t scratch_id(unsigned i)
{
	return CORE + 1 + i;
}

uint32_t vm_ids(const struct test_vm *vm, uint64_t *ids)
{
	return listed(vm, ids);
}

#elif defined(__powerpc64__)

#define MEMORY 0
#define FPR0 0x1030000000000020	     /* arch/powerpc/include/uapi/asm/kvm.h */
#define MSR_START 0x8000000000001001 /* SF, ME, LE: Power ISA 3.1B, Book III, Machine State Register */

static const uint32_t loop = 0x48000000; /* b . */

static int start(const struct test_vm *vm)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR }; /* kvm-hv runs no other (kvmppc_sanity_check) */
	struct kvm_regs regs = { .pc = ENTRY, .msr = MSR_START };

	return ioctl(vm->vcpu, KVM_ENABLE_CAP, &papr) || ioctl(vm->vcpu, KVM_SET_REGS, &regs);
}

uint64_t scratch_id(unsigned i)
{
	return FPR0 + i;
}

/* KVM has no list here: the first ids of 32, 64 and 128 bits. */
uint32_t vm_ids(const struct test_vm *vm, uint64_t *ids)
{
	uint32_t n = 0;

	(void)vm;
	for (uint64_t size = 2; size <= 4; size++)
		for (uint64_t i = 0; i < 0x100; i++)
			ids[n++] = KVM_REG_PPC | size << KVM_REG_SIZE_SHIFT | i;
	return n;
}

#elif defined(__x86_64__)

#define MEMORY 0
#define MSR_ID 0x2030000200000000 /* KVM_X86_REG_MSR(0) of Linux 7's arch/x86/include/uapi/asm/kvm.h */
#define MSRS_MAX 256

static const uint16_t loop = 0xfeeb; /* jmp . */

static int set_cpuid(const struct test_vm *vm)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + MSRS_MAX * sizeof(cpuid->entries[0]));
	int ret;

	cpuid->nent = MSRS_MAX;
	ret = ioctl(vm->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) || ioctl(vm->vcpu, KVM_SET_CPUID2, cpuid);
	free(cpuid);
	return ret;
}

/* Real mode, as after a reset, but in the lowest segment. */
static int start(const struct test_vm *vm)
{
	struct kvm_regs regs = { .rip = ENTRY >> 4, .rflags = 2 };
	struct kvm_sregs sregs;

	if (set_cpuid(vm) || ioctl(vm->vcpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = ENTRY - (ENTRY >> 4);
	sregs.cs.selector = (uint16_t)(sregs.cs.base >> 4);
	return ioctl(vm->vcpu, KVM_SET_SREGS, &sregs) || ioctl(vm->vcpu, KVM_SET_REGS, &regs);
}

/* Linux's arch/x86/include/asm/msr-index.h: LSTAR, CSTAR, FS_BASE, GS_BASE, KERNEL_GS_BASE, SYSENTER_ESP, SYSENTER_EIP */
uint64_t scratch_id(unsigned i)
{
	static const uint32_t msrs[SCRATCH_IDS] = { 0xc0000082, 0xc0000083, 0xc0000100, 0xc0000101, 0xc0000102, 0x175, 0x176 };

	return MSR_ID | msrs[i];
}

/* The MSRs that KVM lists elsewhere: KVM_GET_REG_LIST leaves them out. */
uint32_t vm_ids(const struct test_vm *vm, uint64_t *ids)
{
	struct kvm_msr_list *list = calloc(1, sizeof(*list) + MSRS_MAX * sizeof(list->indices[0]));
	uint32_t n = 0;

	list->nmsrs = MSRS_MAX;
	if (!ioctl(vm->kvm, KVM_GET_MSR_INDEX_LIST, list))
		for (; n < list->nmsrs; n++)
			ids[n] = MSR_ID | list->indices[n];
	free(list);
	return n;
}

#endif

static int give_memory(const struct test_vm *vm)
{
	char *memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region slot = {
		.guest_phys_addr = MEMORY, .memory_size = MEMORY_SIZE, .userspace_addr = (uintptr_t)memory
	};

	if (memory == MAP_FAILED)
		return -1;
	memcpy(memory + ENTRY, &loop, sizeof(loop));
	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot);
}

int vm_open(struct test_vm *vm)
{
	*vm = (struct test_vm){ .kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), .fd = -1, .vcpu = -1 };
	if (vm->kvm < 0)
		return -errno;
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0 || give_memory(vm))
		return -errno;
	vm->vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
	return vm->vcpu < 0 || start(vm) ? -errno : 0;
}

void vm_close(struct test_vm *vm)
{
	close(vm->vcpu);
	close(vm->fd);
	close(vm->kvm);
}
