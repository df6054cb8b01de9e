/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arm64 board, with the memory map of QEMU's virt machine, and how a vCPU starts on it. Its device tree is in vm_arm64_tree.c.
 *
 * Memory: RAM from 0x40000000. GICv3 (in KVM): distributor 0x08000000, redistributors 0x080a0000, and more above RAM. PL011 0x09000000, SPI 1.
 * PSCI by hvc, and the timers, are in KVM; so are SVE, pointer authentication and the PMU (PPI 7) where it has them.
 *
 * Start: vCPU 0 at EL1h, MMU and caches off, exceptions masked; the others are off until PSCI CPU_ON. A Linux Image lies 2 MiB
 * above the start of RAM and finds the device tree's address in x0. So does an ELF image, at its entry, unless it needs the
 * first 64 KiB of RAM itself: then there is no device tree, and x0 is 0. Without an image RAM is empty but for the tree, and pc is its
 * start; if something is loaded over the tree, x0 is 0 when the guest sets off.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "known_files.h"
#include "linux_image.h"
#include "sync_code.h"
#include "vm_arm64.h"

unsigned long vm_arch_type(int kvm)
{
	/* 40 bits of physical address are the default, and refused where the processor has fewer (api.rst, 4.2). */
	int bits = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);

	return bits > 0 && bits < 40 ? KVM_VM_TYPE_ARM_IPA_SIZE((unsigned long)bits) : 0;
}

bool vm_arch_ram(const struct vm *vm, unsigned n, uint64_t *gpa, uint64_t *size)
{
	*gpa = RAM_START;
	*size = vm->config.memory;
	return n == 0;
}

uint64_t vm_arch_scratch_base(void)
{
	return RAM_START;
}

const bool vm_arch_posts_writes = false;

bool vm_arch_device(const struct vm *vm, unsigned n, struct host_area *area)
{
	static const struct host_area devices[] = {
		{ .start = GIC_DISTRIBUTOR, .size = GIC_DISTRIBUTOR_SIZE, .what = "GICv3 distributor, in KVM" },
		{ .start = GIC_REDISTRIBUTORS, .size = UART - GIC_REDISTRIBUTORS, .what = "GICv3 redistributors, in KVM" },
		{ .start = UART, .size = PL011_SIZE, .what = "PL011, the console" },
	};
	const unsigned fixed = sizeof(devices) / sizeof(devices[0]);
	struct arm64_region regions[ARM64_REGIONS];

	if (n < fixed)
		*area = devices[n];
	else if (arm64_redistributors(vm, regions) > 1)
		*area = (struct host_area){
			.start = regions[1].start, .size = HIGH_REDISTRIBUTORS_SIZE, .what = "more GICv3 redistributors, in KVM"
		};
	return n < fixed || (n == fixed && vm->host.vcpus > LOW_REDISTRIBUTORS);
}

const char *const vm_arch_modes[] = { NULL };

uint64_t vm_arch_pc(const struct vm_vcpu *v)
{
	return arm64_get_reg(v, REG_PC);
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

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device) < 0)
		return vm_refuse_errno(why, "this machine's KVM cannot give a VM a GICv3");
	vm->irqchip = (int)device.fd;
	return 0;
}

/* The attributes of a vCPU's CPU interface name it in their upper half: Aff3, Aff2, Aff1, Aff0. */
static void name_interface(struct vm_vcpu *v)
{
	uint64_t mpidr = arm64_get_reg(v, REG_MPIDR_EL1);

	v->irqchip_attr = ((mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff)) << 32;
}

unsigned arm64_redistributors(const struct vm *vm, struct arm64_region regions[ARM64_REGIONS])
{
	unsigned n = vm->host.vcpus, low = n < LOW_REDISTRIBUTORS ? n : LOW_REDISTRIBUTORS;
	uint64_t behind =
		(RAM_START + vm->config.memory + HIGH_REDISTRIBUTORS_SIZE - 1) & ~(uint64_t)(HIGH_REDISTRIBUTORS_SIZE - 1);

	regions[0] = (struct arm64_region){ GIC_REDISTRIBUTORS, low };
	regions[1] = (struct arm64_region){ behind > HIGH_REDISTRIBUTORS ? behind : HIGH_REDISTRIBUTORS, n - low };
	return n > low ? 2 : 1;
}

