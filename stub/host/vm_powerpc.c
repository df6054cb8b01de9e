/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board of 64-bit Power: what a PAPR partition has, without firmware, and how a vCPU starts on it.
 *
 * Memory: RAM from 0, where the exception vectors are. No device, no interrupt controller. Hypercalls (sc 1, function in r3),
 * by the numbers of QEMU's pseries machine: H_PUT_TERM_CHAR writes to the console, H_GET_TERM_CHAR reads from it, H_RTAS
 * takes the calls `power-off` and `system-reboot`, which end the machine with code 0, H_REGISTER_PROC_TBL takes radix trees.
 * H_CEDE, H_PROD, H_CONFER and the like are KVM's. Another gets H_FUNCTION.
 *
 * Start: every vCPU at the image's entry, in real mode, 64-bit, little-endian, interrupts off; its number in r3, how many there
 * are in r4, the entry in r12 (as a function finds it, 64-Bit ELF V2 ABI, 2.3.2). Without an image pc is 0; what is loaded by
 * hand has one entry, given to one vCPU, and before the first of them runs the others are brought there, with r12, as well.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "known_files.h"
#include "sync_code.h"
#include "vm_arch.h"

/*
 * MSR.SF, ME, LE (Power ISA 3.1B, Book III, Machine State Register); interrupts, too, are taken in little-endian order:
 * LPCR.ILE.
 */
#define MSR_START 0x8000000000001001
#define LPCR_ILE 0x02000000

unsigned long vm_arch_type(int kvm)
{
	(void)kvm;
	return 0; /* kvm-hv where it is loaded (arch/powerpc/kvm/powerpc.c, kvm_arch_init_vm) */
}

bool vm_arch_ram(const struct vm *vm, unsigned n, uint64_t *gpa, uint64_t *size)
{
	*gpa = 0;
	*size = vm->config.memory;
	return n == 0;
}

uint64_t vm_arch_scratch_base(void)
{
	return 0;
}

struct vm_board {
	struct kvm_ppc_mmuv3_cfg mmu; /* guarded by vm.devices: what KVM was told last */
};

int vm_arch_open(struct vm *vm, const struct refusal *why)
{
	vm->board = calloc(1, sizeof(*vm->board));
	if (!vm->board)
		return refuse(why, -ENOMEM, "out of memory");
	vm->told = &vm->board->mmu;
	vm->told_size = sizeof(vm->board->mmu);
	return 0;
}

void vm_arch_close(struct vm *vm)
{
	vm->told = NULL;
	free(vm->board);
	vm->board = NULL;
}

/* --- the vCPUs */

static int start_regs(const struct vm_vcpu *v, uint64_t entry, const struct refusal *why)
{
	struct kvm_regs r = { .pc = entry, .msr = MSR_START, .gpr = { [3] = v->nr, [4] = v->vm->host.vcpus, [12] = entry } };

	return ioctl(v->fd, KVM_SET_REGS, &r) < 0 ? vm_refuse_errno(why, "cannot set a vCPU's registers") : 0;
}

static int start_lpcr(const struct vm_vcpu *v, const struct refusal *why)
{
	uint64_t lpcr = 0;
	struct kvm_one_reg reg = { .id = KVM_REG_PPC_LPCR_64, .addr = (uintptr_t)&lpcr };

	if (ioctl(v->fd, KVM_GET_ONE_REG, &reg) < 0)
		return vm_refuse_errno(why, "cannot read a vCPU's LPCR");
	lpcr |= LPCR_ILE;
	return ioctl(v->fd, KVM_SET_ONE_REG, &reg) < 0 ? vm_refuse_errno(why, "cannot set a vCPU's LPCR") : 0;
}

static int start_vcpu(const struct vm_vcpu *v, uint64_t entry, const struct refusal *why)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	int err;

	if (ioctl(v->fd, KVM_ENABLE_CAP, &papr) < 0)
		return vm_refuse_errno(why, "KVM does not give a vCPU hypercalls (KVM_CAP_PPC_PAPR)");
	err = start_lpcr(v, why);
	return err ? err : start_regs(v, entry, why);
}

/* --- the image */

static int load_image(struct vm *vm, uint64_t *entry, const struct refusal *why)
{
	static const struct load_machine machine = { .elf_machine = EM_PPC64 };
	struct loaded loaded;
	struct load_file f;
	int err = load_open(&f, vm->config.image, why);

	if (err)
		return err;
	if (!load_is_elf(&f))
		err = known_refuse(&f, "ppc64le", why);
	if (!err)
		err = load_elf(&f, &machine, &vm->ram, &loaded, why);
	load_close(&f);
	*entry = loaded.entry;
	return err;
}

/*
 * An exception in a scratch VM is to end its run: every vector, on its 0x20 boundary, is a hypercall. See Book III, Interrupt
 * Definitions.
 */
#define VECTORS_END 0x3000
#define VECTOR_SIZE 0x20

