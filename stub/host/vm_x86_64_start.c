/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a vCPU starts on the x86-64 board.
 *
 * What lies at LOW_START..LOW_END is the board's: page tables, a GDT, a TSS and the first stacks. An image must not need that range;
 * it may use it when it has its own of all these.
 *
 * All vCPUs at once are at the image's entry (0x100000 when there is none), at privilege level 0, with flat segments, an
 * empty IDT, interrupts off, SSE on: in 64-bit mode with the low 4 GiB mapped one to one, or, when the image is a 32-bit one, in
 * protected mode without paging. rdi is the number of the vCPU, rsi how many there are. rsp is the end of a small stack of its own
 * (8 KiB, shared out to all vCPUs), set as after a call from address 0: the entry can be a C function that does not return.
 *
 * A boot sector is started as a PC does it, in real mode at 0:0x7c00 (IBM, BIOS interface technical reference, INT 19H), but for
 * the BIOS: in its place are vectors that say that there is none. Nothing else in RAM is the board's then, and the stack ends where the
 * code begins.
 *
 * An empty machine starts in the mode that its user says, 64-bit mode unless they do. What a debugger loads into it has one entry,
 * which the debugger gives to one vCPU; the others are brought there as well before the first of them runs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vm_x86_64.h"
#include "vm_x86_64_images.h"

#define BOOT_DRIVE 0x80 /* in dl */

#define PML4 0x1000
#define PDPT 0x2000
#define PAGE_DIRECTORIES 0x3000 /* four, a GiB each */
#define GDT 0x7000
#define TSS 0x7800

/* Intel SDM volume 3, 4.5.4, table 4-15 to 4-18 */
#define PTE_PRESENT 0x1
#define PTE_WRITE 0x2
#define PTE_LARGE 0x80

/* SDM volume 3, 2.5; EFER: 2.2.1 */
#define CR0_START 0x80010033 /* PG WP NE ET MP PE */
#define CR4_START 0x600	     /* OSFXSR OSXMMEXCPT */
#define CR4_PAE 0x20	     /* of long mode; a 32-bit image that turns paging on may have tables of two levels */
#define EFER_START 0x500     /* LME LMA */
#define CR0_PLAIN 0x11	     /* ET PE */
#define CR0_PAGING 0x80000000ull
#define APIC_BASE_X2APIC 0x400 /* SDM volume 3, 10.12.1 */

/* The names that run/ has for the modes. */
const char *const vm_arch_modes[] = {
	[START_LONG] = "x86-64", [START_PROTECTED] = "i386", [START_REAL] = "i8086", [STARTS] = NULL
};

/* --- tables in low memory; the guest has not run yet, so they are written directly */

static uint64_t *table_at(const struct vm *vm, uint64_t gpa)
{
	return (uint64_t *)(void *)(vm->ram.slot[0].hva + gpa);
}

static void write_page_tables(const struct vm *vm)
{
	uint64_t *directory = table_at(vm, PAGE_DIRECTORIES);

	*table_at(vm, PML4) = PDPT | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < 4; i++)
		table_at(vm, PDPT)[i] = (PAGE_DIRECTORIES + i * 0x1000) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < 4 * 512; i++)
		directory[i] = i << 21 | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
}

/* Linux: __BOOT_CS is 0x10, __BOOT_DS behind it (Documentation/arch/x86/boot.rst, "64-bit boot protocol"). */
static unsigned code_entry(const struct x86_start *start)
{
	return start->is_linux ? 2 : 1;
}

/* The selectors are indices into this table times 8. SDM volume 3, 3.4.5 and 7.2.3. */
static void write_gdt(const struct vm *vm, const struct x86_start *start)
{
	uint64_t *gdt = table_at(vm, GDT) + code_entry(start);

	gdt[0] = start->mode == START_LONG ? 0x00af9b000000ffff : 0x00cf9b000000ffff; /* code, 64-bit or 32-bit */
	gdt[1] = 0x00cf93000000ffff;						      /* data */
	gdt[2] = 0x00008b0000000067 | (uint64_t)(TSS & 0xffffff) << 16;		      /* busy TSS; its upper half is zero */
}

