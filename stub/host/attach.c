/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM in another process: finds its way in and out, and answers struct host_ops. See attach.h. */
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "attach_memory.h"
#include "attach_vcpu.h"
#include "kvm.h"
#include "vcpu_calls.h"

#define LOOK_MS 3000 /* a VMM's threads are looked for so long, if they are busy with something else; */
#define LOOKS_ALL 10 /* each so many looks, also among those that do not look like it */
#define LOOK_NS 2000000

/* Whoever cleans up behind one that was killed is gone soon. */
#define CHECKS 50
#define CHECK_NS 20000000

/* --- what is opened without touching the VMM */

static int open_process(struct attach *a, const struct refusal *why)
{
	char path[64];

	a->pidfd = (int)syscall(SYS_pidfd_open, a->vm.pid, 0);
	if (a->pidfd < 0)
		return refuse(why, -errno, "process %d: %s", a->vm.pid, strerror(errno));
	snprintf(path, sizeof(path), "/proc/%d/mem", a->vm.pid);
	a->memory = open(path, O_RDWR | O_CLOEXEC);
	return a->memory < 0 ? refuse(why, -errno, "the memory of process %d: %s", a->vm.pid, strerror(errno)) : 0;
}

/* kvm_run is of the vCPU's descriptor: it can be mapped by whoever has that. */
static int map_run(struct attach *a, struct attach_vcpu *v, const struct refusal *why)
{
	int fd = (int)syscall(SYS_pidfd_getfd, a->pidfd, v->fd, 0);
	void *run = fd < 0 ? MAP_FAILED : mmap(NULL, a->vm.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int err = run == MAP_FAILED ? errno : 0;

	if (fd >= 0)
		close(fd);
	if (err)
		return refuse(why, -err, "vCPU %u of process %d: %s", v->nr, a->vm.pid, strerror(err));
	v->run = run;
	return 0;
}

static int map_runs(struct attach *a, const struct refusal *why)
{
	int err = 0;

	if (a->vm.run_size < sizeof(struct kvm_run))
		return refuse(why, -EIO, "process %d: its vCPUs are of an unknown kind", a->vm.pid);
	for (unsigned i = 0; !err && i < a->host.vcpus; i++)
		err = map_run(a, &a->vcpu[i], why);
	return err;
}

/* --- the tracers */

static void set_task(struct attach_vcpu *v, enum attach_task task)
{
	pthread_mutex_lock(&v->host->lock);
	v->task = task;
	pthread_cond_broadcast(&v->host->turn);
	pthread_mutex_unlock(&v->host->lock);
}

static enum attach_task await_task(struct attach_vcpu *v)
{
	enum attach_task task;

	pthread_mutex_lock(&v->host->lock);
	while (v->task == ATTACH_WAITS)
		pthread_cond_wait(&v->host->turn, &v->host->lock);
	task = v->task;
	pthread_mutex_unlock(&v->host->lock);
	return task;
}

/* A thread of ours that looks for a vCPU, and what has come of it. */
struct search {
	struct attach *a;
	pid_t tid;
	struct attach_vcpu *found;
	const struct refusal *why;
	int err;
	bool over; /* under attach.lock */
};

static void is_over(struct search *s)
{
	pthread_mutex_lock(&s->a->lock);
	s->over = true;
	pthread_cond_broadcast(&s->a->turn);
	pthread_mutex_unlock(&s->a->lock);
}

/* Who has made the hand takes with it what is left of that in the VMM. */
static void leave(struct attach_vcpu *v)
{
	if (v->host->opener == v && v->place == ATTACH_BEHIND)
		hand_clear(&v->host->hand, &v->tracee);
	attach_let_go(v);
}

static void *tracer_main(void *arg)
{
	struct search *s = arg;
	struct attach_vcpu *v = attach_claim(s->a, s->tid);

	if (v && s->a->hand.socket < 0) {
		s->a->opener = v;
		s->err = hand_open(&s->a->hand, &v->tracee, s->a->pidfd, s->why);
	}
	s->found = v;
	if (v) {
		v->thread = pthread_self();
		v->has_thread = true;
		v->task = ATTACH_WAITS;
		attach_own(v);
	}
	is_over(s);
	if (!v)
		return NULL;
	if (await_task(v) == ATTACH_RUNS)
		v->body(v->arg);
	leave(v);
	return NULL;
}

/* 1: it is a vCPU's thread; 0: it is none, and was let go; or -errno. */
static int try_thread(struct attach *a, pid_t tid, const struct refusal *why)
{
	struct search s = { .a = a, .tid = tid, .why = why };
	pthread_t thread;
	int err = pthread_create(&thread, NULL, tracer_main, &s);

	if (err)
		return refuse(why, -err, "cannot start a thread: %s", strerror(err));
	pthread_mutex_lock(&a->lock);
	while (!s.over)
		pthread_cond_wait(&a->turn, &a->lock);
	pthread_mutex_unlock(&a->lock);
	if (!s.found)
		pthread_join(thread, NULL);
	return s.err ? s.err : s.found != NULL;
}

/* It runs, or is in KVM_RUN: who waits for something else comes last, and is left alone where that will do. */
static bool may_run(const struct attach *a, pid_t tid)
{
	uint64_t arg[6];
	long nr = -1;

	return proc_thread_call(a->vm.pid, tid, &nr, arg) || nr < 0 ||
	       (nr == SYS_ioctl && (uint32_t)arg[1] == (uint32_t)KVM_RUN);
}

static bool is_claimed(const struct attach *a, pid_t tid)
{
	for (unsigned i = 0; i < a->host.vcpus; i++)
		if (a->vcpu[i].has_thread && a->vcpu[i].tracee.tid == tid)
			return true;
	return false;
}

/* How many vCPUs are left whose threads are not found, or -errno. */
static int find_threads(struct attach *a, bool all, int left, const struct refusal *why)
{
	struct proc_threads threads;
	struct proc_thread thread;
	int r = proc_threads_open(&threads, a->vm.pid);

	if (r)
		return refuse(why, r, "the threads of process %d: %s", a->vm.pid, strerror(-r));
	while (r >= 0 && left && proc_threads_next(&threads, &thread)) {
		if (is_claimed(a, thread.tid) || proc_is_worker(a->vm.pid, thread.tid) || !(all || may_run(a, thread.tid)))
			continue;
		r = try_thread(a, thread.tid, why);
		left -= r > 0;
	}
	proc_threads_close(&threads);
	return r < 0 ? r : left;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Who serves an exit, and sleeps in that, is back soon. */
static int start_tracers(struct attach *a, const struct refusal *why)
{
	int64_t until = now_ms() + LOOK_MS;
	int left = (int)a->host.vcpus;

	for (unsigned i = 1; left > 0 && now_ms() < until; i++) {
		left = find_threads(a, i % LOOKS_ALL == 0, left, why);
		if (left > 0)
			nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
	}
	if (left > 0)
		return refuse(why, -EBUSY,
			"process %d: %d of its %u vCPUs %s not run by any thread now: a VM that is paused cannot be attached "
			"to",
			a->vm.pid, left, a->host.vcpus, left == 1 ? "is" : "are");
	return left;
}

static void end_tracers(struct attach *a)
{
	for (unsigned i = 0; i < a->host.vcpus; i++) {
		struct attach_vcpu *v = &a->vcpu[i];

		if (!v->has_thread)
			continue;
		if (v->task == ATTACH_WAITS)
			set_task(v, ATTACH_LEAVES);
		pthread_join(v->thread, NULL);
		v->has_thread = false;
	}
}

static int attach_start(struct host *h, unsigned vcpu, void *(*body)(void *), void *arg)
{
	struct attach *a = (struct attach *)h;

	if (vcpu >= h->vcpus)
		return -EINVAL;
	a->vcpu[vcpu].body = body;
	a->vcpu[vcpu].arg = arg;
	set_task(&a->vcpu[vcpu], ATTACH_RUNS);
	return 0;
}

/* --- ioctls */

static int attach_calls(struct host *h, unsigned vcpu, struct host_call *calls, unsigned n)
{
	static const size_t none;
	static const void *const nothing;
	struct attach *a = (struct attach *)h;
	struct attach_vcpu *v;
	struct vcpu_place at;

	if (vcpu >= h->vcpus)
		return -EINVAL;
	v = &a->vcpu[vcpu];
	at = (struct vcpu_place){ .fd = v->fd,
		.run = v->run,
		.run_size = a->vm.run_size,
		.synced = &v->synced,
		.many = -1,
		.irqchip = -1,
		.lock = &a->lock,
		.told = &nothing,
		.told_size = &none };
	return attach_calls_on(a, v->fd, &at, calls, n);
}

static int attach_set_debug(struct host *h, unsigned vcpu, uint32_t control, const void *arch, size_t size)
{
	int err = vcpu_set_debug(h, vcpu, control, arch, size);

	if (!err)
		atomic_store(attach_control(&((struct attach *)h)->vcpu[vcpu]), control);
	return err;
}

static int attach_system_call(struct host *h, struct host_call *call)
{
	return kvm_system_call(((struct attach *)h)->kvm, call);
}

/* Our own /dev/kvm knows less than the VM, whose kind may be another one. */
static int attach_extension(struct host *h, int cap)
{
	struct attach *a = (struct attach *)h;
	struct host_call call = { .request = KVM_CHECK_EXTENSION, .value = (unsigned)cap };

	return attach_calls_on(a, a->vm.vm_fd, NULL, &call, 1) || call.err ? 0 : call.ret;
}

/* What the VMM wants there itself stays. */
static void attach_sync_regs(struct host *h, uint64_t sync)
{
	struct attach *a = (struct attach *)h;

	for (unsigned i = 0; i < h->vcpus; i++)
		if (a->vcpu[i].run)
			a->vcpu[i].run->kvm_valid_regs = (a->vcpu[i].run->kvm_valid_regs & ~a->sync) | sync;
	a->sync = sync;
}

/* --- memory */

/* The kernel has made what was written by /proc visible to fetches. */
static void attach_sync_code(struct host *h, uint64_t gpa, size_t len)
{
	(void)h;
	(void)gpa;
	(void)len;
}

/* --- the host */

static void attach_close(struct host *h)
{
	struct attach *a = (struct attach *)h;

	attach_sync_regs(h, 0);
	hand_close(&a->hand);
	end_tracers(a);
	guard_close(&a->guard);
	for (unsigned i = 0; i < h->vcpus; i++)
		if (a->vcpu[i].run)
			munmap(a->vcpu[i].run, a->vm.run_size);
	if (a->memory >= 0)
		close(a->memory);
	if (a->pidfd >= 0)
		close(a->pidfd);
	if (a->kvm >= 0)
		close(a->kvm);
	attach_memory_close(a);
	proc_free(&a->vm);
	hand_destroy(&a->hand);
	pthread_cond_destroy(&a->turn);
	pthread_mutex_destroy(&a->lock);
	free(a->vcpu);
	free(a);
}

static const struct host_ops attach_ops = {
	.start = attach_start,
	.run = attach_run,
	.kick = attach_kick,
	.calls = attach_calls,
	.sync_regs = attach_sync_regs,
	.set_debug = attach_set_debug,
	.system_call = attach_system_call,
	.extension = attach_extension,
	.read_mem = attach_read_mem,
	.write_mem = attach_write_mem,
	.area = attach_area,
	.no_mem = attach_no_mem,
	.opcode = attach_opcode,
	.sync_code = attach_sync_code,
	.close = attach_close,
};

static int make_vcpus(struct attach *a, const struct refusal *why)
{
	if (a->vm.nvcpus > ATTACH_VCPUS_MAX)
		return refuse(why, -E2BIG, "process %d: %u vCPUs: at most %u", a->vm.pid, a->vm.nvcpus, ATTACH_VCPUS_MAX);
	a->vcpu = calloc(a->vm.nvcpus, sizeof(*a->vcpu));
	if (!a->vcpu)
		return refuse(why, -ENOMEM, "out of memory");
	a->host.vcpus = a->vm.nvcpus;
	for (unsigned i = 0; i < a->host.vcpus; i++)
		a->vcpu[i] = (struct attach_vcpu){
			.host = a, .nr = i, .fd = a->vm.vcpu[i].fd, .run_at = a->vm.vcpu[i].run_at, .place = ATTACH_GONE
		};
	return 0;
}

static int check_process(pid_t pid, const struct refusal *why)
{
	int err = proc_check(pid, why);

	for (unsigned i = 0; err == -EBUSY && i < CHECKS; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = CHECK_NS }, NULL);
		err = proc_check(pid, why);
	}
	return err;
}

