/* SPDX-License-Identifier: BSD-2-Clause */
/* What an x86-64 VM is made of when it is saved. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vm_x86_64.h"

#define MSRS_MAX 4096
#define XSAVE_MAX (1u << 20)
#define CPUID_MAX 256 /* KVM_MAX_CPUID_ENTRIES, arch/x86/include/asm/kvm_host.h */

struct msrs {
	struct kvm_msrs head;
	struct kvm_msr_entry entry[MSRS_MAX];
};

/* ---- MSRs: those that KVM lists and that can be read ---- */

static struct kvm_msr_list *list_msrs(const struct vm *vm, struct state *s)
{
	struct kvm_msr_list *list = calloc(1, sizeof(*list) + MSRS_MAX * sizeof(list->indices[0]));

	if (!list) {
		state_refuse(s, -ENOMEM, "out of memory");
		return NULL;
	}
	list->nmsrs = MSRS_MAX;
	if (ioctl(vm->kvm, KVM_GET_MSR_INDEX_LIST, list) >= 0)
		return list;
	state_refuse(s, -errno, "KVM does not list a vCPU's MSRs: %s", strerror(errno));
	free(list);
	return NULL;
}

static bool move_msr(int vcpu, unsigned long request, struct kvm_msr_entry *e)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} one = { .head.nmsrs = 1, .entry = *e };
	bool moved = ioctl(vcpu, request, &one) == 1;

	*e = one.entry;
	return moved;
}

static void read_msrs(const struct vm_vcpu *v, struct msrs *m, struct state *s)
{
	struct kvm_msr_list *list = list_msrs(v->vm, s);

	m->head.nmsrs = 0;
	for (unsigned i = 0; list && i < list->nmsrs; i++) {
		struct kvm_msr_entry e = { .index = list->indices[i] };

		if (move_msr(v->fd, KVM_GET_MSRS, &e))
			m->entry[m->head.nmsrs++] = e;
	}
	free(list);
}

static bool has_msr(const struct vm_vcpu *v, const struct kvm_msr_entry *wanted)
{
	struct kvm_msr_entry e = { .index = wanted->index };

	return move_msr(v->fd, KVM_GET_MSRS, &e) && e.data == wanted->data;
}

static void write_msrs(const struct vm_vcpu *v, struct msrs *m, struct state *s)
{
	for (unsigned i = 0; i < m->head.nmsrs; i++) {
		struct kvm_msr_entry e = m->entry[i];

		if (!move_msr(v->fd, KVM_SET_MSRS, &e) && !has_msr(v, &e))
			state_refuse(
				s, -EINVAL, "this KVM does not give MSR 0x%x the value that it had, 0x%llx", e.index, e.data);
	}
}

static void tell_msrs(struct vm_vcpu *v, struct state *s)
{
	struct msrs *m = calloc(1, sizeof(*m));
	size_t size;

	if (!m) {
		state_refuse(s, -ENOMEM, "out of memory");
		return;
	}
	if (!s->loads)
		read_msrs(v, m, s);
	size = m->head.nmsrs * sizeof(m->entry[0]);
	if (state_sized(s, "MSRs", m->entry, &size, sizeof(m->entry)) && s->loads) {
		m->head.nmsrs = (uint32_t)(size / sizeof(m->entry[0]));
		write_msrs(v, m, s);
	}
	free(m);
}

/* ---- the rest of a vCPU ---- */

static void tell_xsave(struct vm_vcpu *v, struct state *s)
{
	int size = ioctl(v->vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);
	size_t bytes = size > (int)sizeof(struct kvm_xsave) ? (size_t)size : sizeof(struct kvm_xsave);
	void *xsave = bytes <= XSAVE_MAX ? calloc(1, bytes) : NULL;

	if (!xsave)
		state_refuse(s, -ENOMEM, "out of memory");
	state_ioctl(s, "xsave", v->fd, size > 0 ? KVM_GET_XSAVE2 : KVM_GET_XSAVE, KVM_SET_XSAVE, xsave, bytes);
	free(xsave);
}

/* What processor it is: the image has had a part in that. */
static void tell_cpuid(struct vm_vcpu *v, struct state *s)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[CPUID_MAX];
	} cpuid = { .head.nent = CPUID_MAX };
	size_t size;

	if (!s->loads && ioctl(v->fd, KVM_GET_CPUID2, &cpuid) < 0)
		state_refuse(s, -errno, "KVM does not tell a vCPU's CPUID: %s", strerror(errno));
	size = cpuid.head.nent * sizeof(cpuid.entry[0]);
	if (!state_sized(s, "CPUID", cpuid.entry, &size, sizeof(cpuid.entry)) || !s->loads)
		return;
	cpuid.head.nent = (uint32_t)(size / sizeof(cpuid.entry[0]));
	if (ioctl(v->fd, KVM_SET_CPUID2, &cpuid) < 0)
		state_refuse(s, -errno, "KVM does not take a vCPU's CPUID: %s", strerror(errno));
}