static void write_scratch_vectors(struct vm *vm)
{
	static const uint8_t sc_1[] = { 0x22, 0x00, 0x00, 0x44 };

	for (unsigned at = 0; at < VECTORS_END; at += VECTOR_SIZE)
		ram_write(&vm->ram, at, sc_1, sizeof(sc_1));
}

int vm_arch_start(struct vm *vm, const struct refusal *why)
{
	uint64_t entry = 0;
	int err = 0;

	if (vm->config.initrd || vm->config.append)
		return refuse(
			why, -EINVAL, "an initrd and a command line are for a Linux Image, which this machine does not take");
	if (vm->config.bios)
		return refuse(why, -EINVAL, "--bios %s: this machine has no flash", vm->config.bios);
	if (vm->config.image)
		err = load_image(vm, &entry, why);
	if (vm->config.has_entry)
		entry = vm->config.entry;
	if (vm->scratch)
		write_scratch_vectors(vm);
	for (unsigned i = 0; !err && i < vm->host.vcpus; i++)
		err = start_vcpu(&vm->vcpu[i], entry, why);
	return err;
}

static void set_off(const struct vm_vcpu *v, uint64_t entry)
{
	struct kvm_regs r;

	if (ioctl(v->fd, KVM_GET_REGS, &r) < 0)
		return;
	if (!r.pc)
		r.pc = entry;
	if (!r.gpr[12])
		r.gpr[12] = r.pc;
	ioctl(v->fd, KVM_SET_REGS, &r);
}

/* A vCPU at 0 has not been given an entry: its entry is that of the first that has. */
void vm_arch_set_off(struct vm *vm)
{
	uint64_t entry = 0;

	for (unsigned i = 0; i < vm->host.vcpus && !entry; i++)
		entry = vm_arch_pc(&vm->vcpu[i]);
	for (unsigned i = 0; i < vm->host.vcpus; i++)
		set_off(&vm->vcpu[i], entry);
}

/* --- exits */

const bool vm_arch_posts_writes = false;

bool vm_arch_device(const struct vm *vm, unsigned n, struct host_area *area)
{
	(void)vm;
	(void)n;
	(void)area;
	return false;
}

const char *const vm_arch_modes[] = { NULL };

unsigned vm_arch_vcpus_max(const struct vm *vm, const char **what)
{
	(void)vm;
	*what = "";
	return UINT_MAX;
}

/* At an access that KVM has emulated, it is past the instruction already (emulate_loadstore.c). */
uint64_t vm_arch_pc(const struct vm_vcpu *v)
{
	struct kvm_regs r;

	if (ioctl(v->fd, KVM_GET_REGS, &r) < 0)
		return 0;
	return v->run->exit_reason == KVM_EXIT_MMIO ? r.pc - 4 : r.pc;
}

/* What was typed waits until it is asked for. */
bool vm_arch_takes(const struct vm *vm)
{
	(void)vm;
	return false;
}

void vm_arch_receive(struct vm *vm, uint8_t byte)
{
	(void)vm;
	(void)byte;
}

bool vm_arch_mmio(struct vm *vm, struct vm_access *a)
{
	(void)vm;
	(void)a;
	return false;
}

/*
 * PAPR, Hypervisor Call Functions; QEMU has H_RTAS, for its firmware to pass calls on, and its tokens, in
 * include/hw/ppc/spapr.h.
 */
#define H_GET_TERM_CHAR 0x54
#define H_PUT_TERM_CHAR 0x58
#define H_REGISTER_PROC_TBL 0x37c
#define H_RTAS 0xf000

#define H_SUCCESS 0
#define H_HARDWARE -1
#define H_FUNCTION -2
#define H_PARAMETER -4

#define RTAS_POWER_OFF 0x2003
#define RTAS_SYSTEM_REBOOT 0x2004

#define TERM_CHARS 16 /* in two registers, the first one in the highest byte */

/* A hypercall's arguments, r4 and up, become its results; its return value goes to *ret. */
typedef enum vm_served hypercall_fn(struct vm_vcpu *v, __u64 *args, int64_t *ret, struct vcpu_exit *exit);

/* The terminal's number, args[0], is not looked at: there is one. */
static enum vm_served put_term_char(struct vm_vcpu *v, __u64 *args, int64_t *ret, struct vcpu_exit *exit)
{
	(void)exit;
	if (args[1] > TERM_CHARS) {
		*ret = H_PARAMETER;
		return VM_SERVED;
	}
	for (unsigned i = 0; i < args[1]; i++)
		vm_console(v, args[2 + i / 8] >> (56 - 8 * (i % 8)) & 0xff);
	return VM_SERVED;
}

/* How many characters there are, and they. */
static enum vm_served get_term_char(struct vm_vcpu *v, __u64 *args, int64_t *ret, struct vcpu_exit *exit)
{
	uint8_t byte;

	(void)ret;
	(void)exit;
	args[0] = args[1] = args[2] = 0;
	while (args[0] < TERM_CHARS && input_take(&v->vm->input, &byte)) {
		args[1 + args[0] / 8] |= (uint64_t)byte << (56 - 8 * (args[0] % 8));
		args[0]++;
	}
	return VM_SERVED;
}

