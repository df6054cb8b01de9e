/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM's vCPU on this host's KVM, run by a loop of the test's own: what a run costs when nobody attends, accesses that are settled, and what
 * the VMM's immediate_exit and its want of a thread get. The VMM is a VM of ours, of which only the descriptors are looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/unistd.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "embed_library.h"
#include "guest_code.h"
#include "host/vm.h"
#include "host/vm_arch.h"
#include "tap.h"

#define SCRATCH 0x10000

struct vmm {
	struct host *vm; /* the VMM's side */
	struct host *h;	 /* ours */
	struct library l;
	struct kvm_run *run;
	int fd;
	uint64_t base, answered; /* what the guest was answered, all in all */
};

static bool open_vmm(struct vmm *m, const void *code, size_t size)
{
	struct embed_config config = { 0 };
	char error[200] = "";
	struct embed_vcpu *v;
	struct vm *vm;

	*m = (struct vmm){ .vm = vm_open_scratch(-1, SCRATCH, &m->base, error, sizeof(error)) };
	vm = (struct vm *)m->vm;
	if (!ok(vm, "a VMM's VM (%s)", error))
		return false;
	m->base = vm_arch_scratch_base();
	m->fd = vm->vcpu[0].fd;
	m->run = vm->vcpu[0].run;
	config.kvm_fd = vm->kvm;
	config.vm_fd = vm->fd;
	m->h = embed_open(&config, error, sizeof(error));
	if (!ok(m->h, "has a host over it (%s)", error) || !ok(!embed_add_vcpu(m->h, 0, m->fd, NULL, &v), "with its vCPU"))
		return false;
	for (unsigned i = 0; i < vm->ram.n; i++)
		embed_set_memory(m->h, i, vm->ram.slot[i].gpa, vm->ram.slot[i].size, vm->ram.slot[i].hva, false);
	library_init(&m->l, m->h, v);
	m->h->ops->write_mem(m->h, m->base, code, size);
	m->h->ops->sync_code(m->h, m->base, size);
	return true;
}

static void close_vmm(struct vmm *m)
{
	m->h->ops->close(m->h);
	m->vm->ops->close(m->vm);
}

/* In place of KVM_RUN, with its results. */
static int run(struct vmm *m, struct vcpu_exit *exit)
{
	for (;;) {
		int err = library_enter(&m->l);

		if (err)
			return err;
		err = ioctl(m->fd, KVM_RUN, 0) < 0 ? -errno : 0;
		if (library_leave(&m->l, err, exit))
			return err;
	}
}

static void answer(struct vmm *m)
{
	static uint32_t next = 1;
	uint32_t value = next++ * 2654435761u;

	memcpy(m->run->mmio.data, &value, sizeof(value));
	m->answered += value;
}

static bool is_read(const struct vmm *m)
{
	return m->run->exit_reason == KVM_EXIT_MMIO && !m->run->mmio.is_write && m->run->mmio.phys_addr == 0x70000000;
}

/* At its next read the guest has added up every answer. */
static bool has_every_answer(struct vmm *m)
{
	struct vcpu_exit exit;
	bool good = !run(m, &exit) && is_read(m) && sum(m->h) == m->answered;

	answer(m);
	return good;
}

/* So many reads, each answered. */
static bool serve(struct vmm *m, unsigned n)
{
	struct vcpu_exit exit;
	bool good = true;

	for (unsigned i = 0; good && i < n; i++) {
		good = !run(m, &exit) && is_read(m);
		answer(m);
	}
	return good;
}

/* ---- what a run costs ---- */

static unsigned calls; /* of the system, but for KVM_RUN, by a thread that counts them */

static void count_call(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	calls++;
}

/* This thread's system calls are SIGSYS from here on, and are not made, but for KVM_RUN and what ends a thread. */
static bool count_calls(void)
{
#define LET(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		LET(SYS_rt_sigreturn),
		LET(SYS_exit),
		LET(SYS_madvise),
		LET(SYS_munmap),
		LET(SYS_sigaltstack), /* what a sanitizer has a thread end with */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)KVM_RUN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

