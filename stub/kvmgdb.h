/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libkvmgdb: a GDB remote stub for a VMM that runs its guest with KVM. gdb, lldb and IDEs connect to the VMM itself.
 *
 * The VMM keeps its vCPU threads and their loops around KVM_RUN, its devices, its event loop and its memory map. It calls
 *
 *	struct kvmgdb_config config = { .size = sizeof(config), .kvm_fd = kvm, .vm_fd = vm };
 *
 *	kvmgdb_open(&config, &gdb, error, sizeof(error))		once
 *	kvmgdb_set_memory(gdb, slot, gpa, size, address, 0)		for each KVM_SET_USER_MEMORY_REGION
 *	kvmgdb_add_vcpu(gdb, index, vcpu_fd, NULL, &vcpu)		for each KVM_CREATE_VCPU
 *	kvmgdb_listen(gdb, ":1234", error, sizeof(error))		when somebody is to debug, be it a day later
 *	kvmgdb_run(vcpu)						in place of ioctl(vcpu_fd, KVM_RUN, 0)
 *
 * and is built by `cc vmm.c $(pkg-config --cflags --libs kvmgdb)`. The library needs libc, and nothing else.
 *
 * Errors. A function that returns an int returns 0, or a value that its comment names, or a negative errno value. Where a
 * person has to mend what is wrong, a sentence is written to `error` as well: NUL-terminated, cut to error_size; error may be
 * NULL. Only kvmgdb_run() sets errno. Nothing here exits, aborts or writes to a standard stream, and no client can make it.
 *
 * Threads. Unless its comment says otherwise, a function may be called by any thread, at any time, also by a vCPU's own between
 * two runs, and waits for nobody. The library has one thread of its own, or none (KVMGDB_NO_THREAD): "the server" is that
 * thread, or whoever is in kvmgdb_dispatch(). The library's thread blocks all signals. Each vCPU is run by one thread, the same
 * one for as long as it can be, since KVM charges a move. A vCPU's thread needs 64 KiB of stack, the server 256 KiB.
 *
 * Signals. A vCPU is called out of KVM_RUN by config.kick, or else by config.kick_signal, to which the library gives a handler
 * that does nothing (SA_ONSTACK, no SA_RESTART) and which it unblocks in vCPU threads. No other signal and no other thread's
 * mask is touched; SIGPIPE is never raised. A handler of the VMM's never interrupts the library where that holds a lock: it may
 * block, and may call kvmgdb_kick().
 *
 * Cost. Before the first client, and between clients, a run makes no system call but KVM_RUN and takes no lock, and KVM is not
 * told of guest debugging. What the VMM itself has told KVM of it (KVM_SET_GUEST_DEBUG) is lost when a client connects.
 *
 * Processes. Descriptors are close-on-exec. A VMM that goes to the background forks before kvmgdb_open(): in a child a handle
 * is of no use, and kvmgdb_close() does nothing: the descriptors are the parent's too. Several VMs in a process are several handles.
 *
 * Guest memory is reached by process_vm_readv(2) and process_vm_writev(2) at the VMM's own addresses: what is not there (an
 * address that was unmapped, a file that was cut) is an error for the client, and never a signal for the VMM.
 *
 * Seccomp. kvmgdb_syscalls() and kvmgdb_ioctls() list what a filter has to let through. kvmgdb_open(), kvmgdb_add_vcpu() and
 * kvmgdb_listen() need more than that, and come before the filter; kvmgdb_serve() does not.
 */
#ifndef KVMGDB_H
#define KVMGDB_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Of this header. Before 1.0 (libkvmgdb.so.0) anything may change; from then on only what is new is added, at the end of
 * structures.
 */
#define KVMGDB_VERSION_MAJOR 0
#define KVMGDB_VERSION_MINOR 1

/* Of the library that is in use, "0.1"; constant. */
const char *kvmgdb_version(void);

