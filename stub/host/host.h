/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the vCPUs live. The one interface that everything above uses to reach KVM, so that the same code debugs a VM of our
 * own (vm.c), one inside the VMM that embeds us (embed.c) and, later, one in another process, where each ioctl is injected.
 *
 * Nothing here knows registers or debuggers: a vCPU runs, is kicked, and executes ioctls; guest memory is bytes by
 * guest-physical address.
 *
 * Whose threads. Every vCPU has one thread that runs it. In a VM of our own that thread is run/'s, which calls host_ops.run(): KVM_RUN
 * and all that it takes until there is something to report; or a thread that the host has made for that (host_ops.start()). Where the vCPU is another VMM's (`borrowed`), so are its thread and its
 * KVM_RUN: there is no host_ops.run(), and what a run takes is done by that thread before and after (embed.h). Such a thread
 * waits by host_ops.wait(), where the VMM can have it back; one of ours waits as run/ likes, and its host has no wait().
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../refuse.h"

enum host_run {
	HOST_RUN,    /* until there is something to report; the machine's devices are served underneath */
	HOST_STEP,   /* the same, but an instruction that reaches a device is completed and then reported as EXIT_IO_DONE */
	HOST_SETTLE, /* complete a device access that is still pending, execute nothing: registers are consistent after it */
	HOST_WAIT    /* execute nothing, for a moment or until a kick */
};

enum exit_kind {
	EXIT_KVM,     /* for arch/ to classify: reason, flags, data are kvm_run's */
	EXIT_KICKED,  /* a kick, or HOST_SETTLE has nothing left to do */
	EXIT_WAITED,  /* HOST_WAIT: there was no kick */
	EXIT_IO_DONE, /* HOST_STEP: one instruction has been executed, by way of a device */
	EXIT_ENDED,   /* the guest ended itself, with code */
	EXIT_GONE,    /* this vCPU has ended, and the others go on; text says more */
	EXIT_LOST,    /* its VMM is gone, and it with that: code is its exit status, or signal what ended it; text says more */
	EXIT_CRASHED, /* the same, and it says that it has crashed */
	EXIT_RESET,   /* the guest asks for a reset */
	EXIT_SHUT_DOWN, /* the processor has given up, and a machine would start over; text says why */
	EXIT_STUCK,	/* the guest did something that this machine has not; text says what */
	EXIT_VMM /* none of the debugger's: the VMM's to serve, by whom the vCPU is run; code is KVM_RUN's -errno, or 0 */
};

#define EXIT_DATA_SIZE 256 /* of the union in struct kvm_run, <linux/kvm.h> */

/* How a run ended. */
struct vcpu_exit {
	enum exit_kind kind;
	uint32_t reason; /* KVM_EXIT_* */
	uint16_t flags;	 /* kvm_run.flags */
	uint8_t data[EXIT_DATA_SIZE];
	int code;
	int signal;	/* of EXIT_LOST: a number of this computer's, or 0 */
	char text[200]; /* one sentence, no newline */
};

/*
 * In place of an ioctl's number: `size` bytes of the vCPU's struct kvm_run, from offset run_at on, to arg or from it. -EINVAL when
 * they are not in it. run_sync is the KVM_SYNC_* bit of what is there, or 0: -ENXIO when it is not in kvm_valid_regs; a set puts
 * it into kvm_dirty_regs. Only host/ touches kvm_run, and some state of a vCPU (s390's PSW) is nowhere else.
 */
#define HOST_RUN_GET 1ul
#define HOST_RUN_SET 2ul

/*
 * As HOST_RUN_GET, of what host_ops.sync_regs asked for: KVM has copied it there when the last run ended. -ENXIO when there was
 * no run, or a call has changed the vCPU since.
 */
#define HOST_RUN_COPY 3ul

/*
 * In place of an ioctl's number as well: what KVM was told of this VM and does not tell again, `size` bytes to arg. On Power that is
 * struct kvm_ppc_mmuv3_cfg as KVM_PPC_CONFIGURE_V3_MMU had it last, zeroes when it had none. -ENXIO where the host does not know.
 */
#define HOST_TOLD 4ul

/*
 * In place of an ioctl's number as well: KVM_GET_DEVICE_ATTR and KVM_SET_DEVICE_ATTR on the VM's interrupt controller, of device_group's
 * device_attr as this vCPU has it, 8 bytes to arg or from it. -ENXIO where KVM has no such controller or attribute; -EBUSY while any
 * vCPU runs.
 */
#define HOST_DEVICE_GET 5ul
#define HOST_DEVICE_SET 6ul

/*
 * One ioctl on a vCPU. Where arg holds pointers (KVM_GET_ONE_REG's addr), they point into data, and the last three members
 * say where they are, so that a host in another process can move both.
 */
