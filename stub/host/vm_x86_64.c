/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x86-64 board. How a vCPU starts on it is in vm_x86_64_start.c.
 *
 * Memory: RAM from 0, with a hole from 3 GiB to 4 GiB.
 *
 * Ports: see `ports`. COM1 at 0x3f8, with IRQ 4; a write to 0xf4 ends the machine with the value's low byte as its exit code; 0xcf9 and
 * the keyboard's 0xfe reset it. Where nobody is, a guest that was told of a PC (by ACPI) reads all ones, and another is stopped.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "acpi.h"
#include "sync_code.h"
#include "vm_x86_64.h"

/*
 * Where KVM may keep what it needs on processors that cannot run real mode: in the hole (Documentation/virt/kvm/api.rst,
 * 4.36).
 */
#define KVM_IDENTITY_MAP 0xfffbc000
#define KVM_TSS 0xfffbd000

#define COM1 0x3f8
#define COM1_IRQ 4
#define EXIT_PORT 0xf4
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET 0xfe /* pulses the processor's reset line */
#define RESET_NOW 0x04	    /* of RESET_PORT: Intel ICH9 data sheet, 13.7.5 */

unsigned long vm_arch_type(int kvm)
{
	(void)kvm;
	return 0;
}

bool vm_arch_ram(const struct vm *vm, unsigned n, uint64_t *gpa, uint64_t *size)
{
	uint64_t all = vm->config.memory + (vm->scratch ? EMPTY_START : 0);
	uint64_t low = all < HOLE_START ? all : HOLE_START;

	*gpa = n ? HOLE_END : 0;
	*size = n ? all - low : low;
	return n < 2 && *size;
}

uint64_t vm_arch_scratch_base(void)
{
	return EMPTY_START;
}

/* What is asked of KVM where a vCPU's APIC id does not fit into 8 bits (api.rst, 7.7). */
#define X2APIC_API (KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK)

unsigned vm_arch_vcpus_max(const struct vm *vm, const char **what)
{
	if ((ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_X2APIC_API) & X2APIC_API) == X2APIC_API) {
		*what = "no more first stacks fit into its low memory";
		return STACKS_MAX;
	}
	*what = "this KVM has APIC ids of 8 bits";
	return XAPIC_VCPUS;
}

static int use_x2apic(const struct vm *vm, const struct refusal *why)
{
	struct kvm_enable_cap x2apic = { .cap = KVM_CAP_X2APIC_API, .args = { X2APIC_API } };

	if (vm->host.vcpus <= XAPIC_VCPUS)
		return 0;
	if (!vm->board->irqchip)
		return refuse(why, -EINVAL, "%u vCPUs: at most %d without KVM's APICs", vm->host.vcpus, XAPIC_VCPUS);
	return ioctl(vm->fd, KVM_ENABLE_CAP, &x2apic) < 0 ? vm_refuse_errno(why, "KVM gives no APIC ids of 32 bits") : 0;
}

int vm_arch_open(struct vm *vm, const struct refusal *why)
{
	__u64 identity_map = KVM_IDENTITY_MAP;

	if (vm->ram.slot[0].size <= EMPTY_START)
		return refuse(
			why, -EINVAL, "0x%" PRIx64 " bytes of memory: must be more than 0x%x", vm->config.memory, EMPTY_START);
	vm->board = calloc(1, sizeof(*vm->board));
	if (!vm->board)
		return refuse(why, -ENOMEM, "out of memory");
	if (ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) < 0 || ioctl(vm->fd, KVM_SET_TSS_ADDR, KVM_TSS) < 0)
		return vm_refuse_errno(why, "KVM does not take the place of its own pages");
	/* Without it a vCPU that halts comes out of KVM_RUN; that will do where KVM has none. */
	vm->board->irqchip = !vm->scratch && ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0) == 0;
	return use_x2apic(vm, why);
}

void vm_arch_close(struct vm *vm)
{
	free(vm->board);
	vm->board = NULL;
}

/* --- exits */

