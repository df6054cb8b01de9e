/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux on the x86-64 board: what a kernel is told by boot_params and by ACPI's tables. There is no PCI, no disk, no clock but the
 * processor's and KVM's.
 */
#include "vm_x86_64_linux.h"

#include <errno.h>

#include "acpi.h"
#include "boot_params.h"
#include "bzimage.h"

int x86_put_acpi(struct vm *vm, const struct refusal *why)
{
	const struct acpi_machine machine = {
		.cpus = vm->host.vcpus,
		.local_apic = LOCAL_APIC,
		.io_apic = IO_APIC,
		.pm1a_event = PM1A_EVENT,
		.pm1a_control = PM1A_CONTROL,
		.reset_port = RESET_PORT,
		.reset_value = RESET_VALUE,
		.sci = SCI,
		.s5 = S5_TYPE,
	};

	if (!acpi_build(vm->ram.slot[0].hva + ACPI_TABLES, ACPI_ROOM, ACPI_TABLES, &machine))
		return refuse(why, -ENOSPC, "%u vCPUs: ACPI's tables of so many have no room", vm->host.vcpus);
	vm->board->pc = true;
	return 0;
}

static int tell(struct vm *vm, struct boot_params *p, uint64_t end, struct x86_start *start, const struct refusal *why)
{
	const struct linux_boot boot = {
		.initrd = vm->config.initrd,
		.append = vm->config.append,
		.params = LINUX_PARAMS,
		.command_line = LINUX_COMMAND_LINE,
		.command_line_room = LINUX_COMMAND_LINE_ROOM,
		.rsdp = ACPI_TABLES,
		.hole = LOW_RAM_END,
		.hole_end = LOW_HOLE_END,
	};
	int err = x86_put_acpi(vm, why);

	start->is_linux = true;
	start->first_only = true;
	start->rsi = LINUX_PARAMS;
	return err ? err : boot_params_finish(p, &boot, &vm->ram, end, why);
}

int x86_load_bzimage(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why)
{
	struct boot_params p = { { 0 } };
	uint64_t end;
	int err;

	if (!vm->board->irqchip)
		return refuse(
			why, -ENODEV, "%s: a Linux kernel wants interrupt controllers, and this host's KVM has none", f->path);
	err = bzimage_load(f, &vm->ram, &p, &start->entry, &end, why);
	return err ? err : tell(vm, &p, end, start, why);
}
