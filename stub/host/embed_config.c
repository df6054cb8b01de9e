/* SPDX-License-Identifier: BSD-2-Clause */
/* What a seccomp filter of a VMM has to let through. Found by trace, and tried by tests/live/library.c. */
#include <linux/kvm.h>
#include <sys/syscall.h>

#include "embed_config.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const int vcpu_calls[] = {
	SYS_ioctl,
	SYS_ppoll,	    /* while the guest stands */
	SYS_read,	    /* what has woken it there */
	SYS_rt_sigpending,
	SYS_rt_sigprocmask, /* around all that has a lock */
	SYS_rt_sigreturn,   /* the VMM's kick, or ours */
	SYS_futex,
	SYS_write,	    /* to wake others */
	SYS_tgkill,	    /* to call others out */
	SYS_getpid,	    /* pthread_kill() */
	SYS_clock_nanosleep,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
};

static const int server_calls[] = {
	SYS_accept4,
	SYS_close,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
	SYS_fcntl,
	SYS_futex,
	SYS_getpeername,
	SYS_getpid,
	SYS_ioctl,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_ppoll,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_read,
	SYS_recvfrom,
	SYS_sendto,
	SYS_setsockopt,
	SYS_shutdown,
	SYS_tgkill,
	SYS_timerfd_settime,
	SYS_write,
	/* malloc() */
	SYS_brk,
	SYS_madvise,
	SYS_mmap,
	SYS_mprotect,
	SYS_mremap,
	SYS_munmap,
	/* its end */
	SYS_exit,
	SYS_rt_sigprocmask,
};

static const unsigned long vcpu_ioctls[] = {
	KVM_RUN,
	KVM_SET_GUEST_DEBUG,
	KVM_GET_REGS,
	KVM_SET_REGS,
	KVM_GET_ONE_REG,
	KVM_SET_ONE_REG,
	KVM_GET_MP_STATE,
#ifdef __x86_64__
	KVM_KVMCLOCK_CTRL, /* behind a long stop */
#endif
};

static const unsigned long server_ioctls[] = {
	KVM_SET_GUEST_DEBUG,
	KVM_CHECK_EXTENSION,
	KVM_GET_REG_LIST,
	KVM_GET_ONE_REG,
	KVM_SET_ONE_REG,
	KVM_GET_REGS,
	KVM_SET_REGS,
	KVM_GET_SREGS,
	KVM_SET_SREGS,
	KVM_GET_FPU,
	KVM_SET_FPU,
	KVM_GET_MP_STATE,
	KVM_SET_MP_STATE,
};

const int *embed_syscalls(bool server, size_t *n)
{
	*n = server ? COUNT(server_calls) : COUNT(vcpu_calls);
	return server ? server_calls : vcpu_calls;
}

const unsigned long *embed_ioctls(bool server, size_t *n)
{
	*n = server ? COUNT(server_ioctls) : COUNT(vcpu_ioctls);
	return server ? server_ioctls : vcpu_ioctls;
}