/* complete_emulated_mmio() and its like write the registers back before the exit (arch/x86/kvm/x86.c). */
const bool vm_arch_posts_writes = true;

bool vm_arch_device(const struct vm *vm, unsigned n, struct host_area *area)
{
	static const struct host_area devices[] = {
		{ .start = IO_APIC, .size = 0x1000, .what = "I/O APIC, in KVM" },
		{ .start = LOCAL_APIC, .size = 0x1000, .what = "local APIC of each vCPU, in KVM" },
	};

	(void)vm;
	if (n < sizeof(devices) / sizeof(devices[0]))
		*area = devices[n];
	return n < sizeof(devices) / sizeof(devices[0]);
}

uint64_t vm_arch_pc(const struct vm_vcpu *v)
{
	struct kvm_regs r;

	return ioctl(v->fd, KVM_GET_REGS, &r) < 0 ? 0 : r.rip;
}

bool vm_arch_mmio(struct vm *vm, struct vm_access *a)
{
	(void)vm;
	(void)a;
	return false;
}

/* --- ports */

void x86_set_com1_line(struct vm *vm)
{
	bool level = uart_irq(&vm->board->com1);
	struct kvm_irq_level line = { .irq = COM1_IRQ, .level = level };

	if (level == vm->board->com1_line || !vm->board->irqchip)
		return;
	ioctl(vm->fd, KVM_IRQ_LINE, &line);
	vm->board->com1_line = level;
}

bool vm_arch_takes(const struct vm *vm)
{
	return uart_takes(&vm->board->com1);
}

void vm_arch_receive(struct vm *vm, uint8_t byte)
{
	uart_receive(&vm->board->com1, byte);
	x86_set_com1_line(vm);
}

static enum vm_served serve_com1(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit)
{
	struct uart *com1 = &v->vm->board->com1;
	unsigned offset = (unsigned)(a->addr - COM1);

	(void)exit;
	pthread_mutex_lock(&v->vm->devices);
	if (a->write)
		a->console = uart_write(com1, offset, a->data[0]);
	else
		vm_set_value(a, uart_read(com1, offset));
	x86_set_com1_line(v->vm);
	vm_feed(v->vm);
	pthread_mutex_unlock(&v->vm->devices);
	vm_console(v, a->console);
	return VM_SERVED;
}

static enum vm_served serve_exit(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit)
{
	(void)v;
	return a->write ? vm_ended(exit, (int)(vm_value(a) & 0xff)) : VM_NOT_MINE;
}

/* As where nobody drives the bus. */
static enum vm_served serve_nobody(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit)
{
	(void)v;
	(void)exit;
	if (!a->write)
		vm_set_value(a, ~(uint64_t)0);
	return VM_SERVED;
}

static enum vm_served serve_keyboard(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit)
{
	return a->write && a->data[0] == KEYBOARD_RESET ? vm_asks_reset(exit) : serve_nobody(v, a, exit);
}

static enum vm_served serve_reset(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit)
{
	return a->write && a->size == 1 && a->data[0] & RESET_NOW ? vm_asks_reset(exit) : serve_nobody(v, a, exit);
}

/* ACPI's fixed registers: no event ever happens, and the machine is always in ACPI mode. */
static enum vm_served serve_power(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit)
{
	struct vm_board *b = v->vm->board;
	uint64_t value = vm_value(a), all;
	enum vm_served served = VM_SERVED;

	if (!b->pc)
		return VM_NOT_MINE;
	pthread_mutex_lock(&v->vm->devices);
	all = (uint64_t)ACPI_PM1_SCI_ENABLE << 32 | (uint64_t)b->pm1_enable << 16;
	if (!a->write)
		vm_set_value(a, all >> 8 * (a->addr - PM1A_EVENT));
	else if (a->addr == PM1A_EVENT + 2)
		b->pm1_enable = (uint16_t)value;
	else if (a->addr == PM1A_CONTROL && value & ACPI_PM1_SLP_ENABLE && ACPI_PM1_SLP_TYP(value) == S5_TYPE)
		served = vm_ended(exit, 0);
	pthread_mutex_unlock(&v->vm->devices);
	return served;
}