struct host_call {
	unsigned long request;
	void *arg;
	size_t size;	     /* bytes at arg */
	unsigned long value; /* without arg: the ioctl's argument itself */
	bool changes;	     /* the vCPU's state: what was copied into kvm_run is void */
	bool on_device; /* the request is for KVM_MANY_REGS_DEVICE (-ENODEV without it); the host puts the vCPU's fd into arg */
	int err;	/* out: 0 or -errno; -ECANCELED when an earlier call of the batch failed hard */
	int ret;	/* out: what the ioctl returned when err is 0 (KVM_GET_MSRS counts) */
	void *data;
	size_t data_size;
	unsigned ptr_at; /* offset of the first pointer in arg */
	unsigned ptr_stride;
	unsigned ptr_count; /* 0: no pointers */
	unsigned run_at;    /* of HOST_RUN_GET and HOST_RUN_SET, as run_sync */
	uint64_t run_sync;
	unsigned device_group; /* of HOST_DEVICE_GET and HOST_DEVICE_SET, as device_attr */
	unsigned device_attr;
};

/* An area of guest-physical addresses, as the VMM laid them out. */
struct host_area {
	uint64_t start, size; /* size 0: no more areas */
	bool ram;	      /* else it is a device, and not read or written from here */
	bool read_only;	      /* for the guest */
	const char *what;     /* a few words: what is there, or what backs the RAM; constant */
};

/* The ELF file that a machine was loaded from. */
struct host_image {
	const char *path; /* absolute; as long as the host is open */
	uint64_t size, inode;
	int64_t mtime; /* seconds */
};

/* Makes of `len` bytes that were read of RAM at gpa what the guest has there: no opcode of a debugger's is in them any more. */
typedef void host_hide_fn(void *arg, uint64_t gpa, void *buf, size_t len);

struct host;

struct host_ops {
	/*
	 * The vCPU has a thread of the host's, which is to call body(arg), once: now, or, if the host is `threadless`, as soon as there is
	 * one. The host ends it when body has returned. body NULL: it is not to be called any more. 0; -EALREADY: it is, or was called; or
	 * -errno. NULL: run/ makes the threads.
	 */
	int (*start)(struct host *h, unsigned vcpu, void *(*body)(void *), void *arg);

	/*
	 * By the baton's holder, while no vCPU runs: are there vCPUs that were made since, by somebody else? Then host.vcpus has grown, and
	 * start() is due for each. It takes time now and then, and most often none. 0, or -errno and a sentence: one is not reached. NULL: there
	 * can be none.
	 */
	int (*look)(struct host *h, const struct refusal *why);

	/*
	 * Only by the vCPU's own thread (KVM charges a move between threads). 0, or -errno when KVM_RUN itself fails. NULL: the vCPUs are
	 * borrowed.
	 */
	int (*run)(struct host *h, unsigned vcpu, enum host_run how, struct vcpu_exit *exit);

	/*
	 * By the vCPU's own thread, while it does not run: an access to what is not RAM, done for the guest as if KVM had told of it.
	 * data is in the guest's order, and filled in if it is a read. 0: it is served; 1: *exit is to be reported as that of a run.
	 * -EINVAL: no such vCPU, or size is none of 1, 2, 4 and 8. NULL: the host cannot.
	 */
	int (*access)(
		struct host *h, unsigned vcpu, uint64_t gpa, void *data, unsigned size, bool write, struct vcpu_exit *exit);

	/*
	 * From any thread, also with locks held: the run under way, or else the next one, ends with EXIT_KICKED. No kick is lost. In vain for
	 * a vCPU that is absent.
	 */
	void (*kick)(struct host *h, unsigned vcpu);

	/*
	 * By the vCPU's own thread, outside of a run and with no lock held: sleeps until wake(), which may have come before: 0. Or until there is
	 * something to be read from fd, unless that is -1: 1. Or -EINTR: the VMM wants its thread, and is to have it. -ENODEV: no such vCPU.
	 * NULL where threads are ours.
	 */
	int (*wait)(struct host *h, unsigned vcpu, int fd);

	/* From any thread, also with locks held: ends wait(), or else the next one. NULL when wait is. */
	void (*wake)(struct host *h, unsigned vcpu);

	/*
	 * By whoever looks after the vCPUs, also with locks held: from now on a run of this borrowed vCPU is to be known above, before and
	 * after; or no more. True: it is in KVM_RUN just now, on its way into it or out of it, and what comes out is known. NULL where threads
	 * are ours, as the two that follow.
	 */
	bool (*attend)(struct host *h, unsigned vcpu, bool attends);

	/* It has been run, so that it can be looked at: before that, KVM may have no registers for it. From any thread. */
	bool (*has_run)(struct host *h, unsigned vcpu);

	/*
	 * KVM awaits the VMM's answer to an access, or is to take registers that the VMM has set: they are not consistent, and are not to be
	 * changed, before it was run with HOST_SETTLE. Of a vCPU that is outside of a run. From any thread.
	 */
	bool (*is_pending)(struct host *h, unsigned vcpu);

	/*
	 * A batch of ioctls, in order, while the vCPU is not running. Every call is tried and has its own err; the return value is
	 * 0, or -errno when the vCPU cannot be reached at all: -ENODEV when it is absent, -EINVAL when there can be none of this number,
	 * -ETIMEDOUT when whoever makes them does not answer, and may do so later.
	 */
	int (*calls)(struct host *h, unsigned vcpu, struct host_call *calls, unsigned n);