struct kvmgdb;	    /* a VM */
struct kvmgdb_vcpu; /* one of its vCPUs */

enum kvmgdb_flag {
	/*
	 * The guest stands, from now on, until a client lets it go: nothing of it is executed before. Else it runs until one
	 * comes.
	 */
	KVMGDB_WAIT = 1 << 0,

	/* No thread: the VMM's event loop polls kvmgdb_poll_fd() and calls kvmgdb_dispatch(). */
	KVMGDB_NO_THREAD = 1 << 1,

	/*
	 * The VMM takes EINTR for fatal: kvmgdb_run() does not fail with it, whatever signals are handled, unless the VMM itself has
	 * asked for that, by kvmgdb_kick() or immediate_exit. Not together with run_signals.
	 */
	KVMGDB_NO_EINTR = 1 << 2,

	/* Every packet, readable, to config.log as KVMGDB_DEBUG. */
	KVMGDB_TRACE = 1 << 3,

	/*
	 * The thread of the vCPU that has stopped the guest serves the client itself while it is in kvmgdb_run() or kvmgdb_enter(), so that
	 * a step takes no switch of threads. It answers what takes no time (steps, breakpoints, registers, memory) and leaves the
	 * rest to the server; of config's functions it calls log, kick, read_memory and write_memory. When the VMM wants
	 * it, it has EINTR as ever, behind the packet that is being answered, and the server serves on. Within kvmgdb_run() signals are blocked
	 * then, and KVM is told to let them in (KVM_SET_SIGNAL_MASK) until that returns: a handler runs behind KVM_RUN, or while the guest stands,
	 * and in either case before kvmgdb_run() fails with EINTR for it.
	 *
	 * Not by default, for what it asks of vCPU threads: 256 KiB of stack, and a seccomp filter that lets through what
	 * kvmgdb_syscalls() and kvmgdb_ioctls() have for KVMGDB_SERVING_VCPU. And the client may wait for 50 ms when the VMM keeps a thread
	 * that has just stopped.
	 */
	KVMGDB_VCPUS_SERVE = 1 << 4
};

/* As syslog(3) numbers them. */
enum kvmgdb_level {
	KVMGDB_INFO = 6, /* clients that come and go, what one was refused and why, stops that nobody is there to see */
	KVMGDB_DEBUG = 7 /* what a client has only asked for, and was refused: gdb asks for what is not there all the time */
};

/* Takes a piece of text, NUL-terminated. */
typedef void kvmgdb_print_fn(void *arg, const char *text);

/*
 * Of a VM. What is zero or NULL is left to the library. Members are added at the end: those beyond `size` count as zero, and
 * those that this library does not know have to be zero.
 */
struct kvmgdb_config {
	size_t size; /* of the structure, as the VMM was compiled */

	uint32_t flags; /* KVMGDB_* */
	int kvm_fd;	/* /dev/kvm; the VMM may close it after kvmgdb_open(). -1: the library opens it */
	int vm_fd;	/* remains the VMM's, and open until kvmgdb_close() */

	/*
	 * The signal that calls vCPUs out, where there is no kick(): nobody else handles it, blocks it in vCPU threads, or
	 * sends it. 0: the highest real-time signal whose disposition is the default.
	 */
	int kick_signal;

	/*
	 * Bit n - 1 is signal n: those that vCPU threads block and KVM lets in (KVM_SET_SIGNAL_MASK). They end a wait in
	 * kvmgdb_run() as they end KVM_RUN. 0 for a VMM that has no such mask.
	 */
	uint64_t run_signals;

	void *opaque; /* the first argument of all that follow */

	/* The functions are called by the server and with no lock held, unless said otherwise. They are to be quick. */

	/* One sentence, without a newline. Any thread, perhaps with locks held: must not call the library. */
	void (*log)(void *opaque, enum kvmgdb_level level, const char *sentence);