static int open_all(struct attach *a, const struct attach_config *config, const struct refusal *why)
{
	int err = attach_memory_told(a, config->ram, why);

	if (!err)
		err = check_process(config->pid, why);
	if (!err)
		err = proc_find_vm(config->pid, &a->vm, why);
	if (!err)
		err = make_vcpus(a, why);
	if (!err && guard_init(&a->guard, a->host.vcpus))
		err = refuse(why, -ENOMEM, "out of memory");
	if (!err)
		err = open_process(a, why);
	if (!err)
		err = map_runs(a, why);
	if (err)
		return err;
	a->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	attach_install_kick();
	err = start_tracers(a, why);
	return err ? err : guard_open(&a->guard, &(struct guard_job){ attach_rescue, a, { a->memory, a->hand.socket } }, why);
}

struct host *attach_open(const struct attach_config *config, char *error, size_t size)
{
	struct refusal why = { error, size };
	struct attach *a = calloc(1, sizeof(*a));

	if (!a) {
		refuse(&why, -ENOMEM, "out of memory");
		return NULL;
	}
	*a = (struct attach){ .host = { .ops = &attach_ops }, .pidfd = -1, .memory = -1, .kvm = -1, .guard.alive = -1 };
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->turn, NULL);
	attach_memory_init(a);
	hand_init(&a->hand, proc_is_filtered(config->pid));
	if (open_all(a, config, &why)) {
		attach_close(&a->host);
		return NULL;
	}
	return &a->host;
}
