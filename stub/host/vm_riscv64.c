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
#include <sys/ioctl.h>

#include "fdt.h"
#include "known_files.h"
#include "linux_image.h"
#include "sync_code.h"
#include "uart.h"
#include "vm_arch.h"

#define RAM_START 0x80000000
#define TREE_ROOM 0x10000 /* of a tree with up to SMALL_TREE vCPUs; each of more takes TREE_OF_VCPU */
#define SMALL_TREE 128
#define TREE_OF_VCPU 0x200

/* Two of them, side by side. */
#define FLASH 0x20000000
#define FLASH_SIZE 0x2000000

#define RAW_BASE (RAM_START + 0x200000) /* where a file of no known format goes */

#define TEST 0x00100000
#define TEST_SIZE 0x1000
#define UART 0x10000000
#define UART_SIZE 0x100
#define UART_CLOCK_HZ 3686400

/* What is written to the test device, of SiFive's design: the low half is the verdict, the high one a code. */
#define TEST_FAIL 0x3333
#define TEST_PASS 0x5555
#define TEST_RESET 0x7777

/* arch/riscv/include/uapi/asm/kvm.h: config, core (struct user_regs_struct) and timer registers. */
#define REG_ISA 0x8030000001000000
#define REG_SATP_MODE 0x8030000001000006
#define REG_PC 0x8030000002000000
#define REG_A0 0x803000000200000a
#define REG_A1 0x803000000200000b
#define REG_TIMER_FREQUENCY 0x8030000004000000

struct vm_board {
	struct uart uart;
	uint64_t tree_sum; /* ram_sum() of the tree's place, as it was written */
};

/* What the image asks of the start. */
struct start {
	uint64_t entry;
	bool has_tree;
	uint64_t initrd, initrd_end;
};

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

static uint64_t get_reg(const struct vm_vcpu *v, uint64_t id)
{
	uint64_t value = 0;
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(v->fd, KVM_GET_ONE_REG, &reg) < 0 ? 0 : value;
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
	return get_reg(v, REG_PC);
}

/* --- the device tree: Documentation/devicetree/bindings */

static uint64_t tree_room(const struct vm *vm)
{
	unsigned more = vm->host.vcpus > SMALL_TREE ? vm->host.vcpus - SMALL_TREE : 0;

	return (TREE_ROOM + more * TREE_OF_VCPU + 0xffff) & ~(uint64_t)0xffff;
}

static uint64_t tree_address(const struct vm *vm)
{
	return RAM_START + vm->config.memory - tree_room(vm);
}

static bool has_tree_room(const struct vm *vm)
{
	return ram_find(&vm->ram, tree_address(vm), tree_room(vm));
}

