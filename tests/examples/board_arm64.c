/* SPDX-License-Identifier: BSD-2-Clause */
/* An arm64 board: vCPU 0 starts at the entry, the others are off until PSCI CPU_ON. A GICv3, in KVM; the data register of a PL011. */
#include <err.h>
#include <string.h>
#include <sys/ioctl.h>

#include "machine.h"

#define UART 0x09000000
#define REG_PC 0x6030000000100040

const uint64_t board_ram = 0x40000000;

static int gic;

unsigned long board_type(int kvm)
{
	int bits = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);

	return bits > 0 && bits < 40 ? (unsigned long)bits : 0;
}

void board_create(struct machine *m)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };

	if (ioctl(m->vm, KVM_CREATE_DEVICE, &device) < 0)
		err(1, "GICv3");
	gic = (int)device.fd;
}

static void init_vcpu(struct vcpu *v)
{
	struct kvm_vcpu_init init;

	if (ioctl(v->machine->vm, KVM_ARM_PREFERRED_TARGET, &init) < 0)
		err(1, "vCPU %u: its kind", v->nr);
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2 | (v->nr ? 1u << KVM_ARM_VCPU_POWER_OFF : 0);
	if (ioctl(v->fd, KVM_ARM_VCPU_INIT, &init) < 0)
		err(1, "vCPU %u", v->nr);
}

static void set_gic(uint32_t group, uint64_t attr, const void *value)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)value };

	if (ioctl(gic, KVM_SET_DEVICE_ATTR, &a) < 0)
		err(1, "GICv3");
}

void board_finish(struct machine *m)
{
	static const uint64_t distributor = 0x08000000, redistributors = 0x080a0000;

	for (unsigned i = 0; i < m->n; i++)
		init_vcpu(&m->vcpus[i]);
	set_gic(KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &distributor);
	set_gic(KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &redistributors);
	set_gic(KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	close(gic);
}

void board_start(struct vcpu *v, uint64_t entry)
{
	struct kvm_one_reg pc = { .id = REG_PC, .addr = (uintptr_t)&entry };

	init_vcpu(v);
	if (!v->nr && ioctl(v->fd, KVM_SET_ONE_REG, &pc) < 0)
		err(1, "vCPU %u: pc", v->nr);
}

enum served board_serve(struct vcpu *v, int *code)
{
	struct kvm_run *run = v->run;

	(void)code;
	if (run->exit_reason != KVM_EXIT_MMIO || run->mmio.phys_addr / 0x1000 != UART / 0x1000)
		return SERVED;
	if (run->mmio.is_write && run->mmio.phys_addr == UART)
		board_print(run->mmio.data, 1);
	else if (!run->mmio.is_write)
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
	return SERVED;
}
