/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What /proc tells of a process that runs a VM: its descriptors of KVM's, where it has mapped its vCPUs' kvm_run, its threads, and whether
 * it may be attached to. Nothing here stops or changes the process, and nothing that it can do to its own names, descriptors, mappings and
 * threads meanwhile is more than a wrong answer. From any thread.
 */
#ifndef PROC_H
#define PROC_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../refuse.h"

#define PROC_COMM_MAX 64 /* bytes, with the NUL: a thread of the kernel's has a longer name than others */

struct proc_vcpu {
	unsigned nr;
	int fd; /* in that process: anon_inode:kvm-vcpu:NR, the lowest of them (Firecracker has copies) */
};

struct proc_vm {
	pid_t pid;
	int vm_fd;    /* in that process: anon_inode:kvm-vm, the lowest of them; -1: it has closed it */
	unsigned vms; /* how many VMs it has. Of several, this is the one whose descriptors are the lowest */
	unsigned nvcpus;
	struct proc_vcpu *vcpu; /* by nr, each once */
	size_t run_size;	/* bytes of a mapping of kvm_run; 0: there is none */
	uint64_t ram;		/* bytes: a guess, by the size of its mappings; 0: none */
};

/*
 * Reads /proc/PID. 0, and proc_free() is due; or -errno and a sentence: -ESRCH: there is no such process, -ENODEV: it runs no VM, or one
 * that has no vCPU yet, -EACCES: it may not be looked into, -ENOMEM, -EMFILE.
 */
int proc_find_vm(pid_t pid, struct proc_vm *vm, const struct refusal *why);

void proc_free(struct proc_vm *vm);

/*
 * Why the process can not be attached to, as far as can be told without trying: another tracer of one of its threads, a seccomp filter
 * that we may not suspend, a program of 32 bits, a zombie, ourselves, or the kernel's rules of who may trace whom. 0: nothing is known
 * against it; or -errno, and a sentence that also says what would help.
 */
int proc_check(pid_t pid, const struct refusal *why);

/* Has any of its threads a seccomp filter? */
bool proc_is_filtered(pid_t pid);

/*
 * A copy of a descriptor of /dev/kvm that the process has, which takes the right to trace it: the caller's to close. Or -errno; -ENOENT: it
 * has none.
 */
int proc_copy_kvm(pid_t pid);

/* ---- threads */

struct proc_threads {
	DIR *dir;
	unsigned left; /* how many more are looked at: a process that makes one as one ends has no last one */
};

struct proc_thread {
	pid_t tid;
	char comm[PROC_COMM_MAX]; /* printable: '?' stands for what is not */
};

/* 0, and proc_threads_close() is due; or -errno. */
int proc_threads_open(struct proc_threads *threads, pid_t pid);

/* False when there are no more. A thread that is made meanwhile may be left out. */
bool proc_threads_next(struct proc_threads *threads, struct proc_thread *thread);

void proc_threads_close(struct proc_threads *threads);

/*
 * A thread that the kernel has made within the process (kvm-nx-lpage-recovery, vhost, io_uring): it executes nothing of the program's, and
 * its registers may be a copy of those of whoever made it. False also when the thread is gone.
 */
bool proc_is_worker(pid_t pid, pid_t tid);

/* It is there, and no zombie. */
bool proc_is_alive(pid_t pid, pid_t tid);

/* It waits, as threads do in a system call: neither does it run, nor has a tracer stopped it. */
bool proc_is_asleep(pid_t pid, pid_t tid);

/* A signal has stopped it, with its process. */
bool proc_is_stopped(pid_t pid, pid_t tid);

/*
 * The system call in which the thread sleeps, its number and arguments as the kernel has them; nr is -1 when it runs, or sleeps elsewhere
 * (at a page fault). 0, or -errno: -ESRCH: it is gone, -EACCES or -EPERM: it may not be looked into.
 */
int proc_thread_call(pid_t pid, pid_t tid, long *nr, uint64_t args[6]);

/* ---- the same, of a /proc/PID that is open: of one process, whoever has its number afterwards. dir remains the caller's */

int proc_find_vm_in(int dir, pid_t pid, struct proc_vm *vm, const struct refusal *why);

/* Its sentence says "it" of the process. */
int proc_check_in(int dir, pid_t pid, const struct refusal *why);
int proc_threads_open_in(struct proc_threads *threads, int dir);

/* Why the kernel does not let us look into it, or trace it: -EACCES, and a sentence on "it". */
int proc_forbidden(int dir, const struct refusal *why);

#endif
