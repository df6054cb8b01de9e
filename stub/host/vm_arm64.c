/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arm64 board, with the memory map of QEMU's virt machine, and how a vCPU starts on it.
 *
 * Memory: RAM from 0x40000000. GICv3 (in KVM): distributor 0x08000000, redistributors 0x080a0000. PL011 0x09000000, SPI 1,
 * output only. PSCI by hvc, and the timers, are in KVM; so are SVE, pointer authentication and the PMU (PPI 7) where it has them.
 *
 * Start: vCPU 0 at EL1h, MMU and caches off, exceptions masked; the others are off until PSCI CPU_ON. A Linux Image lies 2 MiB
 * above the start of RAM and finds the device tree's address in x0. So does an ELF image, at its entry, unless it needs the
 * first 64 KiB of RAM itself: then there is no device tree, and x0 is 0. Without an image RAM is empty and pc is its start.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fdt.h"
#include "linux_image.h"
#include "pl011.h"
#include "vm_arch.h"

#define RAM_START 0x40000000
#define TREE RAM_START
#define TREE_ROOM 0x10000
#define KERNEL_BASE (RAM_START + 0x200000)

#define GIC_DISTRIBUTOR 0x08000000
#define GIC_DISTRIBUTOR_SIZE 0x10000
#define GIC_REDISTRIBUTORS 0x080a0000
#define GIC_REDISTRIBUTOR_SIZE 0x20000 /* one vCPU's */
#define UART 0x09000000
#define VCPUS_MAX ((UART - GIC_REDISTRIBUTORS) / GIC_REDISTRIBUTOR_SIZE)

#define FIRST_PPI 16
#define PMU_PPI 7
#define FIRST_SPI 32
#define UART_SPI 1
#define INTERRUPTS 64

/* Documentation/virt/kvm/api.rst, 4.68: the core registers by their place in struct kvm_regs, system registers by encoding. */
#define REG_X(n) (0x6030000000100000 + 2 * (n))
#define REG_PC 0x6030000000100040
#define REG_MPIDR_EL1 0x603000000013c005

#define MPIDR_AFFINITY 0xff00ffffff

struct vm_board {
	struct pl011 uart;
	bool uart_line;
	uint32_t features; /* KVM_ARM_VCPU_*, of every vCPU */
};

/* What the image asks of the start. */
struct start {
	uint64_t entry;
	bool has_tree;
	uint64_t initrd, initrd_end;
};

unsigned long vm_arch_type(int kvm)
{
	/* 40 bits of physical address are the default, and refused where the processor has fewer (api.rst, 4.2). */
	int bits = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);

	return bits > 0 && bits < 40 ? KVM_VM_TYPE_ARM_IPA_SIZE((unsigned long)bits) : 0;
}

void vm_arch_ram(const struct vm *vm, struct ram *ram)
{
	*ram = (struct ram){ .n = 1, .piece = { { .gpa = RAM_START, .size = vm->config.memory } } };
}

uint64_t vm_arch_scratch_base(void)
{
	return RAM_START;
}

/* --- registers */

static int set_reg(const struct vm_vcpu *v, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(v->fd, KVM_SET_ONE_REG, &reg) < 0 ? -errno : 0;
}

static uint64_t get_reg(const struct vm_vcpu *v, uint64_t id)
{
	uint64_t value = 0;
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(v->fd, KVM_GET_ONE_REG, &reg) < 0 ? 0 : value;
}

const bool vm_arch_posts_writes = false;

const struct host_area vm_arch_devices[] = {
	{ .start = GIC_DISTRIBUTOR, .size = GIC_DISTRIBUTOR_SIZE, .what = "GICv3 distributor, in KVM" },
	{ .start = GIC_REDISTRIBUTORS, .size = UART - GIC_REDISTRIBUTORS, .what = "GICv3 redistributors, in KVM" },
	{ .start = UART, .size = PL011_SIZE, .what = "PL011, the console" },
	{ .size = 0 },
};

uint64_t vm_arch_pc(const struct vm_vcpu *v)
{
	return get_reg(v, REG_PC);
}

/* --- the interrupt controller */

