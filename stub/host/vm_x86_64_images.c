/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of images that the x86-64 board takes, each with the state in which its vCPUs start. */
#include "vm_x86_64_images.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>

#include "bzimage.h"
#include "known_files.h"
#include "multiboot.h"
#include "pvh.h"
#include "vm_x86_64_linux.h"

/* What an image that a boot loader starts is told: where those of 64-bit mode have their page tables. */
#define INFO LOW_START
#define INFO_END 0x7000

#define BASE_MEMORY 0x413

static const struct load_machine elf_machine = { .elf_machine = EM_X86_64,
	.elf32_machine = EM_386,
	.entry_is_physical = true,
	.reserved = LOW_START,
	.reserved_end = LOW_END };

static int load_elf_image(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why)
{
	struct loaded loaded;
	int err = load_elf(f, &elf_machine, &vm->ram, &loaded, why);

	if (err)
		return err;
	if (loaded.on_reserved)
		return refuse(
			why, -EBUSY, "%s: needs RAM that this machine starts with (0x%x..0x%x)", f->path, LOW_START, LOW_END);
	if (loaded.entry >= HOLE_START)
		return refuse(why, -ENOEXEC, "%s: its entry 0x%" PRIx64 " is not in the low 4 GiB", f->path, loaded.entry);
	start->mode = loaded.elf32 ? START_PROTECTED : START_LONG;
	start->entry = loaded.entry;
	return 0;
}

/* 512 bytes with 0x55, 0xaa at their end: what a BIOS takes for one. */
static bool is_boot_sector(const struct load_file *f)
{
	uint8_t signature[2];

	return f->size == BOOT_SECTOR_SIZE && !load_read(f, BOOT_SECTOR_SIZE - 2, signature, 2) && signature[0] == 0x55 &&
	       signature[1] == 0xaa;
}

static int load_boot_sector(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why)
{
	start->mode = START_REAL;
	start->entry = BOOT_SECTOR;
	return load_whole(f, &vm->ram, BOOT_SECTOR, 0, why);
}

static bool is_no_elf(const struct load_file *f)
{
	return !load_is_elf(f);
}

static int load_nothing(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why)
{
	int err = known_refuse(f, "x86-64", why);

	(void)vm;
	(void)start;
	if (!err)
		err = known_refuse_firmware(f, why);
	return err ? err
		   : refuse(why, -ENOEXEC,
			     "%s: is no kind of image that is known here: --load ADDRESS:FILE and --entry take any file",
			     f->path);
}

static bool is_anything(const struct load_file *f)
{
	(void)f;
	return true;
}

/*
 * An image that a PC's boot loader starts may go back to real mode, and ask the BIOS. KiB of RAM from address 0 on, where a BIOS has it
 * (IBM, BIOS interface technical reference): Xen lays its first stack by it.
 */
static void put_no_bios(struct vm *vm)
{
	const uint16_t kib = LOW_RAM_END / 1024;

	x86_put_vectors(vm);
	ram_write(&vm->ram, BASE_MEMORY, &kib, sizeof(kib));
}

/* What a boot loader of a PC starts: 32-bit code, the other vCPUs waiting. A 64-bit file goes on to 64-bit code, and is described so. */
static int load_by(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why,
	int (*load)(const struct boot_request *, struct boot_start *, const struct refusal *))
{
	const struct boot_request r = { .file = f,
		.machine = &elf_machine,
		.ram = &vm->ram,
		.info = INFO,
		.info_end = INFO_END,
		.rsdp = vm->board->pc ? ACPI_TABLES : 0,
		.append = vm->config.append,
		.initrd = vm->config.initrd };
	struct boot_start boot = { 0 };
	int err;

	put_no_bios(vm);
	err = load(&r, &boot, why);

	*start = (struct x86_start){ .mode = START_PROTECTED,
		.described = vm_arch_modes[boot.elf32 ? START_PROTECTED : START_LONG],
		.entry = boot.entry,
		.first_only = true,
		.plain = true,
		.rax = boot.eax,
		.rbx = boot.ebx };
	return err;
}

static int load_multiboot(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why)
{
	return load_by(vm, f, start, why, multiboot_load);
}

static int load_multiboot2(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why)
{
	return load_by(vm, f, start, why, multiboot2_load);
}

/* A Linux kernel, above all. */
static int load_pvh(struct vm *vm, const struct load_file *f, struct x86_start *start, const struct refusal *why)
{
	int err = x86_put_acpi(vm, why);

	return err ? err : load_by(vm, f, start, why, pvh_load);
}

static const struct x86_kind kinds[] = {
	{ .is = multiboot2_is, .load = load_multiboot2, .takes_append = true, .takes_initrd = true },
	{ .is = multiboot_is, .load = load_multiboot, .takes_append = true, .takes_initrd = true },
	{ .is = pvh_is, .load = load_pvh, .takes_append = true, .takes_initrd = true },
	{ .is = is_boot_sector, .load = load_boot_sector },
	{ .is = bzimage_is, .load = x86_load_bzimage, .takes_append = true, .takes_initrd = true },
	{ .is = is_no_elf, .load = load_nothing, .takes_append = true, .takes_initrd = true },
	{ .is = is_anything, .load = load_elf_image },
};

static int load_kind(struct vm *vm, const struct x86_kind *kind, const struct load_file *f, struct x86_start *start,
	const struct refusal *why)
{
	if (vm->config.initrd && !kind->takes_initrd)
		return refuse(why, -EINVAL, "%s: takes no initrd", f->path);
	if (vm->config.append && !kind->takes_append)
		return refuse(why, -EINVAL, "%s: takes no command line", f->path);
	return kind->load(vm, f, start, why);
}

int x86_load_image(struct vm *vm, struct x86_start *start, const struct refusal *why)
{
	const struct x86_kind *kind = kinds;
	struct load_file f;
	int err = load_open(&f, vm->config.image, why);

	if (err)
		return err;
	while (!kind->is(&f))
		kind++;
	err = load_kind(vm, kind, &f, start, why);
	load_close(&f);
	return err;
}
