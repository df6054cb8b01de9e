/* SPDX-License-Identifier: BSD-2-Clause */
/* What a VMM's seccomp filter has to let through: as traced in a gdb session, and tried by tests/live/embedded_filter.sh. */
#include "embed_config.h"

#include <linux/kvm.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "../many_regs/kvm_many_regs.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ppoll(): while the guest stands; read(): what has ended that; write(): to wake others; getpid(), tgkill(): to call others out. */
#define VCPU_CALLS                                                                                                     \
	SYS_ioctl, SYS_ppoll, SYS_read, SYS_write, SYS_rt_sigpending, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_futex, \
		SYS_getpid, SYS_tgkill, SYS_clock_nanosleep, SYS_process_vm_readv, SYS_process_vm_writev

static const int vcpu_calls[] = { VCPU_CALLS };

static const int serving_calls[] = {
	VCPU_CALLS,
	SYS_sendto,
	SYS_timerfd_settime, /* the server is to look soon */
	SYS_shutdown,	     /* of a client that is cut off */
	/* malloc() */
	SYS_brk,
	SYS_mmap,
	SYS_munmap,
	SYS_mprotect,
};

static const int server_calls[] = {
/* its descriptors */
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#else
	SYS_epoll_pwait,
#endif
#ifdef SYS_poll
	SYS_poll,
#else
	SYS_ppoll,
#endif
	SYS_epoll_ctl,
	SYS_timerfd_settime,
	SYS_read,
	SYS_write,
	/* clients */
	SYS_accept4,
	SYS_fcntl,
	SYS_getsockname,
#ifdef SYS_newfstatat
	SYS_newfstatat, /* by this one or the next: glibc has changed its mind in 2.39 */
#endif
#ifdef SYS_fstat
	SYS_fstat,
#endif
	SYS_setsockopt,
	SYS_recvfrom,
	SYS_sendto,
	SYS_shutdown,
	SYS_close,
	/* the guest */
	SYS_ioctl,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_futex,
	SYS_getpid, /* with the two that follow: to call vCPUs out */
	SYS_tgkill,
	SYS_rt_sigprocmask,
	/* malloc() */
	SYS_brk,
	SYS_mmap,
	SYS_munmap,
	SYS_mprotect,
};

#define RUN_IOCTLS KVM_SET_GUEST_DEBUG, KVM_GET_MP_STATE
#define ONE_REG_IOCTLS KVM_GET_ONE_REG, KVM_SET_ONE_REG,
#if defined(__x86_64__)
#define GOES_ON KVM_KVMCLOCK_CTRL,
#define RUN_ARCH                                                                                                      \
	KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, KVM_GET_MSRS, \
		KVM_SET_MSRS, KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS,
#define SERVE_ARCH                                                                                                       \
	KVM_GET_CPUID2, KVM_GET_MSR_INDEX_LIST, KVM_GET_LAPIC, KVM_SET_LAPIC, KVM_GET_XCRS, KVM_SET_XCRS, KVM_GET_XSAVE, \
		KVM_SET_XSAVE, KVM_GET_XSAVE2, ONE_REG_IOCTLS
#elif defined(__powerpc__)
#define RUN_ARCH ONE_REG_IOCTLS KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS,
#define SERVE_ARCH
#elif defined(__aarch64__)
#define RUN_ARCH ONE_REG_IOCTLS KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS,
#define SERVE_ARCH KVM_GET_REG_LIST,
#else
#define RUN_ARCH ONE_REG_IOCTLS
#define SERVE_ARCH KVM_GET_REG_LIST,
#endif

#ifndef GOES_ON
#define GOES_ON
#endif

static const unsigned long vcpu_ioctls[] = { KVM_RUN, GOES_ON RUN_ARCH RUN_IOCTLS };

static const unsigned long serving_ioctls[] = { KVM_RUN, KVM_SET_SIGNAL_MASK, GOES_ON RUN_ARCH SERVE_ARCH RUN_IOCTLS,
	KVM_SET_MP_STATE, KVM_GET_MANY_REGS, KVM_SET_MANY_REGS };

static const unsigned long server_ioctls[] = { RUN_ARCH SERVE_ARCH RUN_IOCTLS, KVM_CHECK_EXTENSION, KVM_SET_MP_STATE,
	KVM_GET_MANY_REGS, KVM_SET_MANY_REGS };

static const struct {
	const int *calls;
	const unsigned long *ioctls;
	size_t ncalls, nioctls;
} lists[EMBED_THREADS] = {
	[EMBED_VCPU] = { vcpu_calls, vcpu_ioctls, COUNT(vcpu_calls), COUNT(vcpu_ioctls) },
	[EMBED_SERVER] = { server_calls, server_ioctls, COUNT(server_calls), COUNT(server_ioctls) },
	[EMBED_SERVING_VCPU] = { serving_calls, serving_ioctls, COUNT(serving_calls), COUNT(serving_ioctls) },
};

static enum embed_thread known(enum embed_thread thread)
{
	return thread < EMBED_THREADS ? thread : EMBED_VCPU;
}

const int *embed_syscalls(enum embed_thread thread, size_t *n)
{
	*n = lists[known(thread)].ncalls;
	return lists[known(thread)].calls;
}

const unsigned long *embed_ioctls(enum embed_thread thread, size_t *n)
{
	*n = lists[known(thread)].nioctls;
	return lists[known(thread)].ioctls;
}
