/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree of the arm64 board: Documentation/devicetree/bindings. */
#include <errno.h>

#include "linux_tree.h"
#include "vm_arm64.h"

enum {
	PHANDLE_GIC = 1,
	PHANDLE_CLOCK
};

#define CLOCK_HZ 24000000
#define IRQ_SPI 0
#define IRQ_PPI 1
#define IRQ_LEVEL_HIGH 4

static void describe_cpus(struct fdt *f, const struct vm *vm)
{
	fdt_begin(f, "cpus");
	FDT_CELLS(f, "#address-cells", 2);
	FDT_CELLS(f, "#size-cells", 0);
	for (unsigned i = 0; i < vm->host.vcpus; i++) {
		uint64_t affinity = arm64_get_reg(&vm->vcpu[i], REG_MPIDR_EL1) & MPIDR_AFFINITY;

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
	struct arm64_region regions[ARM64_REGIONS];
	unsigned n = arm64_redistributors(vm, regions);
	uint64_t low = (uint64_t)regions[0].count * GIC_REDISTRIBUTOR_SIZE,
		 high = (uint64_t)regions[1].count * GIC_REDISTRIBUTOR_SIZE;

	fdt_begin_at(f, "interrupt-controller", GIC_DISTRIBUTOR);
	fdt_string(f, "compatible", "arm,gic-v3");
	fdt_bytes(f, "interrupt-controller", NULL, 0);
	FDT_CELLS(f, "#interrupt-cells", 3);
	FDT_CELLS(f, "#address-cells", 0);
	if (n == 1) {
		FDT_CELLS(f, "reg", FDT_CELLS_OF(GIC_DISTRIBUTOR), FDT_CELLS_OF(GIC_DISTRIBUTOR_SIZE),
			FDT_CELLS_OF(regions[0].start), FDT_CELLS_OF(low));
	} else {
		FDT_CELLS(f, "#redistributor-regions", n);
		FDT_CELLS(f, "reg", FDT_CELLS_OF(GIC_DISTRIBUTOR), FDT_CELLS_OF(GIC_DISTRIBUTOR_SIZE),
			FDT_CELLS_OF(regions[0].start), FDT_CELLS_OF(low), FDT_CELLS_OF(regions[1].start), FDT_CELLS_OF(high));
	}
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

int arm64_write_tree(const struct vm *vm, const struct arm64_start *start, const struct refusal *why)
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
	linux_tree_chosen(&f, vm, "/pl011@9000000", start->initrd, start->initrd_end);
	linux_tree_memory(&f, vm, RAM_START);
	describe_cpus(&f, vm);
	describe_gic(&f, vm);
	describe_timer(&f);
	if (arm64_has_feature(vm, KVM_ARM_VCPU_PMU_V3))
		describe_pmu(&f);
	describe_uart(&f);
	fdt_end(&f);
	if (!fdt_finish(&f))
		return refuse(why, -ENOSPC, "the device tree is too large: is the command line too long?");
	vm->board->tree_sum = ram_sum(&vm->ram, TREE, TREE_ROOM);
	return 0;
}