unsigned vm_arch_vcpus_max(const struct vm *vm, const char **what)
{
	int bits = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
	struct arm64_region regions[ARM64_REGIONS];

	*what = "its redistributors end where the UART is, and physical addresses are too short for more";
	arm64_redistributors(vm, regions);
	if (bits > 0 && bits < 64 && regions[1].start + HIGH_REDISTRIBUTORS_SIZE > (uint64_t)1 << (bits < 40 ? bits : 40))
		return LOW_REDISTRIBUTORS;
	*what = "there is no place for more redistributors";
	return LOW_REDISTRIBUTORS + HIGH_REDISTRIBUTORS_SIZE / GIC_REDISTRIBUTOR_SIZE;
}

/* The kernels that know no regions have one place, for all: it is used for as long as that will do. */
static int place_redistributors(const struct vm *vm, const struct refusal *why)
{
	struct arm64_region regions[ARM64_REGIONS];
	unsigned n = arm64_redistributors(vm, regions);
	int err = 0;

	if (n == 1)
		return set_gic(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &regions[0].start, why);
	for (uint64_t i = 0; !err && i < n; i++) {
		uint64_t region = (uint64_t)regions[i].count << 52 | regions[i].start | i;

		err = set_gic(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION, &region, why);
	}
	return err;
}

/* After the vCPUs are there: Documentation/virt/kvm/devices/arm-vgic-v3.rst */
static int start_gic(struct vm *vm, const struct refusal *why)
{
	static const uint64_t distributor = GIC_DISTRIBUTOR;
	static const uint32_t interrupts = INTERRUPTS;
	int err;

	if (vm->irqchip < 0)
		return 0;
	for (unsigned i = 0; i < vm->host.vcpus; i++)
		name_interface(&vm->vcpu[i]);
	err = set_gic(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &distributor, why);
	if (!err)
		err = place_redistributors(vm, why);
	if (!err)
		err = set_gic(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &interrupts, why);
	return err ? err : set_gic(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL, why);
}

/* Without it KVM_RUN fails at an access that its syndrome does not describe, and says no more than that. Since Linux 5.5. */
static void tell_of_accesses(const struct vm *vm)
{
	struct kvm_enable_cap nisv = { .cap = KVM_CAP_ARM_NISV_TO_USER };

	ioctl(vm->fd, KVM_ENABLE_CAP, &nisv);
}

