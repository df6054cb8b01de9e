/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a debugger protocol asks of a machine. rsp/ calls it, machine/ answers it; neither knows the other, and no type of KVM's
 * is in it.
 *
 * Threads are numbered 1..N. Register values travel as GDB keeps them: the target's byte order, the description's size.
 * A client is attached to a machine: a connection has one attachment after another, or none for a while.
 *
 * Every function that can fail returns a negative errno value and leaves a sentence for why(). Unless said otherwise a function
 * is called only while the machine is stopped, and only by the thread that holds the connection (run/vcpu.h tells which).
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Z0..Z4, numbered as in the packet. */
enum point_type {
	POINT_SOFTWARE,
	POINT_HARDWARE,
	POINT_WRITE,
	POINT_READ,
	POINT_ACCESS,
	POINT_TYPES
};

/* What one thread is to do when the machine is resumed. */
enum resume_kind {
	RESUME_STAY,
	RESUME_CONTINUE,
	RESUME_STEP,
	RESUME_HALT /* non-stop: if it runs, it is to stop, with signal 0 */
};

struct resume_action {
	enum resume_kind kind;
	uint64_t start, end; /* RESUME_STEP: once, and on while the pc is in [start, end); equal: once */
};

enum stop_kind {
	STOP_SIGNAL,	/* signal: INT for an interrupt, TRAP for a step, others for what the guest did to itself */
	STOP_SWBREAK,	/* at a POINT_SOFTWARE, with the pc on it */
	STOP_HWBREAK,	/* at a POINT_HARDWARE, with the pc on it */
	STOP_WATCH,	/* point: which type; addr: the data address */
	STOP_GONE,	/* the thread is there no more: only after set_thread_events() */
	STOP_NONE_LEFT, /* of the threads that were resumed, none is there any more */
	STOP_CREATED, /* the thread has come, or was off and has been brought up, or is about to begin: only after set_thread_events() */
	STOP_RESET, /* nothing goes on from here: when resumed, the machine starts over; signal: TRAP when the guest asks for it */
	STOP_END,   /* the guest is about to end; signal: TRAP, or ABRT when it says that it has crashed */
	STOP_EXITED /* the guest has ended: with code, or, when signal is not 0, by that signal */
};

/* GDB's signal numbers (include/gdb/signals.def), which are not Linux's. */
enum {
	GDB_SIGNAL_INT = 2,
	GDB_SIGNAL_ILL = 4,
	GDB_SIGNAL_TRAP = 5,
	GDB_SIGNAL_ABRT = 6,
	GDB_SIGNAL_KILL = 9,
	GDB_SIGNAL_BUS = 10
};

/* Why the machine stopped. */
struct stop {
	enum stop_kind kind;
	unsigned thread;
	int signal;
	enum point_type point;
	uint64_t addr;
	int code;
	const char *text; /* a sentence for the user, or NULL; lives until the next resume */
};

/* Addresses that are alike: [start, start + size), or up to and with the last address when size is UINT64_MAX - start. */
struct memory_region {
	uint64_t start, size; /* size > 0 */
	bool mapped;
	bool read, write, execute; /* by the guest's code at some level of privilege; when mapped */
	bool user;		   /* ... at the lowest one as well */
};

/* What the vCPUs are, to a debugger that knows nothing of them yet. */
struct target_kind {
	const char *llvm;      /* the architecture, as LLVM's triples begin */
	unsigned pointer_size; /* bytes */
	bool big_endian;
	bool watch_after;     /* a watchpoint stops behind the access; else before it */
	unsigned watchpoints; /* for writes, in hardware; 0: none that works */
};

/* The ELF file that the guest was loaded from. */
struct target_image {
	const char *path; /* absolute */
	uint64_t size, inode;
	int64_t mtime; /* seconds */
};

/* What has come of a command. */
enum command_outcome {
	COMMAND_DONE,
	COMMAND_RESET, /* the machine is as after restart() */
	COMMAND_ENDS   /* it is to end, and all with it */
};

/* Takes a piece of text that a command prints. */
typedef void text_fn(void *arg, const char *text);

/* An agent expression (GDB manual, appendix F) as the client sent it: nothing in it is verified. */
struct point_code {
	const uint8_t *bytes;
	size_t size;
};

/* What is to be run when a breakpoint is hit: first the conditions, then the commands. */
struct point_programs {
	const struct point_code *code;
	unsigned nconditions, ncommands;
};

struct target_ops {
	unsigned (*threads)(void *t);

