/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VMMs of this folder have in common, and what has nothing to do with a debugger: KVM, RAM, an ELF image, vCPUs (machine.c), and the
 * board around them (board_ARCH.c). The memory maps are those of QEMU's machines. Whatever fails ends the program.
 */
#ifndef EXAMPLES_MACHINE_H
#define EXAMPLES_MACHINE_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MACHINE_VCPUS 8
#define MACHINE_RAM 0x8000000

struct vcpu {
	struct machine *machine;
	unsigned nr;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	struct kvmgdb_vcpu *gdb; /* the VMM's */
};

struct machine {
	int kvm, vm;
	uint8_t *ram; /* MACHINE_RAM bytes, in slot 0 */
	const char *image;
	unsigned n;
	struct vcpu vcpus[MACHINE_VCPUS];
};

void machine_open(struct machine *m, const char *image, unsigned vcpus);

/* Loads the image and brings each vCPU to its start, also to reset the machine: 0. */
int machine_start(void *machine);

/* Ends the program. */
int machine_end(void *machine);

/* What a vCPU's exit wants. */
enum served {
	SERVED,
	RESETS, /* the machine is to start over */
	ENDS	/* it is over, with *code */
};

enum served machine_serve(struct vcpu *v, int *code);

/* Of the board. */
extern const uint64_t board_ram;
unsigned long board_type(int kvm);
void board_create(struct machine *m);	    /* before the vCPUs */
void board_finish(struct machine *m);	    /* when they are there */
void board_start(struct vcpu *v, uint64_t entry);
enum served board_serve(struct vcpu *v, int *code);
void board_print(const void *text, size_t n);

#ifdef __cplusplus
}
#endif

#endif
