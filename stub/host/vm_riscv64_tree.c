/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree of the riscv64 board: Documentation/devicetree/bindings. */
#include <errno.h>
#include <string.h>

#include "linux_tree.h"
#include "vm_riscv64.h"

#define TREE_ROOM 0x10000 /* of a tree with up to SMALL_TREE vCPUs; each of more takes TREE_OF_VCPU */
#define SMALL_TREE 128
#define TREE_OF_VCPU 0x200

uint64_t riscv64_tree_room(const struct vm *vm)
{
	unsigned more = vm->host.vcpus > SMALL_TREE ? vm->host.vcpus - SMALL_TREE : 0;

	return (TREE_ROOM + more * TREE_OF_VCPU + 0xffff) & ~(uint64_t)0xffff;
}

uint64_t riscv64_tree_address(const struct vm *vm)
{
	return RAM_START + vm->config.memory - riscv64_tree_room(vm);
}

bool riscv64_has_tree_room(const struct vm *vm)
{
	return ram_find(&vm->ram, riscv64_tree_address(vm), riscv64_tree_room(vm));
}

/* riscv,isa: the single-letter extensions in their canonical order (riscv/extensions.yaml). */
static void describe_isa(struct fdt *f, const struct vm_vcpu *v)
{
	static const char canonical[] = "imafdqcbvh";
	uint64_t isa = riscv64_get_reg(v, REG_ISA);
	char text[sizeof("rv64") + sizeof(canonical)] = "rv64";
	size_t n = strlen(text);

	for (const char *c = canonical; *c; c++)
		if (isa >> (*c - 'a') & 1)
			text[n++] = *c;
	text[n] = '\0';
	fdt_string(f, "riscv,isa", text);
}

/* satp.MODE; a KVM that does not say what it can be has the smallest at least. */
static const char *mmu_type(const struct vm_vcpu *v)
{
	switch (riscv64_get_reg(v, REG_SATP_MODE)) {
	case 10:
		return "riscv,sv57";
	case 9:
		return "riscv,sv48";
	default:
		return "riscv,sv39";
	}
}

static void describe_cpu(struct fdt *f, const struct vm_vcpu *v)
{
	fdt_begin_at(f, "cpu", v->nr);
	fdt_string(f, "device_type", "cpu");
	fdt_string(f, "compatible", "riscv");
	FDT_CELLS(f, "reg", v->nr);
	describe_isa(f, v);
	fdt_string(f, "mmu-type", mmu_type(v));
	fdt_begin(f, "interrupt-controller");
	fdt_string(f, "compatible", "riscv,cpu-intc");
	fdt_bytes(f, "interrupt-controller", NULL, 0);
	FDT_CELLS(f, "#interrupt-cells", 1);
	fdt_end(f);
	fdt_end(f);
}

static void describe_cpus(struct fdt *f, const struct vm *vm)
{
	fdt_begin(f, "cpus");
	FDT_CELLS(f, "#address-cells", 1);
	FDT_CELLS(f, "#size-cells", 0);
	FDT_CELLS(f, "timebase-frequency", (uint32_t)riscv64_get_reg(&vm->vcpu[0], REG_TIMER_FREQUENCY));
	for (unsigned i = 0; i < vm->host.vcpus; i++)
		describe_cpu(f, &vm->vcpu[i]);
	fdt_end(f);
}

static void describe_devices(struct fdt *f)
{
	static const char test[] = "sifive,test1\0sifive,test0";

	fdt_begin(f, "soc");
	fdt_string(f, "compatible", "simple-bus");
	FDT_CELLS(f, "#address-cells", 2);
	FDT_CELLS(f, "#size-cells", 2);
	fdt_bytes(f, "ranges", NULL, 0);
	fdt_begin_at(f, "serial", UART);
	fdt_string(f, "compatible", "ns16550a");
	FDT_CELLS(f, "reg", FDT_CELLS_OF(UART), FDT_CELLS_OF(UART_SIZE));
	FDT_CELLS(f, "clock-frequency", UART_CLOCK_HZ);
	fdt_end(f);
	fdt_begin_at(f, "test", TEST);
	fdt_bytes(f, "compatible", test, sizeof(test));
	FDT_CELLS(f, "reg", FDT_CELLS_OF(TEST), FDT_CELLS_OF(TEST_SIZE));
	fdt_end(f);
	fdt_end(f);
}

int riscv64_write_tree(const struct vm *vm, const struct riscv64_start *start, const struct refusal *why)
{
	struct fdt f;
	size_t room = riscv64_tree_room(vm);
	uint8_t *at = ram_at(&vm->ram, riscv64_tree_address(vm), &room);

	fdt_start(&f, at, room);
	fdt_begin(&f, "");
	fdt_string(&f, "compatible", "riscv-virtio");
	fdt_string(&f, "model", "riscv-virtio,kvm-gdbserver");
	FDT_CELLS(&f, "#address-cells", 2);
	FDT_CELLS(&f, "#size-cells", 2);
	linux_tree_chosen(&f, vm, "/soc/serial@10000000", start->initrd, start->initrd_end);
	linux_tree_memory(&f, vm, RAM_START);
	describe_cpus(&f, vm);
	describe_devices(&f);
	fdt_end(&f);
	if (!fdt_finish(&f))
		return refuse(why, -ENOSPC, "the device tree is too large: is the command line too long?");
	vm->board->tree_sum = ram_sum(&vm->ram, riscv64_tree_address(vm), riscv64_tree_room(vm));
	return 0;
}