static void describe_chosen(struct fdt *f, const struct vm *vm, const struct start *start)
{
	fdt_begin(f, "chosen");
	fdt_string(f, "stdout-path", "/soc/serial@10000000");
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

/* riscv,isa: the single-letter extensions in their canonical order (riscv/extensions.yaml). */
static void describe_isa(struct fdt *f, const struct vm_vcpu *v)
{
	static const char canonical[] = "imafdqcbvh";
	uint64_t isa = get_reg(v, REG_ISA);
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
	switch (get_reg(v, REG_SATP_MODE)) {
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
	FDT_CELLS(f, "timebase-frequency", (uint32_t)get_reg(&vm->vcpu[0], REG_TIMER_FREQUENCY));
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

static int write_tree(const struct vm *vm, const struct start *start, const struct refusal *why)
{
	struct fdt f;
	size_t room = tree_room(vm);
	uint8_t *at = ram_at(&vm->ram, tree_address(vm), &room);

	fdt_start(&f, at, room);
	fdt_begin(&f, "");
	fdt_string(&f, "compatible", "riscv-virtio");
	fdt_string(&f, "model", "riscv-virtio,kvm-gdbserver");
	FDT_CELLS(&f, "#address-cells", 2);
	FDT_CELLS(&f, "#size-cells", 2);
	describe_chosen(&f, vm, start);
	describe_memory(&f, vm);
	describe_cpus(&f, vm);
	describe_devices(&f);
	fdt_end(&f);
	if (!fdt_finish(&f))
		return refuse(why, -ENOSPC, "the device tree is too large: is the command line too long?");
	vm->board->tree_sum = ram_sum(&vm->ram, tree_address(vm), tree_room(vm));
	return 0;
}

/* --- the image */

/* What comes behind a kernel, of which `end` is the end: its initrd, and the tree. */
static int load_rest(struct vm *vm, const struct load_file *f, uint64_t end, struct start *start, const struct refusal *why)
{
	int err = 0;

	if (vm->config.initrd) {
		err = linux_initrd_load(vm->config.initrd, &vm->ram, end, &start->initrd, &start->initrd_end, why);
		end = start->initrd_end;
	}
	if (!err && end > tree_address(vm))
		err = refuse(why, -ENOSPC, "%s: no room is left for the device tree (--memory)", f->path);
	start->has_tree = true;
	return err;
}

static int load_kernel(struct vm *vm, const struct load_file *f, struct start *start, const struct refusal *why)
{
	uint64_t end;
	int err = linux_image_load(f, &vm->ram, RAM_START, &start->entry, &end, why);

	return err ? err : load_rest(vm, f, end, start, why);
}

static int load_program(struct vm *vm, const struct load_file *f, struct start *start, const struct refusal *why)
{
	struct load_machine machine = { .elf_machine = EM_RISCV };
	struct loaded loaded;
	int err;

	if (vm->config.initrd)
		return refuse(why, -EINVAL, "%s: an initrd is for a Linux Image, which this is not", f->path);
	machine.reserved = tree_address(vm);
	machine.reserved_end = machine.reserved + tree_room(vm);
	err = load_elf(f, &machine, &vm->ram, &loaded, why);
	start->entry = loaded.entry;
	start->has_tree = !loaded.on_reserved && has_tree_room(vm);
	return err;
}

/* For what may look for it: firmware, and what is put together by hand. */
static int add_flash(struct vm *vm, const struct refusal *why)
{
	int err = ram_find(&vm->ram, FLASH, 1) ? 0 : vm_add_flash(vm, FLASH, FLASH_SIZE, why);

	return err || ram_find(&vm->ram, FLASH + FLASH_SIZE, 1) ? err : vm_add_flash(vm, FLASH + FLASH_SIZE, FLASH_SIZE, why);
}

/* As QEMU's -kernel: boot loaders are such files, and look for flash. */
static int load_raw(struct vm *vm, const struct load_file *f, struct start *start, const struct refusal *why)
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
static int load_bios(struct vm *vm, const struct load_file *f, struct start *start, const struct refusal *why)
{
	int err = add_flash(vm, why);

	if (err)
		return err;
	if (load_is_elf(f))
		return load_program(vm, f, start, why);
	start->entry = FLASH;
	start->has_tree = has_tree_room(vm);
	return load_whole(f, &vm->ram, FLASH, 0, why);
}

static int load_image(struct vm *vm, struct start *start, const struct refusal *why)
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
	struct start start = { .entry = RAM_START };
	int err = 0;

	if (vm->config.image || vm->config.bios)
		err = load_image(vm, &start, why);
	else
		start.has_tree = !vm->scratch && has_tree_room(vm);
	if (!err && start.has_tree)
		err = write_tree(vm, &start, why);
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
		err = set_reg(&vm->vcpu[0], REG_A1, start.has_tree ? tree_address(vm) : 0);
	return err ? refuse(why, err, "cannot set a vCPU's registers: %s", strerror(-err)) : 0;
}

/* Whatever is loaded by hand finds a tree, unless it is loaded there itself; another tree is one. */
void vm_arch_set_off(struct vm *vm)
{
	size_t magic = 4;
	uint64_t tree = tree_address(vm);

	if (get_reg(&vm->vcpu[0], REG_A1) == tree && ram_sum(&vm->ram, tree, tree_room(vm)) != vm->board->tree_sum &&
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