	/* From now on KVM is to leave these KVM_SYNC_*, and no others, in kvm_run when a run ends; only what KVM_CAP_SYNC_REGS names. */
	void (*sync_regs)(struct host *h, uint64_t sync);

	/* KVM_SET_GUEST_DEBUG: the control word, and the architecture's part as bytes (arch/ encodes them). */
	int (*set_debug)(struct host *h, unsigned vcpu, uint32_t control, const void *arch, size_t size);

	/* An ioctl on /dev/kvm itself, without pointers: what it says is true of every VM. 0 or -errno. */
	int (*system_call)(struct host *h, struct host_call *call);

	/* KVM_CHECK_EXTENSION: 0 when the host has it not. */
	int (*extension)(struct host *h, int cap);

	/*
	 * How many bytes up to the end of this piece of RAM, or to a page of it that cannot be had; -EFAULT when gpa is not RAM, -EIO
	 * when its page cannot be had: the file behind it was cut, or it is mapped no more, or it is mapped read-only and written to.
	 */
	ssize_t (*read_mem)(struct host *h, uint64_t gpa, void *buf, size_t len);
	ssize_t (*write_mem)(struct host *h, uint64_t gpa, const void *buf, size_t len);

	/*
	 * An opcode is about to be put in memory at gpa, over `old`; or, with NULL, has been taken out: for who has to clean up should we be
	 * killed. NULL: nobody has to.
	 */
	void (*opcode)(struct host *h, uint64_t gpa, const uint8_t *old, const uint8_t *trap, unsigned size);

	/* The n-th area of those that are known by now, in any order; false when there are no more. */
	bool (*area)(struct host *h, unsigned n, struct host_area *area);

	/*
	 * It is not known where any memory is, and so read_mem() and write_mem() are -ENODATA: why, one sentence, which lives as long as the
	 * host. NULL: it is known, or nobody has asked for it. The function itself is NULL where it is always known.
	 */
	const char *(*no_mem)(struct host *h);

	/*
	 * Where memory is is looked for anew, which is done by itself only where a change can be seen. By the baton's holder. 0, or -errno and
	 * a sentence in error. The function is NULL where it is always known.
	 */
	int (*refresh)(struct host *h, char *error, size_t size);

	/* Code at gpa was changed: make every vCPU fetch it anew. */
	void (*sync_code)(struct host *h, uint64_t gpa, size_t len);

	/*
	 * The file that the machine was loaded from last, whatever lies at its path by now, and bytes of it: how many, 0 behind its end, or
	 * -errno. False and -ENOENT: there is none, it is no ELF file, or it was written to since. Both may be NULL. From any thread.
	 */
	bool (*image)(struct host *h, struct host_image *image);
	ssize_t (*read_image)(struct host *h, uint64_t offset, void *buf, size_t len);

	/* Back to the state in which the machine was opened, the image read again. -errno and a sentence in error. NULL: the host cannot. */
	int (*reset)(struct host *h, char *error, size_t size);

	/*
	 * The machine as it stands, none of its vCPUs running, and nothing held back in them, into an empty file, for vm_config.restore. 0, or
	 * -errno and a sentence in error: the file is then worth nothing. NULL: the host cannot.
	 */
	int (*save)(struct host *h, int fd, host_hide_fn *hide, void *arg, char *error, size_t size);

	/*
	 * A machine without an image, which has not run, is to start in this mode of arch->modes, also after a reset; the string must
	 * outlive it. What is in memory stays, but for what the start takes. 0, or -errno and a sentence in error. NULL: it cannot.
	 */
	int (*start_as)(struct host *h, const char *mode, char *error, size_t size);

	/*
	 * The machine is about to run, for the first time since it was opened or reset: registers that depend on what has been loaded
	 * into an empty one are set now. No vCPU may be running. NULL: there is nothing to do.
	 */
	void (*set_off)(struct host *h);

	/* Ends the machine, or parts from it, and frees the host; no vCPU may be running. */
	void (*close)(struct host *h);
};

/* The head of every kind of host. */
struct host {
	const struct host_ops *ops;

	/*
	 * vCPUs have numbers below this one. Borrowed ones come and go: this grows, and any of them may be absent (calls() is -ENODEV). It is
	 * changed, and a vCPU comes or goes, only while whoever is above takes part in it (embed.h), so that it is read without a lock.
	 */
	unsigned vcpus;

	/* Counts how often memory was found to be elsewhere. Opcodes in what has gone were taken out of it. */
	unsigned memory_age;

	bool threadless;  /* by start(), some have no thread yet, and run as soon as there is one */
	bool borrowed;	  /* the vCPUs' threads are not run/'s: it starts none, and what they wait by is host_ops.wait */
	const char *mode; /* of arch->modes: that of the code in the image; NULL: the architecture's first */
	bool has_image;	  /* it is loaded from one, at each reset again */
	bool restored;	  /* the same, of a machine that was saved */
	bool open_bus;	  /* accesses to what is not there are no EXIT_STUCK: reads are all ones. Set while no vCPU runs */
	bool empty;	  /* there is no image: start_as() may be told another mode */
};

#endif