	/*
	 * The thread of this vCPU (vcpu is kvmgdb_add_vcpu()'s opaque) is to leave KVM_RUN, in which it is or will be at once:
	 * by a signal that it handles. kvm_run->immediate_exit is set already. Any thread, with locks held: must not call the
	 * library.
	 */
	void (*kick)(void *opaque, void *vcpu);

	/*
	 * Guest-physical memory, in place of process_vm_readv() and process_vm_writev(): where the VMM's mapping cannot be
	 * reached by them, as a shared one that mprotect(2) made read-only. How many bytes, at least one, or -errno; -EFAULT:
	 * there is no RAM. Only within what kvmgdb_set_memory() was told of, in one slot. Any thread.
	 */
	ssize_t (*read_memory)(void *opaque, uint64_t gpa, void *buf, size_t size);
	ssize_t (*write_memory)(void *opaque, uint64_t gpa, const void *buf, size_t size);

	/*
	 * A client wants the guest reset (`run` in gdb, `monitor system_reset`). Every vCPU stands; the VMM resets the guest
	 * before it returns, vCPUs and memory, to its start. 0; or -errno, and the guest is as it was. NULL: the client is told
	 * that this VMM cannot.
	 */
	int (*reset)(void *opaque);

	/* A client wants the guest ended (`kill`). 0: it will be. NULL, or -errno: the client is let go, and the guest runs on. */
	int (*kill)(void *opaque);

	/* A `monitor` command that the library does not know. It may print. 0; -ENOENT: nor does the VMM; or -errno. */
	int (*command)(void *opaque, const char *line, kvmgdb_print_fn *print, void *arg);

	/* A client has come (1), or has gone and nothing of it is left in the guest (0). */
	void (*client)(void *opaque, int connected);
};

/*
 * Nothing of config is looked at later, but for what opaque points to. -E2BIG: a member that this library does not know is set;
 * -EINVAL: a flag that it does not know, a kick signal that is not free, or no descriptor of a VM; -ENOTSUP: KVM, or the
 * architecture, does not do. The first of these tries, in a VM of one vCPU for some milliseconds, what guest debugging really
 * does here: several hosts accept what they then ignore.
 */
int kvmgdb_open(const struct kvmgdb_config *config, struct kvmgdb **gdb, char *error, size_t error_size);

/*
 * As kvmgdb_disconnect(); then the thread ends, and the handle is freed, with those of the vCPUs. No vCPU is in a run by then,
 * or is run by its handle any more. Not from a function of config. NULL is allowed.
 */
void kvmgdb_close(struct kvmgdb *gdb);

/* ---- vCPUs */

/*
 * A vCPU that the VMM has created, at any time; its thread's number for the client is index + 1. KVM is asked nothing of it
 * before its first run, so that it may be set up later (KVM_ARM_VCPU_INIT, registers), also by its own thread. A client that has asked
 * for that (QThreadEvents) is told of it then, before it executes anything. fd remains the VMM's, and open until the vCPU is removed.
 * opaque is for config.kick. -EEXIST: there is one of this index; -EINVAL: fd is not a vCPU; -ENOMEM.
 */
int kvmgdb_add_vcpu(struct kvmgdb *gdb, unsigned index, int fd, void *opaque, struct kvmgdb_vcpu **vcpu);

/*
 * This vCPU is in no run, and will not run any more. It is a thread no more; a client that has asked for that (QThreadEvents) is told, and
 * one that waits for a stop which nobody else can bring.
 */
void kvmgdb_remove_vcpu(struct kvmgdb_vcpu *vcpu);