static int set_gic(const struct vm *vm, uint32_t group, uint64_t attr, const void *value, const struct refusal *why)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)value };

	return ioctl(vm->irqchip, KVM_SET_DEVICE_ATTR, &a) < 0 ? vm_refuse_errno(why, "cannot set up the GICv3") : 0;
}

static int create_gic(struct vm *vm, const struct refusal *why)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };

	if (vm->host.vcpus > VCPUS_MAX)
		return refuse(why, -EINVAL, "%u vCPUs: at most %d", vm->host.vcpus, VCPUS_MAX);
	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device) < 0)
		return vm_refuse_errno(why, "this machine's KVM cannot give a VM a GICv3");
	vm->irqchip = (int)device.fd;
	return 0;
}

/* The attributes of a vCPU's CPU interface name it in their upper half: Aff3, Aff2, Aff1, Aff0. */
static void name_interface(struct vm_vcpu *v)
{
	uint64_t mpidr = get_reg(v, REG_MPIDR_EL1);
	v->irqchip_attr = ((mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff)) << 32;
}

/* After the vCPUs are there: Documentation/virt/kvm/devices/arm-vgic-v3.rst */
static int start_gic(struct vm *vm, const struct refusal *why)
{
	static const uint64_t distributor = GIC_DISTRIBUTOR, redistributors = GIC_REDISTRIBUTORS;
	static const uint32_t interrupts = INTERRUPTS;
	int err;

	if (vm->irqchip < 0)
		return 0;
	for (unsigned i = 0; i < vm->host.vcpus; i++)
		name_interface(&vm->vcpu[i]);
	err = set_gic(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &distributor, why);
	if (!err)
		err = set_gic(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &redistributors, why);
	if (!err)
		err = set_gic(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &interrupts, why);
	return err ? err : set_gic(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL, why);
}

int vm_arch_open(struct vm *vm, const struct refusal *why)
{
	vm->board = calloc(1, sizeof(*vm->board));
	if (!vm->board)
		return refuse(why, -ENOMEM, "out of memory");
	return vm->scratch ? 0 : create_gic(vm, why);
}

void vm_arch_close(struct vm *vm)
{
	free(vm->board);
	vm->board = NULL;
}

/* --- the device tree: Documentation/devicetree/bindings */

enum {
	PHANDLE_GIC = 1,
	PHANDLE_CLOCK
};

#define CLOCK_HZ 24000000
#define IRQ_SPI 0
#define IRQ_PPI 1
#define IRQ_LEVEL_HIGH 4

static void describe_chosen(struct fdt *f, const struct vm *vm, const struct start *start)
{
	fdt_begin(f, "chosen");
	fdt_string(f, "stdout-path", "/pl011@9000000");
	if (vm->config.append)
		fdt_string(f, "bootargs", vm->config.append);
	if (vm->seed)
		FDT_CELLS(f, "kaslr-seed", FDT_CELLS_OF(vm->seed));
	if (start->initrd_end) {
		FDT_CELLS(f, "linux,initrd-start", FDT_CELLS_OF(start->initrd));
		FDT_CELLS(f, "linux,initrd-end", FDT_CELLS_OF(start->initrd_end));
	}
	fdt_end(f);
}

static void describe_memory(struct fdt *f, const struct vm *vm)
{
	fdt_begin_at(f, "memory", RAM_START);
	fdt_string(f, "device_type", "memory");
	FDT_CELLS(f, "reg", FDT_CELLS_OF(RAM_START), FDT_CELLS_OF(vm->config.memory));
	fdt_end(f);
}

static void describe_cpus(struct fdt *f, const struct vm *vm)
{
	fdt_begin(f, "cpus");
	FDT_CELLS(f, "#address-cells", 2);
	FDT_CELLS(f, "#size-cells", 0);
	for (unsigned i = 0; i < vm->host.vcpus; i++) {
		uint64_t affinity = get_reg(&vm->vcpu[i], REG_MPIDR_EL1) & MPIDR_AFFINITY;

		fdt_begin_at(f, "cpu", affinity);
		fdt_string(f, "device_type", "cpu");
		fdt_string(f, "compatible", "arm,armv8");
		FDT_CELLS(f, "reg", FDT_CELLS_OF(affinity));
		fdt_string(f, "enable-method", "psci");
		fdt_end(f);
	}
	fdt_end(f);
	fdt_begin(f, "psci");
	fdt_bytes(f, "compatible", "arm,psci-1.0\0arm,psci-0.2", sizeof("arm,psci-1.0\0arm,psci-0.2"));
	fdt_string(f, "method", "hvc");
	fdt_end(f);
}