/* args[0] is the address of the call: big-endian words, the token first. */
static enum vm_served rtas(struct vm_vcpu *v, __u64 *args, int64_t *ret, struct vcpu_exit *exit)
{
	uint32_t token = 0;

	ram_read(&v->vm->ram, args[0], &token, sizeof(token));
	switch (be32toh(token)) {
	case RTAS_POWER_OFF:
		return vm_ended(exit, 0);
	case RTAS_SYSTEM_REBOOT:
		return vm_asks_reset(exit);
	default:
		*ret = H_PARAMETER;
		return VM_SERVED;
	}
}

/* Flags of H_REGISTER_PROC_TBL (arch/powerpc/include/asm/hvcall.h, PROC_TABLE_*). */
#define PROC_TABLE_NEW_RADIX 0x1c
#define PROC_TABLE_GTSE 0x01

/* What KVM is told (Book III, Partition Table Entries, second doubleword; arch/powerpc/include/asm/book3s/64/mmu.h). */
#define PATB_GR (1ull << 63)
#define PRTB_MASK 0x0ffffffffffff000ull
#define PRTS_MAX 24

static int tell_kvm(struct vm *vm, const struct kvm_ppc_mmuv3_cfg *mmu)
{
	int err;

	pthread_mutex_lock(&vm->devices);
	err = ioctl(vm->fd, KVM_PPC_CONFIGURE_V3_MMU, mmu) < 0 ? -errno : 0;
	if (!err)
		vm->board->mmu = *mmu;
	pthread_mutex_unlock(&vm->devices);
	return err;
}

/*
 * flags, the table's address, a page size that radix trees have not, log2 of the table's size less 12. There is no hash table
 * here, and where KVM has no radix trees there is no such call.
 */
static enum vm_served register_proc_tbl(struct vm_vcpu *v, __u64 *args, int64_t *ret, struct vcpu_exit *exit)
{
	struct kvm_ppc_mmuv3_cfg mmu = {
		.flags = KVM_PPC_MMUV3_RADIX | (args[0] & PROC_TABLE_GTSE ? KVM_PPC_MMUV3_GTSE : 0),
		.process_table = PATB_GR | args[1] | args[3],
	};
	int err;

	(void)exit;
	if ((args[0] & ~PROC_TABLE_GTSE) != PROC_TABLE_NEW_RADIX || args[1] & ~PRTB_MASK || args[2] || args[3] > PRTS_MAX) {
		*ret = H_PARAMETER;
		return VM_SERVED;
	}
	err = tell_kvm(v->vm, &mmu);
	if (err)
		*ret = err == -ENODEV || err == -EINVAL ? H_FUNCTION : H_HARDWARE;
	return VM_SERVED;
}

static const struct {
	uint64_t nr;
	hypercall_fn *serve;
} hypercalls[] = {
	{ H_GET_TERM_CHAR, get_term_char },
	{ H_PUT_TERM_CHAR, put_term_char },
	{ H_REGISTER_PROC_TBL, register_proc_tbl },
	{ H_RTAS, rtas },
};

static enum vm_served serve_hypercall(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	struct kvm_run *run = v->run;
	enum vm_served served = VM_SERVED;
	int64_t ret = H_FUNCTION;

	v->pending = true;
	if (v->vm->scratch)
		return vm_stuck(exit, "a hypercall, or an exception");
	for (unsigned i = 0; i < sizeof(hypercalls) / sizeof(hypercalls[0]); i++) {
		if (hypercalls[i].nr == run->papr_hcall.nr) {
			ret = H_SUCCESS;
			served = hypercalls[i].serve(v, run->papr_hcall.args, &ret, exit);
		}
	}
	run->papr_hcall.ret = (uint64_t)ret;
	return served;
}

enum vm_served vm_arch_exit(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	return v->run->exit_reason == KVM_EXIT_PAPR_HCALL ? serve_hypercall(v, exit) : VM_NOT_MINE;
}

/* Of POWER8 and later (their user's manuals, "cache"). */
#define CACHE_LINE 128

/* Book II, Instruction Storage: what was written is to reach memory, and no fetch to be older than it. */
void sync_code(uint8_t *hva, size_t len)
{
	uintptr_t start = (uintptr_t)hva & ~(uintptr_t)(CACHE_LINE - 1), end = (uintptr_t)hva + len;

	for (uintptr_t at = start; at < end; at += CACHE_LINE)
		__asm__ volatile("dcbst 0, %0" : : "r"(at) : "memory");
	__asm__ volatile("sync" : : : "memory");
	for (uintptr_t at = start; at < end; at += CACHE_LINE)
		__asm__ volatile("icbi 0, %0" : : "r"(at) : "memory");
	__asm__ volatile("sync\n\tisync" : : : "memory");
}

/* KVM lists no registers here (KVM_GET_REG_LIST), and has part of the guest's page tables' state where it is not told of. */
bool vm_arch_state(struct vm *vm, struct state *s)
{
	(void)vm;
	return state_refuse(s, -EOPNOTSUPP, "a machine cannot be saved on Power");
}
