/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A simulated machine behind struct host, for tests: registers are bytes in a table, ioctls act on them, runs end as the test
 * has scripted. It can refuse any call, and counts them all.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include <pthread.h>
#include <stdbool.h>

#include "arch/arch.h"

#define SIM_VCPUS 8
#define SIM_CAPS 256
#define SIM_SETS 256

/* A ONE_REG id, or a block by its KEY_BLOCK(nr, 0, 0). */
struct sim_value {
	uint64_t key;
	size_t size;
	uint8_t *bytes;
	bool absent; /* the vCPU has it not: -ENOENT */
};

struct sim_host;

struct sim_vcpu {
	struct sim_value *values;
	unsigned nvalues;

	/* Each run takes the next exit; with none left it lasts until a kick. on_run (or NULL) is called first. */
	const struct vcpu_exit *exits;
	unsigned nexits;
	void (*on_run)(struct sim_host *sim, unsigned vcpu, enum host_run how);
	_Atomic unsigned runs, waits;
	_Atomic bool in_guest; /* on_run() is over, and the run is not */
	bool kicked;
	bool deaf; /* its exit is on the way, and comes before any kick */

	_Atomic uint32_t mp_state; /* KVM_MP_STATE_* */
	unsigned mp_gets;

	/* The last KVM_SET_GUEST_DEBUG, and how many there were. */
	uint32_t debug_control;
	uint8_t debug[ARCH_DEBUG_SIZE];
	unsigned debug_sets;
};

struct sim_host {
	struct host host; /* for the code under test */
	const struct arch *arch;
	struct sim_vcpu vcpu[SIM_VCPUS];
	uint8_t *ram;
	uint64_t ram_base, ram_size;
	int caps[SIM_CAPS];
	bool msr_ids; /* KVM_GET_ONE_REG knows MSRs, whatever caps say */

	/* Has it KVM_GET_MANY_REGS? Requests are refused with many_err, if that is not 0, before an entry is tried. */
	bool many_on_vcpu, many_on_device;
	int many_err;
	unsigned interrupt_many; /* the next request ends with EINTR when so many entries are done; 0: it does not */
	unsigned many_requests;	 /* with entries */

	/* KVM_SYNC_* asked for; are the blocks in kvm_run what the vCPU holds? */
	uint64_t sync;
	_Atomic bool synced;

	/* The n-th get or set from now is refused with this error; 0: none is. Counted down. */
	unsigned refuse_get, refuse_set;
	int refuse_err;
	int unreachable; /* what calls() returns instead of doing anything */

	void (*on_reset)(struct sim_host *sim); /* or NULL: nothing is written anew */

	_Atomic unsigned batches, gets, sets;	    /* calls(), and the register ioctls in them */
	uint64_t set_keys[SIM_SETS];		    /* of the first sets, refused ones too */
	_Atomic unsigned code_syncs, resets, reads; /* of RAM */
	_Atomic unsigned running;		    /* vCPUs that are in a run, on_run() included */
	pthread_mutex_t lock;
	pthread_cond_t kick;
};

/*
 * A machine with every register of the architecture's table, each with a value of its own that is not 0; NULL without memory.
 * sim->host.ops->close() ends it.
 */
struct sim_host *sim_open(const struct arch *arch, unsigned vcpus, uint64_t ram_base, uint64_t ram_size);

/* The bytes of an id, or of a field of a block; NULL when the table has it not. */
uint8_t *sim_bytes(struct sim_host *sim, unsigned vcpu, uint64_t key);

/* The same as a number of at most 8 bytes. */
uint64_t sim_get(struct sim_host *sim, unsigned vcpu, uint64_t key);
void sim_set(struct sim_host *sim, unsigned vcpu, uint64_t key, uint64_t value);

/* Take an id from the vCPU, or give it one that the table has not. */
void sim_remove(struct sim_host *sim, unsigned vcpu, uint64_t key);
bool sim_add(struct sim_host *sim, unsigned vcpu, uint64_t key);

/* sim_memory.c, for the table in sim_host.c */
ssize_t sim_read_mem(struct host *h, uint64_t gpa, void *buf, size_t len);
ssize_t sim_write_mem(struct host *h, uint64_t gpa, const void *buf, size_t len);
bool sim_area(struct host *h, unsigned n, struct host_area *area);
void sim_sync_code(struct host *h, uint64_t gpa, size_t len);
int sim_reset(struct host *h, char *error, size_t size);

#endif