static void describe_gic(struct fdt *f, const struct vm *vm)
{
	uint64_t size = (uint64_t)vm->host.vcpus * GIC_REDISTRIBUTOR_SIZE;

	fdt_begin_at(f, "interrupt-controller", GIC_DISTRIBUTOR);
	fdt_string(f, "compatible", "arm,gic-v3");
	fdt_bytes(f, "interrupt-controller", NULL, 0);
	FDT_CELLS(f, "#interrupt-cells", 3);
	FDT_CELLS(f, "#address-cells", 0);
	FDT_CELLS(f, "reg", FDT_CELLS_OF(GIC_DISTRIBUTOR), FDT_CELLS_OF(GIC_DISTRIBUTOR_SIZE), FDT_CELLS_OF(GIC_REDISTRIBUTORS),
		FDT_CELLS_OF(size));
	FDT_CELLS(f, "phandle", PHANDLE_GIC);
	fdt_end(f);
}

/* The interrupts are those that KVM gives its timers, in the order secure, non-secure, virtual, hypervisor. */
static void describe_timer(struct fdt *f)
{
	fdt_begin(f, "timer");
	fdt_string(f, "compatible", "arm,armv8-timer");
	FDT_CELLS(f, "interrupts", IRQ_PPI, 13, IRQ_LEVEL_HIGH, IRQ_PPI, 14, IRQ_LEVEL_HIGH, IRQ_PPI, 11, IRQ_LEVEL_HIGH,
		IRQ_PPI, 10, IRQ_LEVEL_HIGH);
	fdt_bytes(f, "always-on", NULL, 0);
	fdt_end(f);
}

static bool has_feature(const struct vm *vm, unsigned feature)
{
	return vm->board->features >> feature & 1;
}

static void describe_pmu(struct fdt *f)
{
	fdt_begin(f, "pmu");
	fdt_string(f, "compatible", "arm,armv8-pmuv3");
	FDT_CELLS(f, "interrupts", IRQ_PPI, PMU_PPI, IRQ_LEVEL_HIGH);
	fdt_end(f);
}