/*
 * Runs the vCPU, with the results of ioctl(fd, KVM_RUN, 0): 0, and kvm_run holds an exit for the VMM to serve; or -1 and errno.
 * The debugger's exits do not come out. While the guest is stopped this does not return, but for
 *
 * -1 with EINTR, because the VMM wants its thread: a signal was handled, or one of config.run_signals is pending; the VMM has
 * set kvm_run->immediate_exit; or by kvmgdb_kick(). kvm_run->exit_reason is KVM_EXIT_INTR then. It may come without a reason,
 * too. The VMM does what it has to and runs the vCPU again, also while the guest is stopped.
 *
 * Where the VMM has set immediate_exit to 1, KVM completes the access that is pending, executes nothing, and this returns,
 * whatever the debugger is doing: snapshots rely on it. The library uses other values for itself, and clears none but those.
 *
 * A vCPU whose thread is elsewhere in the VMM counts as stopped: a client can look at it, and is told of it. It steps when it
 * comes here. One that a signal handler of the VMM's keeps asleep counts as in the guest: a stop waits until that returns.
 *
 * kvm_valid_regs, kvm_dirty_regs and the answer to an exit are between the VMM and KVM, as ever; the library adds to
 * kvm_valid_regs only.
 */
int kvmgdb_run(struct kvmgdb_vcpu *vcpu);

/*
 * The same in halves, for a VMM whose KVM_RUN is in somebody else's hands (Rust's kvm-ioctls). Both on the same thread, always
 * in pairs:
 *
 *	do {
 *		err = kvmgdb_enter(vcpu);
 *		if (err)
 *			break;
 *		err = ioctl(fd, KVM_RUN, 0) < 0 ? -errno : 0;
 *	} while (kvmgdb_leave(vcpu, err) == KVMGDB_AGAIN);
 *
 * after which err and kvm_run are what KVM_RUN alone would have left.
 *
 * kvmgdb_enter(): 0: KVM_RUN is next, whatever immediate_exit says. -EINTR: see kvmgdb_run(); there is no KVM_RUN, and no
 * kvmgdb_leave(). kvmgdb_leave() takes 0 or KVM_RUN's negative errno. KVMGDB_YOURS: the exit, or the error, is the VMM's to
 * handle. KVMGDB_AGAIN: it was the debugger's, and kvm_run is not to be looked at.
 */
enum kvmgdb_whose {
	KVMGDB_YOURS = 0,
	KVMGDB_AGAIN = 1
};

int kvmgdb_enter(struct kvmgdb_vcpu *vcpu);
enum kvmgdb_whose kvmgdb_leave(struct kvmgdb_vcpu *vcpu, int err);

/* The VMM wants this vCPU's thread: its run, or else its next one, fails with EINTR. Async-signal-safe. */
void kvmgdb_kick(struct kvmgdb_vcpu *vcpu);

/* ---- memory */

/*
 * The arguments of KVM_SET_USER_MEMORY_REGION: after KVM was told of a slot that is new, before it is told of one that goes,
 * moves or changes. size 0: nothing is in this slot. Of flags, KVM_MEM_READONLY counts. What is planted in memory that goes is
 * taken out of it first. address may be another mapping's of the same memory, where the VMM has made KVM's own read-only.
 * -EEXIST: this overlaps another slot; -ENOMEM.
 */
int kvmgdb_set_memory(struct kvmgdb *gdb, uint32_t slot, uint64_t gpa, uint64_t size, void *address, uint32_t flags);

/*
 * What KVM was told and does not tell again. KVMGDB_PPC_MMUV3: the struct kvm_ppc_mmuv3_cfg of each KVM_PPC_CONFIGURE_V3_MMU,
 * without which radix page tables are not found. -EINVAL: unknown, or of another size.
 */
enum kvmgdb_fact {
	KVMGDB_PPC_MMUV3 = 1
};

int kvmgdb_tell(struct kvmgdb *gdb, enum kvmgdb_fact fact, const void *data, size_t size);

/* ---- clients: one at a time; others wait, or are refused with a sentence */