/* KVM executes a hypervisor's guest in the guest: its state has a form of its own (KVM_GET_NESTED_STATE). */
static bool is_nested(const struct vm_vcpu *v)
{
	struct kvm_nested_state n = { .size = sizeof(n) };

	if (ioctl(v->vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_NESTED_STATE) <= 0)
		return false;
	return ioctl(v->fd, KVM_GET_NESTED_STATE, &n) < 0 ? errno == E2BIG : n.flags & KVM_STATE_NESTED_GUEST_MODE;
}

static void tell_vcpu(struct vm_vcpu *v, struct state *s)
{
	struct kvm_mp_state mp;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct kvm_lapic_state lapic;
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debug;
	struct kvm_vcpu_events events;

	/* What waits in the local APIC to be taken is taken by this: first, lest it changes what was read before. */
	if (v->vm->board->irqchip && !s->loads)
		ioctl(v->fd, KVM_GET_MP_STATE, &mp);
	if (is_nested(v))
		state_refuse(s, -EOPNOTSUPP, "a guest that runs a guest of its own just now cannot be saved");
	tell_cpuid(v, s);
	state_ioctl(s, "sregs", v->fd, KVM_GET_SREGS, KVM_SET_SREGS, &sregs, sizeof(sregs));
	if (v->vm->board->irqchip)
		state_ioctl(s, "lapic", v->fd, KVM_GET_LAPIC, KVM_SET_LAPIC, &lapic, sizeof(lapic));
	if (ioctl(v->vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XCRS) > 0)
		state_ioctl(s, "xcrs", v->fd, KVM_GET_XCRS, KVM_SET_XCRS, &xcrs, sizeof(xcrs));
	tell_xsave(v, s);
	tell_msrs(v, s);
	state_ioctl(s, "regs", v->fd, KVM_GET_REGS, KVM_SET_REGS, &regs, sizeof(regs));
	state_ioctl(s, "debugregs", v->fd, KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, &debug, sizeof(debug));
	state_ioctl(s, "vcpu_events", v->fd, KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, &events, sizeof(events));
	if (v->vm->board->irqchip)
		state_ioctl(s, "mp_state", v->fd, KVM_GET_MP_STATE, KVM_SET_MP_STATE, &mp, sizeof(mp));
}

/* ---- of the VM ---- */

static void tell_irqchips(struct vm *vm, struct state *s)
{
	for (unsigned i = 0; i < KVM_NR_IRQCHIPS && vm->board->irqchip; i++) {
		struct kvm_irqchip chip = { .chip_id = i };

		state_ioctl(s, "irqchip", vm->fd, KVM_GET_IRQCHIP, KVM_SET_IRQCHIP, &chip, sizeof(chip));
	}
}

/* KVM does not take back what it says of how good the clock is. */
static void tell_clock(struct vm *vm, struct state *s)
{
	struct kvm_clock_data clock = { 0 };

	if (!s->loads && ioctl(vm->fd, KVM_GET_CLOCK, &clock) < 0)
		state_refuse(s, -errno, "KVM does not tell its clock: %s", strerror(errno));
	state_value(s, "clock", &clock.clock, sizeof(clock.clock));
	clock.flags = 0;
	if (s->loads && !s->err && ioctl(vm->fd, KVM_SET_CLOCK, &clock) < 0)
		state_refuse(s, -errno, "KVM does not take its clock: %s", strerror(errno));
}

/* KVM's interrupt controller does not have the level of the line as the port left it: that is told again. */
static void tell_board(struct vm *vm, struct state *s)
{
	struct vm_board *b = vm->board;
	uint8_t pc = b->pc;

	state_value(s, "is a PC", &pc, sizeof(pc));
	state_value(s, "PM1", &b->pm1_enable, sizeof(b->pm1_enable));
	if (!state_value(s, "COM1", &b->com1, sizeof(b->com1)) || !s->loads)
		return;
	b->pc = pc;
	if (!uart_is_possible(&b->com1)) {
		state_refuse(s, -EINVAL, "its COM1 is in no state that there is");
		return;
	}
	x86_set_com1_line(vm);
}

bool vm_arch_state(struct vm *vm, struct state *s)
{
	uint8_t irqchip = vm->board->irqchip;

	if (state_value(s, "has irqchip", &irqchip, sizeof(irqchip)) && irqchip != vm->board->irqchip)
		return state_refuse(s, -EINVAL, "its interrupt controller is not as this KVM's");
	tell_irqchips(vm, s);
	tell_clock(vm, s);
	for (unsigned i = 0; i < vm->host.vcpus; i++)
		tell_vcpu(&vm->vcpu[i], s);
	tell_board(vm, s);
	return !s->err;
}
