/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an arm64 VM is made of when it is saved. The interrupt controller by its registers, in the order that
 * Documentation/virt/kvm/devices/arm-vgic-v3.rst asks for: how a line triggers, and its level, before what is pending by it.
 */
#include <errno.h>

#include "vm_arm64.h"

#define PRIVATE_INTERRUPTS 32 /* SGIs and PPIs, which each vCPU has for itself */

/* Arm IHI 0069: offsets in the distributor, and in a redistributor's frame of SGIs and PPIs. */
#define GICR_SGI_FRAME 0x10000
#define GIC_IGROUPR 0x80
#define GIC_ISENABLER 0x100
#define GIC_ISPENDR 0x200
#define GIC_ISACTIVER 0x300
#define GIC_IPRIORITYR 0x400
#define GIC_ICFGR 0xc00
#define GICD_IROUTER 0x6000

/* A register that has so many bits for each interrupt. */
struct gic_bits {
	const char *name;
	uint32_t offset;
	unsigned bits;
};

/* What comes before the levels, and what comes after them. */
static const struct gic_bits before[] = {
	{ "IGROUPR", GIC_IGROUPR, 1 },
	{ "ICFGR", GIC_ICFGR, 2 },
	{ "IPRIORITYR", GIC_IPRIORITYR, 8 },
	{ "ISENABLER", GIC_ISENABLER, 1 },
};

static const struct gic_bits after[] = {
	{ "ISPENDR", GIC_ISPENDR, 1 },
	{ "ISACTIVER", GIC_ISACTIVER, 1 },
};

/* Registers of a redistributor, and of the CPU interface (by op0, op1, CRn, CRm, op2, as MRS has them). */
static const uint32_t redistributor[] = { 0x0000 /* CTLR */, 0x0014 /* WAKER */, 0x0070, 0x0074 /* PROPBASER */, 0x0078,
	0x007c /* PENDBASER */ };

#define ICC(op1, crn, crm, op2) (3 << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

static const uint32_t interface[] = {
	ICC(0, 12, 12, 5), /* ICC_SRE_EL1 */
	ICC(0, 12, 12, 4), /* ICC_CTLR_EL1 */
	ICC(0, 12, 12, 6), /* ICC_IGRPEN0_EL1 */
	ICC(0, 12, 12, 7), /* ICC_IGRPEN1_EL1 */
	ICC(0, 4, 6, 0),   /* ICC_PMR_EL1 */
	ICC(0, 12, 8, 3),  /* ICC_BPR0_EL1 */
	ICC(0, 12, 12, 3), /* ICC_BPR1_EL1 */
	ICC(0, 12, 8, 4),  /* ICC_AP0R0_EL1 */
	ICC(0, 12, 9, 0),  /* ICC_AP1R0_EL1 */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The attributes of a vCPU's part name it as irqchip_attr does. */
static void tell_bits(
	struct vm *vm, struct state *s, uint32_t group, uint64_t attr, const struct gic_bits *b, unsigned first, unsigned end)
{
	for (unsigned i = first * b->bits / 8; i < end * b->bits / 8; i += 4)
		state_attr(s, b->name, vm->irqchip, group, attr | (b->offset + i), 4);
}

static void tell_interrupts(struct vm *vm, struct state *s, uint32_t group, uint64_t attr, unsigned first, unsigned end)
{
	uint64_t level = (attr & ~UINT64_C(0xffffffff)) |
			 (uint64_t)VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT | first;

	for (unsigned i = 0; i < COUNT(before); i++)
		tell_bits(vm, s, group, attr, &before[i], first, end);
	state_attr(s, "line levels", vm->irqchip, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, level, 4);
	for (unsigned i = 0; i < COUNT(after); i++)
		tell_bits(vm, s, group, attr, &after[i], first, end);
}

static void tell_distributor(struct vm *vm, struct state *s)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_DIST_REGS;

	state_attr(s, "GICD_CTLR", vm->irqchip, group, 0, 4);
	for (unsigned i = PRIVATE_INTERRUPTS * 8; i < INTERRUPTS * 8; i += 4)
		state_attr(s, "GICD_IROUTER", vm->irqchip, group, GICD_IROUTER + i, 4);
	tell_interrupts(vm, s, group, 0, PRIVATE_INTERRUPTS, INTERRUPTS);
}

static void tell_redistributor(const struct vm_vcpu *v, struct state *s)
{
	struct vm *vm = v->vm;

	for (unsigned i = 0; i < COUNT(redistributor); i++)
		state_attr(s, "GICR", vm->irqchip, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, v->irqchip_attr | redistributor[i], 4);
	tell_interrupts(vm, s, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, v->irqchip_attr | GICR_SGI_FRAME, 0, PRIVATE_INTERRUPTS);
}

static void tell_interface(const struct vm_vcpu *v, struct state *s)
{
	for (unsigned i = 0; i < COUNT(interface); i++)
		state_attr(s, "ICC", v->vm->irqchip, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, v->irqchip_attr | interface[i], 8);
}

static void tell_gic(struct vm *vm, struct state *s)
{
	tell_distributor(vm, s);
	for (unsigned i = 0; i < vm->host.vcpus; i++)
		tell_redistributor(&vm->vcpu[i], s);
	for (unsigned i = 0; i < vm->host.vcpus; i++)
		tell_interface(&vm->vcpu[i], s);
}

static void tell_vcpu(struct vm_vcpu *v, struct state *s)
{
	struct kvm_mp_state mp;
	struct kvm_vcpu_events events;

	state_registers(s, "registers", v->fd);
	state_ioctl(s, "mp_state", v->fd, KVM_GET_MP_STATE, KVM_SET_MP_STATE, &mp, sizeof(mp));
	if (ioctl(v->vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_VCPU_EVENTS) > 0)
		state_ioctl(s, "vcpu_events", v->fd, KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, &events, sizeof(events));
}

bool vm_arch_state(struct vm *vm, struct state *s)
{
	for (unsigned i = 0; i < vm->host.vcpus; i++)
		tell_vcpu(&vm->vcpu[i], s);
	tell_gic(vm, s);
	if (!state_value(s, "PL011", &vm->board->uart, sizeof(vm->board->uart)))
		return false;
	if (!pl011_is_possible(&vm->board->uart))
		return state_refuse(s, -EINVAL, "its PL011 is in no state that there is");
	/* The interrupt controller has been given the line's level with its own. */
	vm->board->uart_line = pl011_interrupts(&vm->board->uart);
	return true;
}
