/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine on KVM: its memory, its image, its vCPUs. */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine.h"

static void create_vcpu(struct machine *m, unsigned nr)
{
	struct vcpu *v = &m->vcpus[nr];
	size_t size = (size_t)ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	v->machine = m;
	v->nr = nr;
	v->fd = ioctl(m->vm, KVM_CREATE_VCPU, (unsigned long)nr);
	v->run = v->fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED)
		err(1, "vCPU %u", nr);
}

void machine_open(struct machine *m, const char *image, unsigned vcpus)
{
	struct kvm_userspace_memory_region ram = { .guest_phys_addr = board_ram, .memory_size = MACHINE_RAM };

	*m = (struct machine){ .image = image, .n = vcpus < MACHINE_VCPUS ? vcpus : MACHINE_VCPUS };
	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	m->vm = m->kvm < 0 ? -1 : ioctl(m->kvm, KVM_CREATE_VM, board_type(m->kvm));
	m->ram = mmap(NULL, MACHINE_RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ram.userspace_addr = (uintptr_t)m->ram;
	if (m->vm < 0 || m->ram == MAP_FAILED || ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &ram) < 0)
		err(1, "/dev/kvm");
	board_create(m);
	for (unsigned i = 0; i < m->n; i++)
		create_vcpu(m, i);
	board_finish(m);
}

static void load_segment(struct machine *m, int file, const Elf64_Phdr *p)
{
	uint64_t at = p->p_paddr - board_ram;

	if (at > MACHINE_RAM || p->p_memsz > MACHINE_RAM - at || p->p_filesz > p->p_memsz)
		errx(1, "%s: does not fit into memory", m->image);
	memset(m->ram + at, 0, p->p_memsz);
	if (pread(file, m->ram + at, p->p_filesz, (off_t)p->p_offset) != (ssize_t)p->p_filesz)
		errx(1, "%s: is cut off", m->image);
}

/* Where it begins. Segments are loaded where they are linked to. */
static uint64_t load_image(struct machine *m)
{
	int file = open(m->image, O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr head;
	Elf64_Phdr p;

	if (file < 0 || read(file, &head, sizeof(head)) != sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG))
		err(1, "%s: no ELF image", m->image);
	for (unsigned i = 0; i < head.e_phnum; i++) {
		if (pread(file, &p, sizeof(p), (off_t)(head.e_phoff + i * sizeof(p))) != sizeof(p))
			errx(1, "%s: is cut off", m->image);
		if (p.p_type == PT_LOAD)
			load_segment(m, file, &p);
	}
	close(file);
	return head.e_entry;
}

int machine_start(void *machine)
{
	struct machine *m = machine;
	uint64_t entry = load_image(m);

	for (unsigned i = 0; i < m->n; i++)
		board_start(&m->vcpus[i], entry);
	return 0;
}

int machine_end(void *machine)
{
	(void)machine;
	exit(0);
}

void board_print(const void *text, size_t n)
{
	if (write(STDOUT_FILENO, text, n) < 0)
		return;
}

enum served machine_serve(struct vcpu *v, int *code)
{
	struct kvm_run *run = v->run;

	*code = 0;
	switch (run->exit_reason) {
	case KVM_EXIT_INTR:
		return SERVED;
	case KVM_EXIT_SYSTEM_EVENT:
		return run->system_event.type == KVM_SYSTEM_EVENT_RESET ? RESETS : ENDS;
	case KVM_EXIT_SHUTDOWN:
		return RESETS;
	case KVM_EXIT_MMIO:
		/* Nothing is there, unless the board has it. */
		if (!run->mmio.is_write)
			memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
		return board_serve(v, code);
	case KVM_EXIT_FAIL_ENTRY:
	case KVM_EXIT_INTERNAL_ERROR:
	case KVM_EXIT_DEBUG:
		errx(1, "vCPU %u: exit reason %u", v->nr, run->exit_reason);
	default:
		return board_serve(v, code);
	}
}