#ifdef __SANITIZE_THREAD__
	return false; /* it has its own calls at a thread's end, some with SIGSYS blocked */
#endif
	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

struct counted {
	struct vmm *m;
	bool good, filtered;
	unsigned calls, slow;
};

static void *run_counted(void *arg)
{
	struct counted *c = arg;

	c->good = serve(c->m, 3);
	c->filtered = count_calls();
	c->slow = c->m->l.slow;
	c->good &= serve(c->m, 1000);
	c->calls = calls;
	c->slow = c->m->l.slow - c->slow;
	return NULL;
}

static void test_cost(void)
{
	struct sigaction action = { .sa_sigaction = count_call, .sa_flags = SA_SIGINFO };
	struct counted c = { 0 };
	pthread_t thread;
	struct vmm m;

	if (!open_vmm(&m, reads, sizeof(reads)))
		return;
	c.m = &m;
	sigaction(SIGSYS, &action, NULL);
	pthread_create(&thread, NULL, run_counted, &c);
	pthread_join(thread, NULL);
	ok(c.good, "the guest's reads are the VMM's");
	if (c.filtered)
		is_int(c.calls, 0, "a run makes no system call but KVM_RUN, once its thread has been here");
	else
		skip("system calls", "no seccomp filter can be set here");
	is_int(c.slow, 0, "nor goes another than the fast way");
	close_vmm(&m);
}

/* ---- what a long stop costs ---- */

#ifdef __x86_64__
/* This process ends by KVM_KVMCLOCK_CTRL from here on. */
static bool forbid_excuses(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)KVM_KVMCLOCK_CTRL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

struct stop {
	struct library *l;
	unsigned microseconds;
};

static void *let_go(void *arg)
{
	struct stop *s = arg;

	usleep(s->microseconds);
	library_go(s->l, true);
	return NULL;
}

/* Two stops of this length, of the VMM's thread, each with a run behind it. The run that settles what is pending is the VMM's EINTR. */
static bool stop_and_go(unsigned microseconds)
{
	struct vcpu_exit exit;
	pthread_t thread;
	bool good = true;
	struct vmm m;

	if (!open_vmm(&m, reads, sizeof(reads)) || !serve(&m, 3) || !forbid_excuses())
		return false;
	for (unsigned i = 0; i < 2; i++) {
		struct stop s = { &m.l, microseconds };

		library_stop(&m.l);
		good &= run(&m, &exit) == -EINTR;
		pthread_create(&thread, NULL, let_go, &s);
		good &= serve(&m, 3);
		pthread_join(thread, NULL);
	}
	return good;
}

/* How a process ends in which the guest stands for so long: its status, as of waitpid(). */
static int end_of(unsigned microseconds)
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		if (!freopen("/dev/null", "w", stdout))
			_exit(2);
		_exit(stop_and_go(microseconds) ? 0 : 1);
	}
	waitpid(child, &status, 0);
	return status;
}

static void test_excuse(void)
{
	int late = end_of(150000), soon = -1;

	/* On a busy machine a stop is not always as short as it was to be. */
	for (unsigned i = 0; soon && i < 10; i++)
		soon = end_of(1000);
	is_int(soon, 0, "a short stop is no matter to the guest");
	ok(WIFSIGNALED(late) && WTERMSIG(late) == SIGSYS, "KVM is told of a long one");
}
#endif

/* ---- accesses ---- */