static void describe_uart(struct fdt *f)
{
	fdt_begin(f, "apb-pclk");
	fdt_string(f, "compatible", "fixed-clock");
	FDT_CELLS(f, "#clock-cells", 0);
	FDT_CELLS(f, "clock-frequency", CLOCK_HZ);
	FDT_CELLS(f, "phandle", PHANDLE_CLOCK);
	fdt_end(f);
	fdt_begin_at(f, "pl011", UART);
	fdt_bytes(f, "compatible", "arm,pl011\0arm,primecell", sizeof("arm,pl011\0arm,primecell"));
	FDT_CELLS(f, "reg", FDT_CELLS_OF(UART), FDT_CELLS_OF(PL011_SIZE));
	FDT_CELLS(f, "interrupts", IRQ_SPI, UART_SPI, IRQ_LEVEL_HIGH);
	FDT_CELLS(f, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	fdt_bytes(f, "clock-names", "uartclk\0apb_pclk", sizeof("uartclk\0apb_pclk"));
	fdt_end(f);
}

static int write_tree(const struct vm *vm, const struct start *start, const struct refusal *why)
{
	struct fdt f;
	size_t room = TREE_ROOM;
	uint8_t *at = ram_at(&vm->ram, TREE, &room);

	fdt_start(&f, at, room);
	fdt_begin(&f, "");
	fdt_string(&f, "compatible", "linux,dummy-virt");
	FDT_CELLS(&f, "#address-cells", 2);
	FDT_CELLS(&f, "#size-cells", 2);
	FDT_CELLS(&f, "interrupt-parent", PHANDLE_GIC);
	describe_chosen(&f, vm, start);
	describe_memory(&f, vm);
	describe_cpus(&f, vm);
	describe_gic(&f, vm);
	describe_timer(&f);
	if (has_feature(vm, KVM_ARM_VCPU_PMU_V3))
		describe_pmu(&f);
	describe_uart(&f);
	fdt_end(&f);
	return fdt_finish(&f) ? 0 : refuse(why, -ENOSPC, "the device tree is too large: is the command line too long?");
}

/* --- the image */

static int load_kernel(struct vm *vm, const struct load_file *f, struct start *start, const struct refusal *why)
{
	uint64_t end;
	int err = linux_image_load(f, &vm->ram, KERNEL_BASE, &start->entry, &end, why);

	start->has_tree = true;
	return err || !vm->config.initrd
		       ? err
		       : linux_initrd_load(vm->config.initrd, &vm->ram, end, &start->initrd, &start->initrd_end, why);
}

static int load_program(struct vm *vm, const struct load_file *f, struct start *start, const struct refusal *why)
{
	static const struct load_machine machine = {
		.elf_machine = EM_AARCH64, .reserved = TREE, .reserved_end = TREE + TREE_ROOM
	};
	struct loaded loaded;
	int err;

	if (vm->config.initrd)
		return refuse(why, -EINVAL, "%s: an initrd is for a Linux Image, which this is not", f->path);
	err = load_elf(f, &machine, &vm->ram, &loaded, why);
	start->entry = loaded.entry;
	start->has_tree = !loaded.on_reserved && ram_find(&vm->ram, TREE, TREE_ROOM);
	return err;
}

static int load_image(struct vm *vm, struct start *start, const struct refusal *why)
{
	struct load_file f;
	int err = load_open(&f, vm->config.image, why);

	if (err)
		return err;
	if (linux_image_is(&f, LINUX_IMAGE_ARM64))
		err = load_kernel(vm, &f, start, why);
	else
		err = load_program(vm, &f, start, why);
	load_close(&f);
	return err;
}

/* --- the vCPUs */

/* What a vCPU can have beyond the least (api.rst, 4.82, KVM_ARM_VCPU_INIT), and what must be there for it. */
static const struct {
	uint32_t cap, cap_too, features;
} extras[] = {
	{ KVM_CAP_ARM_SVE, KVM_CAP_ARM_SVE, 1u << KVM_ARM_VCPU_SVE },
	{ KVM_CAP_ARM_PMU_V3, KVM_CAP_ARM_PMU_V3, 1u << KVM_ARM_VCPU_PMU_V3 },
	{ KVM_CAP_ARM_PTRAUTH_ADDRESS, KVM_CAP_ARM_PTRAUTH_GENERIC,
		1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS | 1u << KVM_ARM_VCPU_PTRAUTH_GENERIC },
};

/* The same for all vCPUs: newer kernels insist on it. */
static uint32_t vcpu_features(const struct vm *vm)
{
	uint32_t features = 1u << KVM_ARM_VCPU_PSCI_0_2;

	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]) && !vm->scratch; i++)
		if (ioctl(vm->fd, KVM_CHECK_EXTENSION, extras[i].cap) > 0 &&
			ioctl(vm->fd, KVM_CHECK_EXTENSION, extras[i].cap_too) > 0)
			features |= extras[i].features;
	return features;
}

static int init_vcpu(const struct vm *vm, unsigned nr, struct kvm_vcpu_init *init, const struct refusal *why)
{
	int feature = KVM_ARM_VCPU_SVE;

	init->features[0] = vm->board->features | (nr ? 1u << KVM_ARM_VCPU_POWER_OFF : 0); /* all but the first are off */
	if (ioctl(vm->vcpu[nr].fd, KVM_ARM_VCPU_INIT, init) < 0)
		return vm_refuse_errno(why, "cannot initialize a vCPU");
	if (has_feature(vm, KVM_ARM_VCPU_SVE) && ioctl(vm->vcpu[nr].fd, KVM_ARM_VCPU_FINALIZE, &feature) < 0)
		return vm_refuse_errno(why, "cannot give a vCPU its vectors (SVE)");
	return 0;
}

