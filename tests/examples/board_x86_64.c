/* SPDX-License-Identifier: BSD-2-Clause */
/* An x86-64 board: each vCPU starts at the entry, in 64-bit mode. COM1's data port; port 0xf4 ends the machine. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "machine.h"

#define PML4 0x1000
#define PDPT 0x2000
#define DIRECTORIES 0x3000 /* four, a GiB each */
#define GDT 0x7000
#define TSS 0x7800
#define STACKS 0x8000
#define STACK 0x800

#define COM1 0x3f8
#define EXIT_PORT 0xf4

const uint64_t board_ram;

unsigned long board_type(int kvm)
{
	(void)kvm;
	return 0;
}

void board_create(struct machine *m)
{
	__u64 identity = 0xfffbc000;

	if (ioctl(m->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0 || ioctl(m->vm, KVM_SET_TSS_ADDR, 0xfffbd000UL) < 0)
		err(1, "KVM's own pages");
	ioctl(m->vm, KVM_CREATE_IRQCHIP, 0);
}

static void set_cpuid(struct vcpu *v)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + 256 * sizeof(cpuid->entries[0]));

	cpuid->nent = 256;
	if (ioctl(v->machine->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) < 0 || ioctl(v->fd, KVM_SET_CPUID2, cpuid) < 0)
		err(1, "vCPU %u: CPUID", v->nr);
	free(cpuid);
}

void board_finish(struct machine *m)
{
	for (unsigned i = 0; i < m->n; i++)
		set_cpuid(&m->vcpus[i]);
}

/* The low 4 GiB are mapped one to one. */
static void write_tables(uint8_t *ram)
{
	uint64_t *pdpt = (uint64_t *)(void *)(ram + PDPT), *directory = (uint64_t *)(void *)(ram + DIRECTORIES);
	uint64_t gdt[4] = { 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00008b0000000067 | TSS << 16 };

	*(uint64_t *)(void *)(ram + PML4) = PDPT | 3;
	for (uint64_t i = 0; i < 4; i++)
		pdpt[i] = (DIRECTORIES + i * 0x1000) | 3;
	for (uint64_t i = 0; i < 4 * 512; i++)
		directory[i] = i << 21 | 0x83;
	memcpy(ram + GDT, gdt, sizeof(gdt));
}

static void set_segments(struct kvm_sregs *s)
{
	struct kvm_segment code = { .limit = 0xffffffff, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1 };
	struct kvm_segment data = { .limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1 };

	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->tr = (struct kvm_segment){ .base = TSS, .limit = 0x67, .selector = 24, .type = 11, .present = 1 };
	s->ldt = (struct kvm_segment){ .type = 2, .unusable = 1 };
	s->gdt = (struct kvm_dtable){ .base = GDT, .limit = 5 * 8 - 1 };
	s->idt = (struct kvm_dtable){ 0 };
}

void board_start(struct vcpu *v, uint64_t entry)
{
	struct kvm_regs r = { .rip = entry, .rflags = 2, .rdi = v->nr, .rsi = v->machine->n, .rsp = STACKS + (v->nr + 1) * STACK - 8 };
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_sregs s;

	write_tables(v->machine->ram);
	if (ioctl(v->fd, KVM_GET_SREGS, &s) < 0)
		err(1, "vCPU %u", v->nr);
	set_segments(&s);
	s.cr0 = 0x80010033;
	s.cr3 = PML4;
	s.cr4 = 0x620;
	s.efer = 0x500;
	if (ioctl(v->fd, KVM_SET_SREGS, &s) < 0 || ioctl(v->fd, KVM_SET_REGS, &r) < 0)
		err(1, "vCPU %u: registers", v->nr);
	ioctl(v->fd, KVM_SET_MP_STATE, &state);
}

enum served board_serve(struct vcpu *v, int *code)
{
	struct kvm_run *run = v->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	size_t size = (size_t)run->io.size * run->io.count;

	if (run->exit_reason == KVM_EXIT_HLT)
		errx(1, "vCPU %u: halted with no interrupt to wake it", v->nr);
	if (run->exit_reason != KVM_EXIT_IO)
		return SERVED;
	if (run->io.direction != KVM_EXIT_IO_OUT)
		memset(data, 0xff, size);
	else if (run->io.port == COM1)
		board_print(data, size);
	*code = data[0];
	return run->io.direction == KVM_EXIT_IO_OUT && run->io.port == EXIT_PORT ? ENDS : SERVED;
}