/* Those of nobody are of a PC that programs use without asking whether they are there. */
static const struct {
	uint16_t first, last;
	enum vm_served (*serve)(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit);
} ports[] = {
	{ COM1, COM1 + UART_REGISTERS - 1, serve_com1 }, { EXIT_PORT, EXIT_PORT, serve_exit },
	{ KEYBOARD_COMMAND, KEYBOARD_COMMAND, serve_keyboard }, { RESET_PORT, RESET_PORT, serve_reset },
	{ NO_BIOS_PORT, NO_BIOS_PORT, x86_serve_no_bios }, { PM1A_EVENT, PM1A_CONTROL + 1, serve_power },
	{ 0x20, 0x21, serve_nobody },	/* interrupt controller */
	{ 0x40, 0x43, serve_nobody },	/* timer */
	{ 0x60, 0x61, serve_nobody },	/* keyboard, speaker */
	{ 0x70, 0x71, serve_nobody },	/* CMOS */
	{ 0x80, 0x80, serve_nobody },	/* written to for a short delay */
	{ 0x92, 0x92, serve_nobody },	/* fast A20 */
	{ 0xa0, 0xa1, serve_nobody },	/* second interrupt controller */
	{ 0x2f8, 0x2ff, serve_nobody }, /* COM2 */
	{ 0xcf8, 0xcff, serve_nobody }, /* PCI configuration: all ones is no device */
};

static enum vm_served serve_port(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit)
{
	enum vm_served served = VM_NOT_MINE;

	for (size_t i = 0; !v->vm->scratch && served == VM_NOT_MINE && i < sizeof(ports) / sizeof(ports[0]); i++)
		if (a->addr >= ports[i].first && a->addr <= ports[i].last)
			served = ports[i].serve(v, a, exit);
	if (served != VM_NOT_MINE)
		return served;
	if (v->vm->board->pc)
		return serve_nobody(v, a, exit);
	if (!a->write)
		vm_set_value(a, 0);
	return vm_nothing_there(v, a, "port ", exit);
}

/* One exit may carry many accesses of one string instruction to the same port. */
static enum vm_served serve_ports(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	enum vm_served served = VM_SERVED;
	struct kvm_run *run = v->run;
	uint64_t bytes = (uint64_t)run->io.count * run->io.size;

	v->pending = true;
	if (run->io.data_offset > v->run_size || bytes > v->run_size - run->io.data_offset)
		return VM_NOT_MINE;
	for (unsigned i = 0; i < run->io.count; i++) {
		struct vm_access a = {
			.addr = run->io.port,
			.data = (uint8_t *)run + run->io.data_offset + i * run->io.size,
			.size = run->io.size,
			.write = run->io.direction == KVM_EXIT_IO_OUT,
			.console = -1,
		};

		if (serve_port(v, &a, exit) == VM_REPORT)
			served = VM_REPORT;
	}
	return served;
}

enum vm_served vm_arch_exit(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	switch (v->run->exit_reason) {
	case KVM_EXIT_IO:
		return serve_ports(v, exit);
	case KVM_EXIT_HLT:
		return vm_stuck(exit, "halted with no interrupt to wake it (pc 0x%" PRIx64 ")", vm_arch_pc(v));
	case KVM_EXIT_SHUTDOWN:
		/* On AMD's processors KVM has reset the vCPU by now: its registers say nothing (svm.c, shutdown_interception). */
		vm_stuck(exit, "shut down by a triple fault: a fault while a fault was being delivered");
		exit->kind = EXIT_SHUT_DOWN;
		return VM_REPORT;
	default:
		return VM_NOT_MINE;
	}
}

void sync_code(uint8_t *hva, size_t len)
{
	/* The processor keeps its fetches coherent (SDM volume 3, 12.6). */
	(void)hva;
	(void)len;
}