/*
 * HOST:PORT, :PORT (loopback; port 0 is a free one), or unix:PATH (mode 0600). Whoever can connect owns the guest: the protocol
 * has no password. The TCP port, 0 for a Unix socket, or -errno. There may be eight such places; -ENFILE: there are.
 */
int kvmgdb_listen(struct kvmgdb *gdb, const char *address, char *error, size_t error_size);

/*
 * A stream socket that the VMM has: one that listens, or a client's. It is the library's from here on, also when this fails.
 * -ENOTSOCK; -EBUSY.
 */
int kvmgdb_serve(struct kvmgdb *gdb, int fd);

/*
 * The client is parted from, nobody is listened to any more, and nothing is left in the guest, which runs: waits until that is
 * so. Not from a function of config. With KVMGDB_NO_THREAD only by the thread that dispatches.
 */
void kvmgdb_disconnect(struct kvmgdb *gdb);

/* Is there a client? */
int kvmgdb_attached(struct kvmgdb *gdb);

/*
 * With KVMGDB_NO_THREAD, both by one and the same thread. The descriptor is for poll(2) and the like, level-triggered, for
 * input; it does not change, and is not to be read. And: what there is to do is done, 0. That may take as long as a client's
 * request takes to serve.
 */
int kvmgdb_poll_fd(struct kvmgdb *gdb);
int kvmgdb_dispatch(struct kvmgdb *gdb);

/* ---- what the VMM knows of its guest */

/* Stop, as by the client's Ctrl-C, and show it `why`, which may be NULL. -ENOTCONN: there is no client, and the guest runs on. */
int kvmgdb_stop(struct kvmgdb *gdb, const char *why);

/*
 * The VMM has reset the guest, or loaded another state into it. Nothing that was read is true any more; breakpoints remain. No
 * vCPU is in a run.
 */
void kvmgdb_guest_reset(struct kvmgdb *gdb);

/*
 * The guest asks for something, by a device or a hypercall of the VMM's. By the vCPU's own thread, outside of a run, before the
 * VMM does it. A client that wants to see it (`monitor events`) is shown it, and this waits until the client lets the guest go
 * on. 0: as the guest wants. -EINTR: as of kvmgdb_run(); to be called again. code is that of an end; text, one sentence, may be
 * NULL.
 */
enum kvmgdb_event {
	KVMGDB_GUEST_RESETS = 1,
	KVMGDB_GUEST_ENDS = 2,
	KVMGDB_GUEST_CRASHED = 3
};

int kvmgdb_guest_event(struct kvmgdb_vcpu *vcpu, enum kvmgdb_event event, int code, const char *text);

/*
 * The guest is over, with this exit code: the client is told, and goes. Waits until it was told, a second at most. A client that looks at
 * a stopped guest is told when it lets the guest go on; that is not waited for. Before kvmgdb_close().
 */
void kvmgdb_guest_exited(struct kvmgdb *gdb, int code);

/*
 * Between these two, memory and vCPUs are as the guest itself would have them: for a snapshot, a migration, a dump. The client
 * stays connected, and waits; no vCPU is in a run. The first waits for what the server is doing.
 */
void kvmgdb_clean_begin(struct kvmgdb *gdb);
void kvmgdb_clean_end(struct kvmgdb *gdb);

/* ---- for seccomp filters: the system calls, and the requests of ioctl(2), that a thread makes. n says how many; constant */

enum kvmgdb_thread {
	KVMGDB_VCPU = 0,	/* in kvmgdb_run() and its halves */
	KVMGDB_SERVER = 1,	/* the library's thread, or kvmgdb_dispatch() */
	KVMGDB_SERVING_VCPU = 2 /* as KVMGDB_VCPU, with KVMGDB_VCPUS_SERVE */
};

const int *kvmgdb_syscalls(enum kvmgdb_thread thread, size_t *n);
const unsigned long *kvmgdb_ioctls(enum kvmgdb_thread thread, size_t *n);

#ifdef __cplusplus
}
#endif

#endif