int vm_arch_open(struct vm *vm, const struct refusal *why)
{
	tell_of_accesses(vm);
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

/* --- the image */

static int load_kernel(struct vm *vm, const struct load_file *f, struct arm64_start *start, const struct refusal *why)
{
	uint64_t end;
	int err = linux_image_load(f, &vm->ram, KERNEL_BASE, &start->entry, &end, why);

	start->has_tree = true;
	return err || !vm->config.initrd
		       ? err
		       : linux_initrd_load(vm->config.initrd, &vm->ram, end, &start->initrd, &start->initrd_end, why);
}

static int load_program(struct vm *vm, const struct load_file *f, struct arm64_start *start, const struct refusal *why)
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

/* For what may look for it: firmware, and what is put together by hand. */
static int add_flash(struct vm *vm, const struct refusal *why)
{
	int err = ram_find(&vm->ram, FLASH, 1) ? 0 : vm_add_flash(vm, FLASH, FLASH_SIZE, why);

	return err || ram_find(&vm->ram, FLASH + FLASH_SIZE, 1) ? err : vm_add_flash(vm, FLASH + FLASH_SIZE, FLASH_SIZE, why);
}

/* As QEMU's -kernel: boot loaders are such files, and look for flash. */
static int load_raw(struct vm *vm, const struct load_file *f, struct arm64_start *start, const struct refusal *why)
{
	int err = known_refuse(f, "arm64", why);

	if (!err)
		err = add_flash(vm, why);
	if (!err)
		err = load_whole(f, &vm->ram, RAW_BASE, 0, why);
	start->entry = RAW_BASE;
	start->has_tree = true;
	return err || !vm->config.initrd ? err
					 : linux_initrd_load(vm->config.initrd, &vm->ram, RAW_BASE + f->size, &start->initrd,
						   &start->initrd_end, why);
}

/* As QEMU's -bios: from its first byte on. */
static int load_bios(struct vm *vm, const struct load_file *f, struct arm64_start *start, const struct refusal *why)
{
	int err = add_flash(vm, why);

	if (err)
		return err;
	if (load_is_elf(f))
		return load_program(vm, f, start, why);
	start->entry = FLASH;
	start->has_tree = true;
	return load_whole(f, &vm->ram, FLASH, 0, why);
}

static int load_image(struct vm *vm, struct arm64_start *start, const struct refusal *why)
{
	struct load_file f;
	int err = load_open(&f, vm->config.image ? vm->config.image : vm->config.bios, why);

	if (err)
		return err;
	if (vm->config.bios)
		err = load_bios(vm, &f, start, why);
	else if (linux_image_is(&f, LINUX_IMAGE_ARM64))
		err = load_kernel(vm, &f, start, why);
	else if (load_is_elf(&f))
		err = load_program(vm, &f, start, why);
	else
		err = load_raw(vm, &f, start, why);
	if (!err)
		err = known_refuse_arm64(&f, &vm->ram, start->entry, why);
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
	if (arm64_has_feature(vm, KVM_ARM_VCPU_SVE) && ioctl(vm->vcpu[nr].fd, KVM_ARM_VCPU_FINALIZE, &feature) < 0)
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

	for (unsigned i = 0; i < vm->host.vcpus && !err && arm64_has_feature(vm, KVM_ARM_VCPU_PMU_V3); i++)
		err = start_pmu(&vm->vcpu[i], why);
	return err;
}

static int set_reg(const struct vm_vcpu *v, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(v->fd, KVM_SET_ONE_REG, &reg) < 0 ? -errno : 0;
}

/* KVM_ARM_VCPU_INIT has left zeroes elsewhere, EL1h and all exceptions masked (arch/arm64/kvm/reset.c). */
static int start_first(const struct vm *vm, const struct arm64_start *start, const struct refusal *why)
{
	int err = set_reg(&vm->vcpu[0], REG_PC, start->entry);

	if (!err)
		err = set_reg(&vm->vcpu[0], REG_X(0), start->has_tree ? TREE : 0);
	return err ? refuse(why, err, "cannot set a vCPU's registers: %s", strerror(-err)) : 0;
}

/* Whatever is loaded by hand finds a tree where QEMU has it, unless it is loaded there itself; another tree is one. */
void vm_arch_set_off(struct vm *vm)
{
	size_t magic = 4;

	if (arm64_get_reg(&vm->vcpu[0], REG_X(0)) == TREE && ram_sum(&vm->ram, TREE, TREE_ROOM) != vm->board->tree_sum &&
		!fdt_is(ram_at(&vm->ram, TREE, &magic)))
		set_reg(&vm->vcpu[0], REG_X(0), 0);
}

int vm_arch_start(struct vm *vm, const struct refusal *why)
{
	struct arm64_start start = { .entry = RAM_START };
	int err = init_vcpus(vm, why);

	if (!err)
		err = start_gic(vm, why);
	if (!err)
		err = start_pmus(vm, why);
	if (!err && (vm->config.image || vm->config.bios))
		err = load_image(vm, &start, why);
	else
		start.has_tree = !vm->scratch && ram_find(&vm->ram, TREE, TREE_ROOM);
	if (!err && vm->config.nload)
		err = add_flash(vm, why);
	if (vm->config.has_entry)
		start.entry = vm->config.entry;
	if (!err && start.has_tree)
		err = arm64_write_tree(vm, &start, why);
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

bool vm_arch_takes(const struct vm *vm)
{
	return pl011_takes(&vm->board->uart);
}

void vm_arch_receive(struct vm *vm, uint8_t byte)
{
	pl011_receive(&vm->board->uart, byte);
	set_uart_line(vm);
}

enum vm_served vm_arch_exit(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	(void)v;
	(void)exit;
	return VM_NOT_MINE;
}

/* Arm ARM, B2.4.4: what was written is to reach the point of coherency, and no fetch to be older than it. */
void sync_code(uint8_t *hva, size_t len)
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
