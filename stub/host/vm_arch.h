/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between vm.c, which is the same everywhere, and vm_<arch>.c, one of which the build takes: the board. It knows the memory
 * map, the devices, how an image starts, and the registers that starting takes; no others, and no debugger.
 */
#ifndef VM_ARCH_H
#define VM_ARCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <linux/kvm.h>

#include "../refuse.h"
#include "host.h"
#include "image.h"
#include "input.h"
#include "load.h"
#include "output.h"
#include "ram.h"
#include "snapshot.h"
#include "state.h"
#include "vm_config.h"

/* The board's own state: what vm_<arch>.c says it is. */
struct vm_board;

struct vm_vcpu {
	struct vm *vm;
	unsigned nr;
	int fd;		     /* -1: there is no vCPU */
	struct kvm_run *run; /* written by its own thread only, but for immediate_exit */
	size_t run_size;
	bool pending;	       /* an access was served and KVM has not taken the result yet */
	atomic_bool synced;    /* what KVM copied into kvm_run is still true */
	bool can_kick;	       /* `thread` takes the kick signal */
	uint64_t irqchip_attr; /* what makes an attribute of vm->irqchip this vCPU's */
	pthread_t thread;      /* which ran it last */

	pthread_mutex_t lock; /* for what follows, and for run against a kick */
	bool inside;	      /* its thread is in host_ops.run */
	atomic_bool kicked;
};

struct vm {
	struct host host;
	struct vm_config config;
	bool scratch;  /* no device, no image, no kick signal */
	int given_kvm; /* /dev/kvm as the opener had it, or -1 */
	int kvm, fd;   /* -1: none */
	int many;      /* KVM_MANY_REGS_DEVICE, or -1 */
	int irqchip; /* the board's: the KVM device that is the interrupt controller and has attributes for each vCPU, or -1 */
	uint64_t sync; /* KVM_SYNC_* that KVM is to leave in kvm_run */
	struct ram ram;
	uint64_t kept,
		kept_end; /* what the board has in RAM for the start: no other file may lie there; set by vm_arch_start() */
	struct image image;
	struct snapshot snapshot; /* what it is restored from, also by a reset; fd -1: it is not */
	uint64_t seed; /* for the guest to place its kernel by (KASLR), the same after a reset; 0: none could be had */
	struct vm_vcpu *vcpu;
	struct output output;
	struct input input;
	bool receives;		 /* guarded by `devices`: the board has a device, which can be given what was typed */
	pthread_mutex_t devices; /* for what the board's devices are made of */
	struct vm_board *board;
	const void *told; /* HOST_TOLD's told_size bytes, kept by the board and guarded by `devices`; NULL: there are none */
	size_t told_size;
};

/* An access to a device, by memory or by port. */
struct vm_access {
	uint64_t addr;
	uint8_t *data; /* of size bytes, the guest's byte order: to be filled in by a read */
	unsigned size; /* 1, 2, 4 or 8 */
	bool write;
	int console; /* out: a byte for the console; -1, as it is set before: none */
	bool resets; /* out: by it the guest asks for a reset */
	bool ends;   /* out: by it the guest has ended itself, with code */
	int code;
};

enum vm_served {
	VM_NOT_MINE, /* the exit is none of the board's */
	VM_SERVED,   /* the guest can go on */
	VM_REPORT    /* struct vcpu_exit is filled in */
};

/* For the board: the values of an access as a number; a write to it takes as many bytes as there are. */
uint64_t vm_value(const struct vm_access *a);
void vm_set_value(struct vm_access *a, uint64_t value);

/* For the board: an access that nobody serves, reported unless host.open_bus is set. space is "port " or "", in front of the address. */
enum vm_served vm_nothing_there(struct vm_vcpu *v, struct vm_access *a, const char *space, struct vcpu_exit *exit);

/* For the board: a byte of console output; -1: none. Does not wait for the console: the vCPU does, before it executes more. */
void vm_console(struct vm_vcpu *v, int byte);

/* For the board, with vm->devices held: gives the device of vm_arch_receive() what was typed and it takes. Behind each access to it. */
void vm_feed(struct vm *vm);

