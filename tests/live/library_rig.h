/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM of tests/examples that does to its vCPUs what VMMs do, and a debugger's end of the connection, in one process: for library.c. Whatever
 * goes wrong in the rig itself ends the program.
 */
#ifndef LIBRARY_RIG_H
#define LIBRARY_RIG_H

#include <kvmgdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../examples/machine.h"
#include "../lib/patience.h"

/* As guest.c numbers them. */
enum {
	MODE_DEMO,
	MODE_SPIN,
	MODE_NO_DEVICE,
	MODE_SMP,
	MODE_TRAPS,
	MODE_INTERRUPTS,
	MODE_HALT,
	MODE_STORM
};

struct rig_vcpu {
	struct rig *rig;
	struct vcpu *v;
	_Atomic pid_t tid;
	_Atomic unsigned long runs, exits, eintr; /* runs that came back; with an exit to serve; with EINTR */
	_Atomic unsigned long wrong_reason;	  /* of those with EINTR: exit_reason was not KVM_EXIT_INTR */
	_Atomic unsigned long debug_exits;	  /* which no VMM expects */
	atomic_bool in_handler;			  /* it serves an exit */
	atomic_bool leaves;			  /* its thread is to end */
	bool gone;				  /* rig_drop() */
};

struct rig {
	struct machine m;
	struct kvmgdb *gdb;
	struct rig_vcpu vcpus[MACHINE_VCPUS];
	size_t stack;	       /* of each vCPU's thread; 0: the usual one */
	void (*prepare)(void); /* by each vCPU's thread, behind its first run; or NULL */
	atomic_uint pause;     /* the VMM holds its vCPUs outside of runs: so many of them are to be held */
	atomic_uint paused;    /* so many are */
	atomic_bool stays;     /* the first one serves its next exit for as long as this is set */
	atomic_bool ends;      /* the threads are to end */
	atomic_int event;      /* the next exit is one of these, of enum kvmgdb_event, with this text; 0: none */
	const char *event_text;
	uint64_t run_signals;
	int kick; /* a signal that the threads block, and KVM lets in; or 0 */
	atomic_bool by_halves;
	bool started;
};

/* With a configuration, of which descriptors and size are filled in. kick is config.run_signals' with which the VMM calls out, or 0. */
void rig_open_as(struct rig *r, const char *image, unsigned vcpus, int mode, struct kvmgdb_config config, int kick);

static inline void rig_open(struct rig *r, const char *image, unsigned vcpus, int mode, uint32_t flags)
{
	rig_open_as(r, image, vcpus, mode, (struct kvmgdb_config){ .flags = flags }, 0);
}

void rig_start(struct rig *r);
void rig_close(struct rig *r);

/* A vCPU's thread ends, and the library is told that the vCPU is gone. */
void rig_drop(struct rig *r, unsigned nr);

/* And: it has one again, and the library is told that the vCPU has come. */
void rig_take_back(struct rig *r, unsigned nr);

/* The guest counts; nobody counts for a while. */
bool rig_runs(const struct rig *r);
bool rig_stands(const struct rig *r);
unsigned long rig_debug_exits(const struct rig *r);

/* A symbol of the image. And, where it is in RAM, as we have it. */
uint64_t rig_symbol(const struct rig *r, const char *name, uint64_t *size);
void *rig_at(const struct rig *r, const char *name);

/* The VMM's pause: each vCPU is called out, and is outside of a run when this returns true. And: they go on. */
bool rig_pause(struct rig *r);
void rig_resume(struct rig *r);

/* The first vCPU's thread serves an exit from now on. And: it is through with that, in the library, and the client of a stopped guest knows. */
void rig_stay(struct rig *r);
void rig_come_back(struct rig *r, int fd);

/* The client has left, as the library sees it. */
bool rig_is_left(const struct rig *r);

/* ---- a debugger */

/* Connected; the guest is stopped for it. -1: it is not. */
int client_open(struct rig *r);

/* The same, and the guest stands at a breakpoint of tick(), which it has met so many times. */
int client_at_tick(struct rig *r, unsigned times);

/* The same, while the first vCPU's thread stays in the VMM: the guest was let go, the thread serves an exit (rig_stay), and Ctrl-C was answered. */
int client_while_away(struct rig *r, bool *stopped);

/* What is answered, within so many milliseconds; "" if nothing is. In a buffer of its own, until the next one. */
const char *client_ask(int fd, int ms, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *client_wait(int fd, int ms);
const char *client_notified(int fd, int ms);
void client_say(int fd, const char *packet);
void client_interrupt(int fd);

/* Ctrl-C: is there a stop? */
bool client_stop(int fd);

/* FNV-1a of the guest's code, as it is in RAM. */
uint64_t rig_code(const struct rig *r);

/* The kind of a breakpoint, in packets. */
#if defined(__x86_64__)
#define KIND 1
#elif defined(__riscv)
#define KIND 2
#else
#define KIND 4
#endif

/* A breakpoint, by the packet Z0, z0, Z1 or z1, at a symbol of the image: what is answered. */
const char *client_break(const struct rig *r, int fd, const char *packet, const char *where);

/* A `monitor` command: the last answer, behind what it prints, which is kept in text, hexadecimal. */
const char *client_monitor(int fd, const char *line, char *text, size_t size);

/* Are these words in a text, which is hexadecimal? */
bool client_says(const char *said, const char *words);

/* Were planted opcodes seen to work on this KVM? As `monitor capabilities` has it. */
bool client_sees_plants(int fd);

#endif