	/* Is there a thread of this number, 1..threads()? They come and go, and keep their numbers. May be called while the machine runs. */
	bool (*has_thread)(void *t, unsigned thread);

	/* The thread that a fresh attachment looks at first: the one that stopped last. */
	unsigned (*current)(void *t);

	/*
	 * What a thread is called, and a line on what it does or why it stands, which may be empty; NUL-terminated, at most size bytes. May
	 * be called while it runs.
	 */
	void (*thread_name)(void *t, unsigned thread, char *text, size_t size);
	void (*thread_text)(void *t, unsigned thread, char *text, size_t size);

	/*
	 * target.xml, NUL-terminated; constant for the life of an attachment. all_bits: the types of registers have fields also for bits
	 * that have no name, for a client that shows nothing but fields. May be called while the machine runs.
	 */
	const char *(*description)(void *t, bool all_bits);

	/* Constant for the life of an attachment. May be called while the machine runs. */
	void (*kind)(void *t, struct target_kind *kind);

	/*
	 * The file that the guest was loaded from, and bytes of it as they were then: how many, 0 behind its end, or -errno. False and -ENOENT:
	 * there is none, it is no ELF file, or it has been written to since. May be called while the machine runs.
	 */
	bool (*image)(void *t, struct target_image *image);
	ssize_t (*read_image)(void *t, uint64_t offset, void *buf, size_t len);

	/*
	 * How many bits of an address count for the thread's code at present, in the lower half of the address space and in the upper
	 * one. False: they all do, or nobody knows.
	 */
	bool (*address_bits)(void *t, unsigned thread, unsigned *lower, unsigned *upper);

	/*
	 * One register. The size of the value, at most cap; -ENOENT when there is no such register, -EBUSY when the thread is
	 * running (at once: nothing waits), -ESRCH when there is no such thread, -EAGAIN when it cannot be had while another thread
	 * runs. May be called while the machine runs.
	 */
	ssize_t (*read_reg)(void *t, unsigned thread, unsigned reg, void *value, size_t cap);

	/* Bytes of the value of a register that there is, whatever a thread does. */
	size_t (*reg_size)(void *t, unsigned reg);

	/* 0; -EINVAL when size is not the register's, -EPERM when it is read-only, or what the kernel said. */
	int (*write_reg)(void *t, unsigned thread, unsigned reg, const void *value, size_t size);

	/* The general registers, as `g` wants them: a prefix of the description, of constant size. Size, or -errno. */
	ssize_t (*read_general)(void *t, unsigned thread, void *values, size_t cap);
	int (*write_general)(void *t, unsigned thread, const void *values, size_t size);

	/* The registers that a thread's stop reply carries (pc, sp, fp): at most cap numbers into regs, how many is returned. */
	unsigned (*expedited)(void *t, unsigned thread, unsigned *regs, unsigned cap);

	/* Where a thread is; the client's own word for it is one of the registers. 0 or -errno, with no sentence. */
	int (*thread_pc)(void *t, unsigned thread, uint64_t *pc);

	/*
	 * Memory as the thread's code addresses it. A read returns how many bytes it could read, at least one, or -errno when the
	 * first byte cannot be; a write is all or nothing.
	 */
	ssize_t (*read_mem)(void *t, unsigned thread, uint64_t addr, void *buf, size_t len);
	int (*write_mem)(void *t, unsigned thread, uint64_t addr, const void *buf, size_t len);

	/* The same of guest-physical memory, which all threads share. */
	ssize_t (*read_phys)(void *t, uint64_t addr, void *buf, size_t len);
	int (*write_phys)(void *t, uint64_t addr, const void *buf, size_t len);

	/*
	 * What the thread's code has at addr, and as far as the next addresses are alike: in pages of the same permissions, or in none.
	 * It may be cut short where it would take long to look on. 0 or -errno.
	 */
	int (*find_region)(void *t, unsigned thread, uint64_t addr, struct memory_region *region);

	/* Can this host do points of this type at all? When not, the packet is answered as unknown. */
	bool (*has_points)(void *t, enum point_type type);

	/* Can breakpoints have conditions and commands that are run here? When not, set_point is given none. */
	bool (*has_programs)(void *t);

	/*
	 * Setting a point that is there, or clearing one that is not, is 0. kind is the packet's, in bytes for watchpoints. A hit is
	 * reported when one of the conditions holds, or there are none; when there are commands, they are run instead. programs is
	 * copied, and takes the place of what the point had; NULL: none. What cannot be run is -EINVAL, and nothing is changed.
	 */
	int (*set_point)(void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind,
		const struct point_programs *programs);
	int (*clear_point)(void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind);