/* --- registers */

static void set_segments(struct kvm_sregs *s, const struct x86_start *start)
{
	uint16_t first = (uint16_t)(code_entry(start) * 8);
	struct kvm_segment code = { .limit = 0xffffffff, .selector = first, .type = 11, .present = 1, .s = 1, .g = 1 };
	struct kvm_segment data = {
		.limit = 0xffffffff, .selector = first + 8, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1
	};
	struct kvm_segment task = { .base = TSS, .limit = 0x67, .selector = first + 16, .type = 11, .present = 1 };

	code.l = start->mode == START_LONG;
	code.db = !code.l;
	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->tr = task;
	s->ldt = (struct kvm_segment){ .type = 2, .unusable = 1 };
	s->gdt = (struct kvm_dtable){ .base = GDT, .limit = first + 4 * 8 - 1 };
	s->idt = (struct kvm_dtable){ 0 };
}

static void set_flat_modes(struct kvm_sregs *s, const struct x86_start *start)
{
	set_segments(s, start);
	s->cr0 = CR0_START;
	s->cr4 = CR4_START | CR4_PAE;
	s->efer = EFER_START;
	s->cr3 = PML4;
	if (start->mode == START_LONG)
		return;
	s->cr0 &= ~CR0_PAGING;
	s->cr4 &= ~(uint64_t)CR4_PAE;
	s->efer = 0;
	s->cr3 = 0;
}

/* What the multiboot and the PVH specification have: PE and nothing else; ET is always one. */
static void set_plain(struct kvm_sregs *s)
{
	s->cr0 = CR0_PLAIN;
	s->cr4 = 0;
}

static int start_sregs(const struct vm_vcpu *v, const struct x86_start *start, const struct refusal *why)
{
	struct kvm_sregs s;

	if (ioctl(v->fd, KVM_GET_SREGS, &s) < 0)
		return vm_refuse_errno(why, "cannot read a vCPU's system registers");
	/* A vCPU is in real mode when it is created, as a processor is (SDM volume 3, 9.1.1). */
	if (start->mode == START_REAL)
		s.cs.selector = s.cs.base = 0;
	else
		set_flat_modes(&s, start);
	if (start->plain)
		set_plain(&s);
	/* As firmware leaves it where ids are longer than 8 bits. */
	if (v->vm->host.vcpus > XAPIC_VCPUS)
		s.apic_base |= APIC_BASE_X2APIC;
	return ioctl(v->fd, KVM_SET_SREGS, &s) < 0 ? vm_refuse_errno(why, "cannot bring a vCPU into its mode") : 0;
}

static int start_regs(const struct vm_vcpu *v, const struct x86_start *start, const struct refusal *why)
{
	uint64_t stack = (STACKS_END - STACKS) / v->vm->host.vcpus & ~(uint64_t)(STACK_MIN - 1);
	uint64_t word = start->mode == START_LONG ? 8 : 4;
	struct kvm_regs r = {
		.rip = start->entry,
		.rflags = 2,
		.rax = start->rax,
		.rbx = start->rbx,
		.rdi = v->nr,
		.rsi = start->is_linux ? start->rsi : v->vm->host.vcpus,
		.rsp = LOW_END - v->nr * stack - word, /* as after a call: System V ABI, 3.2.2 */
	};

	if (start->mode == START_REAL) {
		r.rdx = BOOT_DRIVE;
		r.rsp = BOOT_SECTOR;
	}
	return ioctl(v->fd, KVM_SET_REGS, &r) < 0 ? vm_refuse_errno(why, "cannot set a vCPU's registers") : 0;
}

