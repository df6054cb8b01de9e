/* SPDX-License-Identifier: BSD-2-Clause */
/* A sandbox as Firecracker's and crosvm's: what a vCPU's thread does not call in its life is not allowed to it. */
#include <err.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "victim.h"

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define ALLOW_IF(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))

void filter_thread(void)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4),
		LOAD(args[1]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KVM_RUN, 0, 1),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		ALLOW_IF(SYS_futex),
		ALLOW_IF(SYS_clock_gettime), /* where the vDSO leaves that to the kernel */
		ALLOW_IF(SYS_clock_nanosleep),
		ALLOW_IF(SYS_nanosleep),
		ALLOW_IF(SYS_restart_syscall),
		ALLOW_IF(SYS_rt_sigreturn),
		ALLOW_IF(SYS_rt_sigtimedwait),
		ALLOW_IF(SYS_write),
		ALLOW_IF(SYS_rt_sigprocmask), /* a thread that ends */
		ALLOW_IF(SYS_madvise),
		ALLOW_IF(SYS_exit),
		ALLOW_IF(SYS_exit_group),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(1, "seccomp");
}