/* The board's device is there, and is given what waits; or it is about to go. */
void vm_console_receives(struct vm *vm, bool receives);

/* For the board: fill in an exit. The sentence is cut to its place. */
enum vm_served vm_ended(struct vcpu_exit *exit, int code);
enum vm_served vm_asks_reset(struct vcpu_exit *exit);
enum vm_served vm_stuck(struct vcpu_exit *exit, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For the board: refuses with "what: reason", the reason being errno's, and returns -errno. */
int vm_refuse_errno(const struct refusal *why, const char *what);

/*
 * For the board, before the vCPUs run: flash, of which the guest reads the bytes, while its commands to it do nothing; further accesses to it
 * are served without the board. 0, or -errno and a sentence.
 */
int vm_add_flash(struct vm *vm, uint64_t gpa, uint64_t size, const struct refusal *why);

/* For vcpu.c: an access to what vm_add_flash() has added. */
bool vm_flash_access(const struct vm *vm, struct vm_access *a);

/* For vm.c: the files of config.load, each to its place. */
int vm_load_files(struct vm *vm, const struct refusal *why);

/* For vm.c and what else makes slots: KVM is told of one that vm->ram has. */
int vm_give_slot(struct vm *vm, const struct ram_slot *s, const struct refusal *why);

/*
 * What follows is the board's. Building goes in this order; each returns 0, or -errno and a sentence. After a failure
 * vm_arch_close() is called, and it may be called twice.
 */

/* The argument of KVM_CREATE_VM. */
unsigned long vm_arch_type(int kvm);

/* The n-th piece of RAM, for so many bytes of memory; a scratch VM may have some more. False when there are no more. */
bool vm_arch_ram(const struct vm *vm, unsigned n, uint64_t *gpa, uint64_t *size);

/* Where the RAM of a scratch VM begins that its user may use. */
uint64_t vm_arch_scratch_base(void);

/* How many vCPUs the board has room for, and the reason, a few words. The VM is created and has nothing in it. */
unsigned vm_arch_vcpus_max(const struct vm *vm, const char **what);

/* The VM has RAM and no vCPUs yet: allocates vm->board, creates what must be there first. */
int vm_arch_open(struct vm *vm, const struct refusal *why);

/* All vCPUs are created: puts the image into RAM and every vCPU to its start. */
int vm_arch_start(struct vm *vm, const struct refusal *why);

void vm_arch_close(struct vm *vm);

/* The modes, of arch->modes, in which the board can start without an image: ends with NULL. Empty: there is one. */
extern const char *const vm_arch_modes[];

/*
 * A VM without an image is about to run for the first time. What was put into it by hand is made to start as an image does, as far as
 * the one who put it there has not seen to it. A second call changes nothing more.
 */
void vm_arch_set_off(struct vm *vm);

/* KVM may have moved the program counter past a store when it comes out for it. */
extern const bool vm_arch_posts_writes;

/*
 * What there is of the vCPUs, the interrupt controllers, clocks and devices, to be saved or given to a VM that has just been started, whose
 * RAM is loaded already. What is loaded into the board's own structures is hostile. False: it was refused.
 */
bool vm_arch_state(struct vm *vm, struct state *s);

/* The program counter, for sentences; 0 when it cannot be read. */
uint64_t vm_arch_pc(const struct vm_vcpu *v);

/* An access to memory that is not RAM, with vm->devices held: is there a device? */
bool vm_arch_mmio(struct vm *vm, struct vm_access *a);

/* The device that what is typed goes to, with vm->devices held: does it take a byte now? It takes one, and tells the guest. */
bool vm_arch_takes(const struct vm *vm);
void vm_arch_receive(struct vm *vm, uint8_t byte);

/* An exit that only this architecture has. Sets v->pending when KVM waits for an answer. */
enum vm_served vm_arch_exit(struct vm_vcpu *v, struct vcpu_exit *exit);

/* The n-th of the board's devices, those in KVM among them; false when there are no more. */
bool vm_arch_device(const struct vm *vm, unsigned n, struct host_area *area);

#endif
