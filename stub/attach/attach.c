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
#include "vms.h"
#include "../host/kvm.h"
#include "../host/vcpu_calls.h"

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
int attach_map_run(struct attach *a, struct attach_vcpu *v, const struct refusal *why)
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
		err = attach_map_run(a, &a->vcpu[i], why);
	return err;
}

/* --- /dev/kvm */

static int copy_any_kvm(void)
{
	struct vms_process vm;
	struct vms vms;
	int kvm = -ENOENT;

	if (vms_open(&vms, "/proc"))
		return kvm;
	while (kvm < 0 && vms_next(&vms, &vm))
		kvm = proc_copy_kvm(vm.pid);
	vms_close(&vms);
	return kvm;
}

int attach_open_kvm(pid_t pid, const struct refusal *why)
{
	int own = kvm_open(-1, why), copy;

	if (own >= 0)
		return own;
	copy = pid ? proc_copy_kvm(pid) : copy_any_kvm();
	return copy < 0 ? own : copy;
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
		.many = a->many,
		.irqchip = -1,
		.lock = &a->lock,
		.told = &nothing,
		.told_size = &none };
	return attach_calls_on(a, v->fd, &at, calls, n);
}

/* Should we be killed while KVM is told, it is armed if it was or is going to be. */
static int attach_set_debug(struct host *h, unsigned vcpu, uint32_t control, const void *arch, size_t size)
{
	atomic_uint *known = attach_control(&((struct attach *)h)->vcpu[vcpu]);
	unsigned old = atomic_fetch_or(known, control);
	int err = vcpu_set_debug(h, vcpu, control, arch, size);

	atomic_store(known, err ? old : control);
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

/* --- the host */

static void attach_close(struct host *h)
{
	struct attach *a = (struct attach *)h;

	attach_sync_regs(h, 0);
	hand_close(&a->hand);
	attach_end_tracers(a);
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
	pthread_mutex_destroy(&a->code.lock);
	pthread_mutex_destroy(&a->making);
	pthread_mutex_destroy(&a->lock);
	free(a->vcpu);
	free(a);
}

static const struct host_ops attach_ops = {
	.look = attach_look,
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
	.refresh = attach_refresh,
	.opcode = attach_opcode,
	.sync_code = attach_sync_code,
	.close = attach_close,
};

static int make_vcpus(struct attach *a, const struct refusal *why)
{
	if (a->vm.nvcpus > ATTACH_VCPUS_MAX)
		return refuse(why, -E2BIG, "process %d: %u vCPUs: at most %u", a->vm.pid, a->vm.nvcpus, ATTACH_VCPUS_MAX);
	a->vcpu = calloc(ATTACH_VCPUS_MAX, sizeof(*a->vcpu));
	if (!a->vcpu)
		return refuse(why, -ENOMEM, "out of memory");
	a->host.vcpus = a->vm.nvcpus;
	for (unsigned i = 0; i < a->host.vcpus; i++)
		a->vcpu[i] = (struct attach_vcpu){
			.host = a, .nr = i, .id = a->vm.vcpu[i].nr, .fd = a->vm.vcpu[i].fd, .place = ATTACH_GONE
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

/* Where there is our module, the VMM need not be able to open its device; what is in a sandbox gets none. */
static void give_many_regs(struct attach *a)
{
	int fd = a->hand.filtered ? -1 : kvm_open_many_regs();

	if (fd < 0)
		return;
	a->many = hand_give(&a->hand, fd);
	close(fd);
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
	if (!err && guard_init(&a->guard, ATTACH_VCPUS_MAX))
		err = refuse(why, -ENOMEM, "out of memory");
	if (!err)
		err = open_process(a, why);
	if (!err)
		err = map_runs(a, why);
	if (!err)
		err = attach_memory_seen(a, config->seen, config->held, why);
	if (err)
		return err;
	a->kvm = attach_open_kvm(config->pid, NULL);
	attach_install_kick();
	a->hand.way = &a->guard.table->way;
	a->hand.nudge = a->hand.filtered ? attach_nudge : NULL;
	a->hand.tracer = a;
	/* Before anything is done in the VMM. It knows no hand yet; the one in its place does. */
	err = guard_open(&a->guard, &(struct guard_job){ attach_rescue, a, { a->memory, -1 } }, why);
	if (!err)
		err = attach_start_tracers(a, config->held, why);
	if (!err)
		give_many_regs(a);
	if (!err)
		err = guard_again(&a->guard, &(struct guard_job){ attach_rescue, a, { a->memory, a->hand.socket } }, why);
	atomic_store(&a->guarded, !err);
	return err;
}

struct host *attach_open(const struct attach_config *config, char *error, size_t size)
{
	struct refusal why = { error, size };
	struct attach *a = calloc(1, sizeof(*a));

	if (!a) {
		refuse(&why, -ENOMEM, "out of memory");
		return NULL;
	}
	*a = (struct attach){ .host = { .ops = &attach_ops },
		.gives_up = config->gives_up,
		.pidfd = -1,
		.memory = -1,
		.kvm = -1,
		.many = -1,
		.guard.alive = -1 };
	pthread_mutex_init(&a->lock, NULL);
	pthread_mutex_init(&a->making, NULL);
	pthread_mutex_init(&a->code.lock, NULL);
	pthread_cond_init(&a->turn, NULL);
	attach_memory_init(a);
	hand_init(&a->hand, proc_is_filtered(config->pid));
	if (open_all(a, config, &why)) {
		attach_close(&a->host);
		return NULL;
	}
	return &a->host;
}
