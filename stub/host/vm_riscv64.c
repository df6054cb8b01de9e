/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The riscv64 board, with the memory map of QEMU's virt machine, and how a vCPU starts on it.
 *
 * Memory: RAM from 0x80000000. Test device 0x00100000, 16550 at 0x10000000, without an interrupt: a guest asks it. No interrupt
 * controller but the processor's own: SBI, with the timers, is in KVM, but for the console of SBI 0.1.
 *
 * Start: hart 0 in supervisor mode, satp off, interrupts off, a0 the hart's number, a1 the address of the device tree; the others
 * are off until SBI hart_start. The tree is at the end of RAM; an ELF image that needs this place itself gets none, and a1 is 0.
 * A Linux Image lies as far above the start of RAM as it asks. Without an image RAM is empty but for the tree, and pc is its start;
 * if something is loaded over the tree, a1 is 0 when the guest sets off.
 */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fdt.h"
#include "known_files.h"
#include "linux_image.h"
#include "sync_code.h"
#include "vm_riscv64.h"

/* What is written to the test device, of SiFive's design: the low half is the verdict, the high one a code. */
#define TEST_FAIL 0x3333
#define TEST_PASS 0x5555
#define TEST_RESET 0x7777

unsigned long vm_arch_type(int kvm)
{
	(void)kvm;
	return 0;
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

int vm_arch_open(struct vm *vm, const struct refusal *why)
{
	vm->board = calloc(1, sizeof(*vm->board));
	return vm->board ? 0 : refuse(why, -ENOMEM, "out of memory");
}

void vm_arch_close(struct vm *vm)
{
	free(vm->board);
	vm->board = NULL;
}

/* --- registers */

static int set_reg(const struct vm_vcpu *v, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(v->fd, KVM_SET_ONE_REG, &reg) < 0 ? -errno : 0;
}

const bool vm_arch_posts_writes = false;

bool vm_arch_device(const struct vm *vm, unsigned n, struct host_area *area)
{
	static const struct host_area devices[] = {
		{ .start = TEST, .size = TEST_SIZE, .what = "test device: ends the machine" },
		{ .start = UART, .size = UART_SIZE, .what = "16550, the console" },
	};

	(void)vm;
	if (n < sizeof(devices) / sizeof(devices[0]))
		*area = devices[n];
	return n < sizeof(devices) / sizeof(devices[0]);
}

const char *const vm_arch_modes[] = { NULL };

unsigned vm_arch_vcpus_max(const struct vm *vm, const char **what)
{
	(void)vm;
	*what = "";
	return UINT_MAX;
}

uint64_t vm_arch_pc(const struct vm_vcpu *v)
{
	return riscv64_get_reg(v, REG_PC);
}

/* --- the image */

/* What comes behind a kernel, of which `end` is the end: its initrd, and the tree. */
static int load_rest(
	struct vm *vm, const struct load_file *f, uint64_t end, struct riscv64_start *start, const struct refusal *why)
{
	int err = 0;

	if (vm->config.initrd) {
		err = linux_initrd_load(vm->config.initrd, &vm->ram, end, &start->initrd, &start->initrd_end, why);
		end = start->initrd_end;
	}
	if (!err && end > riscv64_tree_address(vm))
		err = refuse(why, -ENOSPC, "%s: no room is left for the device tree (--memory)", f->path);
	start->has_tree = true;
	return err;
}

static int load_kernel(struct vm *vm, const struct load_file *f, struct riscv64_start *start, const struct refusal *why)
{
	uint64_t end;
	int err = linux_image_load(f, &vm->ram, RAM_START, &start->entry, &end, why);

	return err ? err : load_rest(vm, f, end, start, why);
}

static int load_program(struct vm *vm, const struct load_file *f, struct riscv64_start *start, const struct refusal *why)
{
	struct load_machine machine = { .elf_machine = EM_RISCV };
	struct loaded loaded;
	int err;

	if (vm->config.initrd)
		return refuse(why, -EINVAL, "%s: an initrd is for a Linux Image, which this is not", f->path);
	machine.reserved = riscv64_tree_address(vm);
	machine.reserved_end = machine.reserved + riscv64_tree_room(vm);
	err = load_elf(f, &machine, &vm->ram, &loaded, why);
	start->entry = loaded.entry;
	start->has_tree = !loaded.on_reserved && riscv64_has_tree_room(vm);
	return err;
}

/* For what may look for it: firmware, and what is put together by hand. */
static int add_flash(struct vm *vm, const struct refusal *why)
{
	int err = ram_find(&vm->ram, FLASH, 1) ? 0 : vm_add_flash(vm, FLASH, FLASH_SIZE, why);

	return err || ram_find(&vm->ram, FLASH + FLASH_SIZE, 1) ? err : vm_add_flash(vm, FLASH + FLASH_SIZE, FLASH_SIZE, why);
}

/* As QEMU's -kernel: boot loaders are such files, and look for flash. */
static int load_raw(struct vm *vm, const struct load_file *f, struct riscv64_start *start, const struct refusal *why)
{
	int err = known_refuse(f, "riscv64", why);

	if (!err)
		err = add_flash(vm, why);
	if (!err)
		err = load_whole(f, &vm->ram, RAW_BASE, 0, why);
	start->entry = RAW_BASE;
	return err ? err : load_rest(vm, f, RAW_BASE + f->size, start, why);
}

/* As QEMU's flash under KVM, which has no machine mode: supervisor mode begins in it. */
static int load_bios(struct vm *vm, const struct load_file *f, struct riscv64_start *start, const struct refusal *why)
{
	int err = add_flash(vm, why);

	if (err)
		return err;
	if (load_is_elf(f))
		return load_program(vm, f, start, why);
	start->entry = FLASH;
	start->has_tree = riscv64_has_tree_room(vm);
	return load_whole(f, &vm->ram, FLASH, 0, why);
}

static int load_image(struct vm *vm, struct riscv64_start *start, const struct refusal *why)
{
	struct load_file f;
	int err = load_open(&f, vm->config.image ? vm->config.image : vm->config.bios, why);

	if (err)
		return err;
	if (vm->config.bios)
		err = load_bios(vm, &f, start, why);
	else if (linux_image_is(&f, LINUX_IMAGE_RISCV))
		err = load_kernel(vm, &f, start, why);
	else if (load_is_elf(&f))
		err = load_program(vm, &f, start, why);
	else
		err = load_raw(vm, &f, start, why);
	if (!err)
		err = known_refuse_riscv64(&f, &vm->ram, start->entry, why);
	load_close(&f);
	return err;
}

/* KVM has left supervisor mode, zeroes elsewhere, and all vCPUs but the first stopped (arch/riscv/kvm/vcpu.c). */
int vm_arch_start(struct vm *vm, const struct refusal *why)
{
	struct riscv64_start start = { .entry = RAM_START };
	int err = 0;

	if (vm->config.image || vm->config.bios)
		err = load_image(vm, &start, why);
	else
		start.has_tree = !vm->scratch && riscv64_has_tree_room(vm);
	if (!err && start.has_tree)
		err = riscv64_write_tree(vm, &start, why);
	if (!err && vm->config.nload)
		err = add_flash(vm, why);
	if (err)
		return err;
	if (vm->config.has_entry)
		start.entry = vm->config.entry;
	err = set_reg(&vm->vcpu[0], REG_PC, start.entry);
	if (!err)
		err = set_reg(&vm->vcpu[0], REG_A0, 0);
	if (!err)
		err = set_reg(&vm->vcpu[0], REG_A1, start.has_tree ? riscv64_tree_address(vm) : 0);
	return err ? refuse(why, err, "cannot set a vCPU's registers: %s", strerror(-err)) : 0;
}

/* Whatever is loaded by hand finds a tree, unless it is loaded there itself; another tree is one. */
void vm_arch_set_off(struct vm *vm)
{
	size_t magic = 4;
	uint64_t tree = riscv64_tree_address(vm);

	if (riscv64_get_reg(&vm->vcpu[0], REG_A1) == tree &&
		ram_sum(&vm->ram, tree, riscv64_tree_room(vm)) != vm->board->tree_sum &&
		!fdt_is(ram_at(&vm->ram, tree, &magic)))
		set_reg(&vm->vcpu[0], REG_A1, 0);
}

/* --- devices */

static void access_uart(struct uart *uart, struct vm_access *a)
{
	unsigned offset = (unsigned)(a->addr - UART);

	if (a->write)
		a->console = uart_write(uart, offset, a->data[0]);
	else
		vm_set_value(a, uart_read(uart, offset));
}

static void access_test(struct vm_access *a)
{
	uint32_t value = a->write && a->addr == TEST ? (uint32_t)vm_value(a) : 0;

	switch (value & 0xffff) {
	case TEST_PASS:
		a->ends = true;
		break;
	case TEST_RESET:
		a->resets = true;
		break;
	case TEST_FAIL:
		a->ends = true;
		a->code = (int)(value >> 16 & 0xff);
		break;
	}
}

bool vm_arch_mmio(struct vm *vm, struct vm_access *a)
{
	if (vm->scratch)
		return false;
	if (a->addr >= UART && a->addr < UART + UART_SIZE)
		access_uart(&vm->board->uart, a);
	else if (a->addr >= TEST && a->addr < TEST + TEST_SIZE)
		access_test(a);
	else
		return false;
	return true;
}

bool vm_arch_takes(const struct vm *vm)
{
	return uart_takes(&vm->board->uart);
}

void vm_arch_receive(struct vm *vm, uint8_t byte)
{
	uart_receive(&vm->board->uart, byte);
}

/* --- what of SBI is not in KVM: RISC-V Supervisor Binary Interface, "Legacy Extensions"; their result is in a0 alone */

#define SBI_CONSOLE_PUTCHAR 1
#define SBI_CONSOLE_GETCHAR 2
#define SBI_SHUTDOWN 8

#define SBI_ERR_FAILED -1
#define SBI_ERR_NOT_SUPPORTED -2

/* What the 16550 has received, whichever of the two the guest asks. */
static int getchar_sbi(struct vm *vm)
{
	int byte;

	pthread_mutex_lock(&vm->devices);
	byte = uart_take(&vm->board->uart);
	vm_feed(vm);
	pthread_mutex_unlock(&vm->devices);
	return byte < 0 ? SBI_ERR_FAILED : byte;
}

static enum vm_served serve_sbi(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	struct kvm_run *run = v->run;

	v->pending = true;
	run->riscv_sbi.ret[1] = 0;
	switch (run->riscv_sbi.extension_id) {
	case SBI_CONSOLE_PUTCHAR:
		vm_console(v, (uint8_t)run->riscv_sbi.args[0]);
		run->riscv_sbi.ret[0] = 0;
		return VM_SERVED;
	case SBI_CONSOLE_GETCHAR:
		run->riscv_sbi.ret[0] = (unsigned long)(long)getchar_sbi(v->vm);
		return VM_SERVED;
	case SBI_SHUTDOWN:
		return vm_ended(exit, 0);
	default:
		run->riscv_sbi.ret[0] = (unsigned long)SBI_ERR_NOT_SUPPORTED;
		return VM_SERVED;
	}
}

enum vm_served vm_arch_exit(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	return v->run->exit_reason == KVM_EXIT_RISCV_SBI ? serve_sbi(v, exit) : VM_NOT_MINE;
}

/* fence.i on every hart that runs a thread of ours, now or later (arch/riscv/mm/cacheflush.c, flush_icache_mm). */
void sync_code(uint8_t *hva, size_t len)
{
	__builtin___clear_cache((char *)hva, (char *)hva + len);
}