	/*
	 * actions[thread - 1] for every thread. Returns at once: 0 when the machine runs, and its stop is reported later to the
	 * connection's owner; -errno when it did not start. In non-stop threads that run go on as they do, unless they are to halt.
	 */
	int (*resume)(void *t, const struct resume_action *actions);

	/*
	 * Ask a running machine to stop, in non-stop one of its threads; the stop is reported like any other. One that has been resumed
	 * and has not begun to run stops where it stands. May be called from any thread, at any time.
	 */
	void (*interrupt)(void *t);

	/*
	 * Non-stop: from now on each thread runs and stops by itself. All of target_ops may then be called while threads run, by
	 * the thread that holds the connection; registers are those of threads that stand. It begins with all threads standing,
	 * and ends with all of them stopped, none of which is reported. 0 or -errno.
	 */
	int (*set_non_stop)(void *t, bool on);

	/*
	 * Can it be noticed that a thread comes, goes, or is brought up? And, until the attachment ends, is it to be a stop? 0 or -errno.
	 * That one goes off is no event: it is a thread still, and a client that waits for its stop gets one.
	 */
	bool (*has_thread_events)(void *t);
	int (*set_thread_events)(void *t, bool on);

	/*
	 * Can interrupts wait while a thread steps? And are they to? They are at the beginning of an attachment. mask_steps() is called
	 * only where they can.
	 */
	bool (*can_mask_steps)(void *t);
	void (*mask_steps)(void *t, bool on);

	/* In non-stop: a stop that was not reported yet, and now is; the current thread's first. False: there is none. */
	bool (*next_stop)(void *t, struct stop *stop);

	/* In non-stop: no stop of a thread that stands has been reported. */
	void (*report_again)(void *t);

	/* Reload the image and start over, stopped at the entry. */
	int (*restart)(void *t);

	/* The guest is over, because the client says so; restart() brings it back. */
	void (*kill)(void *t);

	/* Milliseconds of a clock that only goes forward: what may take long ends in time for the client. At any time. */
	int64_t (*clock_ms)(void *t);

	/* A `monitor` command: enum command_outcome, or -errno, -ENOSYS when it is unknown; what it prints goes through print, in pieces. */
	int (*command)(void *t, const char *line, text_fn *print, void *arg);

	/* The sentence of the last refusal. Valid until the next call. */
	const char *(*why)(void *t);

	/*
	 * The client was refused something, for this reason: kept for `monitor why`, and shown to whoever runs the machine. asked: it has only
	 * asked, and no less is true of the machine for that.
	 */
	void (*refused)(void *t, const char *sentence, bool asked);
};

struct target {
	const struct target_ops *ops;
	void *t;
	uint32_t process; /* its number, as clients know the machine; not 0 */
	bool foreign;	  /* the process is another's, which is left and never ended */
	bool launched;	  /* ... was started for this: it is ended by `kill`, and not begun anew */
};

/* A VM of this computer's that can be attached to. Strings may be empty, and live until the next look at the list. */
struct target_vm {
	uint32_t process;
	const char *vmm; /* what runs it */
	const char *user;
	const char *command; /* the VMM's command line */
	const char *cores;   /* numbers of processors that its threads are on, with commas */
	const char *state;   /* of the VM, or why it cannot be attached to */
	unsigned vcpus;
	uint64_t ram; /* bytes; 0: not known */
};

/* The VMs that there are, for a client that chooses one, leaves it, and chooses another. By the thread that holds the connection. */
struct target_list {
	void *arg;

	/* Looks what there is: what vm() tells of until the next look. 0, or -errno, and *why is a sentence. */
	int (*look)(void *arg, const char **why);

	/* The n-th of them; false when there are no more. */
	bool (*vm)(void *arg, unsigned n, struct target_vm *vm);

	/* A `monitor` command while nothing is attached to, as target_ops.command() has it; and why one was refused. */
	int (*command)(void *arg, const char *line, text_fn *print, void *to);
	const char *(*why)(void *arg);

	/* A client that has attached to nothing was refused something. */
	void (*refused)(void *arg, const char *sentence);

	/* What each of them can, as far as a client has to know before it chooses: see target_ops. */
	bool points[POINT_TYPES], programs, thread_events;
};

#endif