static void test_settle(void)
{
	struct vcpu_exit exit;
	struct vmm m;

	if (!open_vmm(&m, reads, sizeof(reads)))
		return;
	ok(!m.h->ops->has_run(m.h, 0), "it has not run");
	ok(serve(&m, 5), "a guest reads and is answered");
	ok(m.h->ops->has_run(m.h, 0), "it has run");
	ok(m.h->ops->is_pending(m.h, 0), "KVM awaits the answer");
	ok(!embed_break_off(m.l.v), "which cannot be broken off");
	library_stop(&m.l);
	is_int(run(&m, &exit), -EINTR, "the VMM comes to run a guest that stands, and has its thread again");
	is_int(m.run->exit_reason, KVM_EXIT_INTR, "as after a signal");
	is_int(exit.kind, EXIT_KICKED, "which was our doing");
	ok(!m.h->ops->is_pending(m.h, 0), "nothing is pending by then");
	ok(embed_break_off(m.l.v), "now it could be broken off");
	library_go(&m.l, true);
	ok(has_every_answer(&m), "it goes on, attended to, and has every answer");
	is_int(m.l.unseen, false, "and no run was kept from the VMM");
	library_go(&m.l, false);
	ok(has_every_answer(&m), "and not attended to");
	close_vmm(&m);
}

/* The VMM's own immediate_exit always has its KVM_RUN, and remains the VMM's to take back. */
static void check_immediate(struct vmm *m, const char *state)
{
	struct vcpu_exit exit;

	m->run->immediate_exit = 1;
	for (unsigned i = 0; i < 3; i++)
		is_int(run(m, &exit), -EINTR, state);
	is_int(m->run->immediate_exit, 1, "... and it is as the VMM has set it");
	m->run->immediate_exit = 0;
	ok(!m->h->ops->is_pending(m->h, 0), "... and nothing is pending");
	embed_want(m->l.v);
	is_int(run(m, &exit), -EINTR, "... a thread that is wanted is had");
}

static void test_immediate(void)
{
	struct vmm m;

	if (!open_vmm(&m, reads, sizeof(reads)))
		return;
	ok(serve(&m, 2), "a guest that reads");
	check_immediate(&m, "immediate_exit of the VMM's, nobody attends");
	ok(has_every_answer(&m), "... once, and the guest goes on");
	library_stop(&m.l);
	check_immediate(&m, "immediate_exit of the VMM's, the guest stands");
	library_go(&m.l, true);
	ok(has_every_answer(&m), "... and goes on");
	check_immediate(&m, "immediate_exit of the VMM's, the guest is attended to");
	m.h->ops->kick(m.h, 0);
	library_go(&m.l, false);
	is_int(m.run->immediate_exit, 2, "a kick that nobody waits for any more");
	ok(run(&m, &(struct vcpu_exit){ 0 }) == -EINTR && has_every_answer(&m), "... is a signal to the VMM, once");
	close_vmm(&m);
}

/* ---- a guest that does not come out by itself ---- */

static void *spin_until_kicked(void *arg)
{
	struct vcpu_exit exit;
	struct vmm *m = arg;

	return run(m, &exit) == -EINTR ? NULL : m;
}

static void test_spin(void)
{
	void *bad, *any = NULL;
	pthread_t thread;
	struct vmm m;

	if (!open_vmm(&m, spin, sizeof(spin)))
		return;
	for (unsigned i = 0; i < 100; i++) {
		library_go(&m.l, i & 1);
		pthread_create(&thread, NULL, spin_until_kicked, &m);
		usleep((unsigned)rand() % 500);
		if (i % 3)
			library_stop(&m.l);
		/* One that came when the guest stood waits. */
		embed_want(m.l.v);
		pthread_join(thread, &bad);
		any = bad ? bad : any;
	}
	ok(!any, "a hundred threads in turn that spin are called out");
	close_vmm(&m);
}

/* ---- what is refused, and what is left ---- */

static void refused(struct embed_config config, const char *want)
{
	char error[200] = "";
	struct host *h = embed_open(&config, error, sizeof(error));

	ok(!h && strstr(error, want), "refused: %s (%s)", want, error);
	if (h)
		h->ops->close(h);
}