static int init_vcpus(struct vm *vm, const struct refusal *why)
{
	struct kvm_vcpu_init init = { 0 };
	int err = 0;

	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init) < 0)
		return vm_refuse_errno(why, "KVM does not say which processor it offers");
	vm->board->features = vcpu_features(vm);
	for (unsigned i = 0; i < vm->host.vcpus && !err; i++)
		err = init_vcpu(vm, i, &init, why);
	return err;
}

/* After the GIC: Documentation/virt/kvm/devices/vcpu.rst */
static int start_pmu(const struct vm_vcpu *v, const struct refusal *why)
{
	int irq = FIRST_PPI + PMU_PPI;
	struct kvm_device_attr a = { 0, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_IRQ, (uintptr_t)&irq };
	int err = ioctl(v->fd, KVM_SET_DEVICE_ATTR, &a);

	a.attr = KVM_ARM_VCPU_PMU_V3_INIT;
	if (!err)
		err = ioctl(v->fd, KVM_SET_DEVICE_ATTR, &a);
	return err ? vm_refuse_errno(why, "cannot set up a vCPU's performance monitors") : 0;
}

static int start_pmus(const struct vm *vm, const struct refusal *why)
{
	int err = 0;

	for (unsigned i = 0; i < vm->host.vcpus && !err && has_feature(vm, KVM_ARM_VCPU_PMU_V3); i++)
		err = start_pmu(&vm->vcpu[i], why);
	return err;
}

/* KVM_ARM_VCPU_INIT has left zeroes elsewhere, EL1h and all exceptions masked (arch/arm64/kvm/reset.c). */
static int start_first(const struct vm *vm, const struct start *start, const struct refusal *why)
{
	int err = set_reg(&vm->vcpu[0], REG_PC, start->entry);

	if (!err)
		err = set_reg(&vm->vcpu[0], REG_X(0), start->has_tree ? TREE : 0);
	return err ? refuse(why, err, "cannot set a vCPU's registers: %s", strerror(-err)) : 0;
}

int vm_arch_start(struct vm *vm, const struct refusal *why)
{
	struct start start = { .entry = RAM_START };
	int err = init_vcpus(vm, why);

	if (!err)
		err = start_gic(vm, why);
	if (!err)
		err = start_pmus(vm, why);
	if (!err && vm->config.image)
		err = load_image(vm, &start, why);
	if (!err && start.has_tree)
		err = write_tree(vm, &start, why);
	return err ? err : start_first(vm, &start, why);
}

/* --- exits */

static void set_uart_line(struct vm *vm)
{
	bool level = pl011_interrupts(&vm->board->uart);
	struct kvm_irq_level line = {
		.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (FIRST_SPI + UART_SPI),
		.level = level,
	};

	if (level == vm->board->uart_line)
		return;
	ioctl(vm->fd, KVM_IRQ_LINE, &line);
	vm->board->uart_line = level;
}

bool vm_arch_mmio(struct vm *vm, struct vm_access *a)
{
	if (vm->scratch || a->addr < UART || a->addr >= UART + PL011_SIZE)
		return false;
	if (a->write)
		a->console = pl011_write(&vm->board->uart, a->addr - UART, (uint32_t)vm_value(a));
	else
		vm_set_value(a, pl011_read(&vm->board->uart, a->addr - UART));
	set_uart_line(vm);
	return true;
}

enum vm_served vm_arch_exit(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	(void)v;
	(void)exit;
	return VM_NOT_MINE;
}

/* Arm ARM, B2.4.4: what was written is to reach the point of coherency, and no fetch to be older than it. */
void vm_arch_sync_code(uint8_t *hva, size_t len)
{
	uintptr_t start = (uintptr_t)hva, end = start + len;
	uint64_t ctr, data, code;

	__asm__ volatile("mrs %0, ctr_el0" : "=r"(ctr));
	data = 4u << (ctr >> 16 & 15);
	code = 4u << (ctr & 15);
	for (uintptr_t at = start & ~(data - 1); at < end; at += data)
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb ish" : : : "memory");
	for (uintptr_t at = start & ~(code - 1); at < end; at += code)
		__asm__ volatile("ic ivau, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb ish\n\tisb" : : : "memory");
}