/* A vCPU that is not the first waits for another to start it, when there is an interrupt controller to do so. */
static int start_running(const struct vm_vcpu *v, const struct refusal *why)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };

	if (!v->vm->board->irqchip)
		return 0;
	return ioctl(v->fd, KVM_SET_MP_STATE, &state) < 0 ? vm_refuse_errno(why, "cannot start a vCPU") : 0;
}

static int start_vcpu(
	const struct vm_vcpu *v, struct kvm_cpuid2 *cpuid, const struct x86_start *start, const struct refusal *why)
{
	int err;

	err = x86_set_cpuid(v, cpuid, why);
	if (err || (start->first_only && v->nr))
		return err;
	err = start_sregs(v, start, why);
	if (!err)
		err = start_regs(v, start, why);
	return err ? err : start_running(v, why);
}

static int start_vcpus(struct vm *vm, const struct x86_start *start, const struct refusal *why)
{
	struct kvm_cpuid2 *cpuid;
	int err = 0;

	if (start->first_only && vm->host.vcpus > 1 && !vm->board->irqchip)
		return refuse(why, -EINVAL, "%u vCPUs: without KVM's APICs this image can start no second one", vm->host.vcpus);
	cpuid = x86_cpuid(vm, why);
	if (!cpuid)
		return -EIO;
	for (unsigned i = 0; !err && i < vm->host.vcpus; i++)
		err = start_vcpu(&vm->vcpu[i], cpuid, start, why);
	free(cpuid);
	return err;
}

static enum x86_mode start_of_mode(const char *mode)
{
	for (unsigned i = 0; mode && i < STARTS; i++)
		if (!strcmp(vm_arch_modes[i], mode))
			return i;
	return START_LONG;
}

static uint64_t empty_entry(enum x86_mode start)
{
	return start == START_REAL ? BOOT_SECTOR : EMPTY_START;
}

int vm_arch_start(struct vm *vm, const struct refusal *why)
{
	struct x86_start start = { .mode = start_of_mode(vm->config.mode) };
	int err = 0;

	start.entry = empty_entry(start.mode);
	if (vm->config.bios)
		return refuse(why, -EINVAL, "--bios %s: a PC's firmware needs a PC's chipset, which this machine has not",
			vm->config.bios);
	if (vm->config.image)
		err = x86_load_image(vm, &start, why);
	else if (vm->config.initrd || vm->config.append)
		err = refuse(why, -EINVAL, "an initrd and a command line are for an image, and there is none");
	if (err)
		return err;
	if (vm->config.has_entry)
		start.entry = vm->config.entry;
	vm->kept = LOW_START;
	vm->kept_end = start.mode == START_REAL ? LOW_START : LOW_END;
	vm->host.mode = start.described ? start.described : vm_arch_modes[start.mode];
	if (start.mode == START_LONG)
		write_page_tables(vm);
	if (start.mode == START_REAL)
		x86_put_vectors(vm);
	else
		write_gdt(vm, &start);
	return start_vcpus(vm, &start, why);
}

static void move_vcpu(const struct vm_vcpu *v, uint64_t from, uint64_t to)
{
	struct kvm_regs r;

	if (ioctl(v->fd, KVM_GET_REGS, &r) < 0 || r.rip != from)
		return;
	r.rip = to;
	ioctl(v->fd, KVM_SET_REGS, &r);
}

/* A vCPU that is where there is nothing has not been given an entry: its entry is that of the first that has. */
void vm_arch_set_off(struct vm *vm)
{
	uint64_t nowhere = empty_entry(start_of_mode(vm->config.mode)), entry = nowhere;

	for (unsigned i = 0; i < vm->host.vcpus && entry == nowhere; i++)
		entry = vm_arch_pc(&vm->vcpu[i]);
	for (unsigned i = 0; i < vm->host.vcpus && entry != nowhere; i++)
		move_vcpu(&vm->vcpu[i], nowhere, entry);
}