static void test_refusals(void)
{
	int memory = memfd_create("no vCPU", MFD_CLOEXEC);
	struct host_call call = { .request = KVM_GET_API_VERSION };
	struct embed_vcpu *v;
	struct vm *vm;
	struct vmm m;

	if (!open_vmm(&m, spin, sizeof(spin)))
		return;
	vm = (struct vm *)m.vm;
	refused((struct embed_config){ .kvm_fd = memory, .vm_fd = vm->fd }, "not the interface of Linux's KVM");
	refused((struct embed_config){ .kvm_fd = vm->kvm, .vm_fd = memory }, "is not one of KVM's");
	refused((struct embed_config){ .kvm_fd = vm->kvm, .vm_fd = vm->fd, .kick_signal = SIGSYS }, "no signal is free");
	refused((struct embed_config){ .kvm_fd = vm->kvm, .vm_fd = vm->fd, .run_signals = 1 << 9 }, "KVM_SET_SIGNAL_MASK");
	is_int(embed_add_vcpu(m.h, 0, m.fd, NULL, &v), -EEXIST, "there is one of this number");
	is_int(embed_add_vcpu(m.h, 1, memory, NULL, &v), -EBADF, "a file is no vCPU");
	is_int(embed_add_vcpu(m.h, EMBED_VCPUS_MAX, m.fd, NULL, &v), -EINVAL, "there can be none of this number");
	is_int(embed_add_vcpu(m.h, 70, m.fd, NULL, &v), 0, "a vCPU of a high number");
	is_int(m.h->vcpus, 71, "is counted");
	is_int(m.h->ops->calls(m.h, 69, &call, 1), -ENODEV, "those between are absent");
	is_int(m.h->ops->calls(m.h, EMBED_VCPUS_MAX, &call, 1), -EINVAL, "and none is above");
	m.h->ops->kick(m.h, 69);
	m.h->ops->wake(m.h, 69);
	is_int(m.h->ops->wait(m.h, 69, -1), -ENODEV, "what is absent does not wait");
	embed_remove_vcpu(v);
	is_int(m.h->ops->calls(m.h, 70, &call, 1), -ENODEV, "it goes");
	is_int(embed_add_vcpu(m.h, 70, m.fd, NULL, &v), 0, "and comes again, and stays");
	close(memory);
	close_vmm(&m);
}

/* What KVM is to leave in kvm_run belongs to the VMM as well. */
static void test_sync(void)
{
	struct embed_vcpu *v;
	struct vmm m;

	if (!open_vmm(&m, spin, sizeof(spin)))
		return;
	m.run->kvm_valid_regs = 4;
	m.h->ops->sync_regs(m.h, 6);
	is_int((int64_t)m.run->kvm_valid_regs, 4,
		"while nobody attends nothing is wanted in kvm_run but what the VMM wants there");
	m.h->ops->attend(m.h, 0, true);
	is_int((int64_t)m.run->kvm_valid_regs, 6, "... and else what we want as well");
	m.h->ops->sync_regs(m.h, 1);
	is_int((int64_t)m.run->kvm_valid_regs, 5, "... something else by then");
	m.h->ops->sync_regs(m.h, 0);
	is_int((int64_t)m.run->kvm_valid_regs, 4, "what the VMM wants stays");
	m.h->ops->sync_regs(m.h, 2);
	m.h->ops->attend(m.h, 0, false);
	is_int((int64_t)m.run->kvm_valid_regs, 4, "... alone when nobody attends any more");
	m.h->ops->attend(m.h, 0, true);
	embed_remove_vcpu(m.l.v);
	is_int((int64_t)m.run->kvm_valid_regs, 4, "... also when the vCPU goes");
	is_int(embed_add_vcpu(m.h, 0, m.fd, NULL, &v), 0, "it comes again");
	m.h->ops->attend(m.h, 0, true);
	is_int((int64_t)m.run->kvm_valid_regs, 6, "... and is as the others");
	m.h->ops->close(m.h);
	is_int((int64_t)m.run->kvm_valid_regs, 4, "nothing of ours is left");
	m.vm->ops->close(m.vm);
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0) {
		skip("host_embed", "/dev/kvm cannot be used");
		return done();
	}
	close(kvm);
	test_cost();
#ifdef __x86_64__
	test_excuse();
#endif
	test_settle();
	test_immediate();
	test_spin();
	test_refusals();
	test_sync();
	return done();
}
