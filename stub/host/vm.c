/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM of our own: builds it, takes it apart, and answers struct host_ops. How a vCPU runs is in vcpu.c, the board in
 * vm_<arch>.c.
 */
#include "vm.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "kvm.h"
#include "save.h"
#include "sync_code.h"
#include "vcpu.h"
#include "vcpu_calls.h"
#include "vm_arch.h"

int vm_refuse_errno(const struct refusal *why, const char *what)
{
	int err = -errno;

	return refuse(why, err, "%s: %s", what, strerror(-err));
}

/* --- building, in the order in which KVM wants it */

static int open_kvm(struct vm *vm, const struct refusal *why)
{
	vm->kvm = kvm_open(vm->given_kvm, why);
	if (vm->kvm < 0)
		return vm->kvm;
	/* Our module, where it is loaded and this user may. */
	vm->many = kvm_open_many_regs();
	return 0;
}

static int create_vm(struct vm *vm, const struct refusal *why)
{
	/* A signal ends it with EINTR on some kernels (kvm_create_vm registers an MMU notifier, which waits). */
	do {
		vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, vm_arch_type(vm->kvm));
	} while (vm->fd < 0 && errno == EINTR);
	return vm->fd < 0 ? vm_refuse_errno(why, "cannot create a VM") : 0;
}

/* KVM_CAP_MAX_VCPUS, and what stands for it in kernels that lack it (Documentation/virt/kvm/api.rst, 4.7). */
static unsigned kvm_vcpus_max(const struct vm *vm)
{
	int n = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);

	if (n <= 0)
		n = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_VCPUS);
	return n > 0 ? (unsigned)n : 4;
}

static int check_vcpus(struct vm *vm, const struct refusal *why)
{
	const char *what;
	unsigned kvm = kvm_vcpus_max(vm), board = vm_arch_vcpus_max(vm, &what);

	if (vm->host.vcpus > kvm && kvm <= board)
		return refuse(why, -EINVAL, "%u vCPUs: this host's KVM gives a VM at most %u", vm->host.vcpus, kvm);
	if (vm->host.vcpus > board)
		return refuse(why, -EINVAL, "%u vCPUs: at most %u in this machine: %s", vm->host.vcpus, board, what);
	return 0;
}

int vm_give_slot(struct vm *vm, const struct ram_slot *s, const struct refusal *why)
{
	struct kvm_userspace_memory_region region = {
		.slot = s->nr,
		.flags = s->read_only ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = s->gpa,
		.memory_size = s->size,
		.userspace_addr = (uintptr_t)s->hva,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) < 0
		       ? vm_refuse_errno(why, "KVM does not take so much memory (--memory)")
		       : 0;
}

static int give_ram(struct vm *vm, const struct refusal *why)
{
	uint64_t gpa, size;
	int err = 0;

	for (unsigned i = 0; !err && vm_arch_ram(vm, i, &gpa, &size); i++) {
		err = ram_map(&vm->ram, i, gpa, size, why);
		if (!err)
			err = vm_give_slot(vm, ram_find(&vm->ram, gpa, size), why);
	}
	return err;
}

static int create_vcpu(struct vm_vcpu *v, const struct refusal *why)
{
	int size = ioctl(v->vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	void *run;

	v->fd = ioctl(v->vm->fd, KVM_CREATE_VCPU, (unsigned long)v->nr);
	if (v->fd < 0)
		return refuse(why, -errno, "cannot create vCPU %u of %u: %s", v->nr, v->vm->host.vcpus, strerror(errno));
	if (size < (int)sizeof(struct kvm_run))
		return refuse(why, -EIO, "/dev/kvm: its vCPUs are of an unknown kind");
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (run == MAP_FAILED)
		return vm_refuse_errno(why, "cannot map a vCPU");
	pthread_mutex_lock(&v->lock);
	v->run = run;
	v->run->kvm_valid_regs = v->vm->sync;
	v->run_size = (size_t)size;
	pthread_mutex_unlock(&v->lock);
	return 0;
}

static int create_vcpus(struct vm *vm, const struct refusal *why)
{
	int err = 0;

	for (unsigned i = 0; !err && i < vm->host.vcpus; i++)
		err = create_vcpu(&vm->vcpu[i], why);
	return err;
}

/* Before it is read: what is shown later is what was loaded. */
static int keep_image(struct vm *vm, const struct refusal *why)
{
	(void)why;
	image_keep(&vm->image, vm->config.image ? vm->config.image : vm->config.bios);
	return 0;
}

static int restore(struct vm *vm, const struct refusal *why)
{
	return vm->snapshot.fd < 0 ? 0 : save_restore(vm, why);
}

static int build(struct vm *vm, const struct refusal *why)
{
	static int (*const steps[])(struct vm *, const struct refusal *) = { open_kvm, create_vm, check_vcpus, give_ram,
		vm_arch_open, create_vcpus, keep_image, vm_arch_start, vm_load_files, restore };
	int err = 0;

	for (unsigned i = 0; !err && i < sizeof(steps) / sizeof(steps[0]); i++)
		err = steps[i](vm, why);
	if (!err)
		vm_console_receives(vm, true);
	return err;
}

/* --- taking apart, however far the building came */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void destroy_vcpu(struct vm_vcpu *v)
{
	pthread_mutex_lock(&v->lock);
	if (v->run)
		munmap(v->run, v->run_size);
	v->run = NULL;
	close_fd(&v->fd);
	v->pending = false;
	v->synced = false;
	pthread_mutex_unlock(&v->lock);
}

static void take_apart(struct vm *vm)
{
	vm_console_receives(vm, false);
	for (unsigned i = 0; i < vm->host.vcpus; i++)
		destroy_vcpu(&vm->vcpu[i]);
	vm_arch_close(vm);
	close_fd(&vm->fd);
	close_fd(&vm->kvm);
	close_fd(&vm->many);
	close_fd(&vm->irqchip);
	ram_drop(&vm->ram);
	image_drop(&vm->image);
}

static void vm_close(struct host *h)
{
	struct vm *vm = (struct vm *)h;

	take_apart(vm);
	for (unsigned i = 0; i < h->vcpus; i++)
		pthread_mutex_destroy(&vm->vcpu[i].lock);
	pthread_mutex_destroy(&vm->devices);
	output_close(&vm->output);
	input_close(&vm->input);
	snapshot_close(&vm->snapshot);
	ram_close(&vm->ram);
	free(vm->vcpu);
	free(vm);
}

static int vm_reset(struct host *h, char *error, size_t size)
{
	struct vm *vm = (struct vm *)h;
	struct refusal why = { error, size };
	int err;

	take_apart(vm);
	err = build(vm, &why);
	if (err)
		take_apart(vm);
	return err;
}

/* --- a VM without an image, which is filled by hand */

static int vm_start_as(struct host *h, const char *mode, char *error, size_t size)
{
	struct vm *vm = (struct vm *)h;
	struct refusal why = { error, size };

	if (!h->empty)
		return refuse(&why, -EINVAL, "the image says how the machine starts");
	if (vm->fd < 0)
		return refuse(&why, -ENODEV, "there is no machine");
	vm->config.mode = mode;
	return vm_arch_start(vm, &why);
}

static void vm_set_off(struct host *h)
{
	struct vm *vm = (struct vm *)h;

	if (!vm->config.image && !vm->config.bios && !vm->config.restore && vm->fd >= 0)
		vm_arch_set_off(vm);
}

/* --- what is not running */

static void vm_sync_regs(struct host *h, uint64_t sync)
{
	struct vm *vm = (struct vm *)h;

	for (unsigned i = 0; i < h->vcpus; i++)
		if (vm->vcpu[i].run)
			vm->vcpu[i].run->kvm_valid_regs = sync;
	vm->sync = sync;
}

static int vm_calls(struct host *h, unsigned vcpu, struct host_call *calls, unsigned n)
{
	struct vm *vm = (struct vm *)h;
	struct vcpu_place at;
	struct vm_vcpu *v;

	if (vcpu >= h->vcpus)
		return -EINVAL;
	v = &vm->vcpu[vcpu];
	if (v->fd < 0)
		return -ENODEV;
	at = (struct vcpu_place){ .fd = v->fd,
		.run = v->run,
		.run_size = v->run_size,
		.synced = &v->synced,
		.many = vm->many,
		.irqchip = vm->irqchip,
		.irqchip_attr = v->irqchip_attr,
		.lock = &vm->devices,
		.told = &vm->told,
		.told_size = &vm->told_size };
	for (unsigned i = 0; i < n; i++)
		vcpu_call(&at, &calls[i]);
	return 0;
}

static int vm_system_call(struct host *h, struct host_call *call)
{
	return kvm_system_call(((struct vm *)h)->kvm, call);
}

static int vm_extension(struct host *h, int cap)
{
	return kvm_extension(((struct vm *)h)->fd, cap);
}

static ssize_t vm_read_mem(struct host *h, uint64_t gpa, void *buf, size_t len)
{
	struct vm *vm = (struct vm *)h;

	return vm->fd < 0 ? -ENODEV : ram_read(&vm->ram, gpa, buf, len);
}

static ssize_t vm_write_mem(struct host *h, uint64_t gpa, const void *buf, size_t len)
{
	struct vm *vm = (struct vm *)h;

	return vm->fd < 0 ? -ENODEV : ram_write(&vm->ram, gpa, buf, len);
}

static bool vm_image(struct host *h, struct host_image *image)
{
	return image_show(&((struct vm *)h)->image, image);
}

static ssize_t vm_read_image(struct host *h, uint64_t offset, void *buf, size_t len)
{
	return image_read(&((struct vm *)h)->image, offset, buf, len);
}

static bool vm_area(struct host *h, unsigned n, struct host_area *area)
{
	struct vm *vm = (struct vm *)h;
	struct ram_slot s;

	if (!ram_nth(&vm->ram, n, &s))
		return vm_arch_device(vm, n - vm->ram.n, area);
	*area = (struct host_area){ .start = s.gpa,
		.size = s.size,
		.ram = true,
		.read_only = s.read_only,
		.what = "RAM: anonymous memory of kvm-gdbserver" };
	if (s.read_only)
		area->what = "flash: anonymous memory of kvm-gdbserver; commands do nothing";
	return true;
}

static void vm_sync_code(struct host *h, uint64_t gpa, size_t len)
{
	ram_visit(&((struct vm *)h)->ram, gpa, len, sync_code);
}

static const struct host_ops vm_ops = {
	.run = vm_run,
	.access = vm_access,
	.kick = vm_kick,
	.calls = vm_calls,
	.sync_regs = vm_sync_regs,
	.set_debug = vcpu_set_debug,
	.system_call = vm_system_call,
	.extension = vm_extension,
	.read_mem = vm_read_mem,
	.write_mem = vm_write_mem,
	.area = vm_area,
	.image = vm_image,
	.read_image = vm_read_image,
	.sync_code = vm_sync_code,
	.reset = vm_reset,
	.save = vm_save,
	.start_as = vm_start_as,
	.set_off = vm_set_off,
	.close = vm_close,
};

/* --- opening */

static int check_mode(const struct vm_config *config, const struct refusal *why)
{
	unsigned i = 0;

	if (!config->mode)
		return 0;
	if (config->image)
		return refuse(why, -EINVAL, "--mode %s: with an image, the image says it", config->mode);
	while (vm_arch_modes[i] && strcmp(vm_arch_modes[i], config->mode))
		i++;
	return vm_arch_modes[i] ? 0
				: refuse(why, -EINVAL, "--mode %s: this machine %s", config->mode,
					  i ? "has x86-64, i386 and i8086" : "has no modes to choose from");
}

static int check_config(const struct vm_config *config, const struct refusal *why)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (!config->vcpus || config->vcpus > VM_VCPUS_MAX)
		return refuse(why, -EINVAL, "%u vCPUs: at least 1 and at most %u", config->vcpus, VM_VCPUS_MAX);
	if (!config->memory || config->memory % page || config->memory > (uint64_t)1 << 46)
		return refuse(why, -EINVAL,
			"0x%" PRIx64 " bytes of memory: must be a multiple of 0x%" PRIx64 ", at most 64 TiB", config->memory,
			page);
	if (config->image && config->bios)
		return refuse(
			why, -EINVAL, "--bios %s: it is in an image's place: --load puts other files beside it", config->bios);
	return check_mode(config, why);
}

static struct vm *allocate(const struct vm_config *config)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	struct vm_vcpu *vcpu = calloc(config->vcpus, sizeof(*vcpu));

	if (!vm || !vcpu) {
		free(vm);
		free(vcpu);
		return NULL;
	}
	*vm = (struct vm){ .host = { .ops = &vm_ops,
				   .vcpus = config->vcpus,
				   .has_image = config->image || config->bios || config->nload,
				   .restored = config->restore,
				   .empty = !config->image && !config->bios && !config->nload && !config->restore &&
					    vm_arch_modes[0] },
		.config = *config,
		.kvm = -1,
		.fd = -1,
		.many = -1,
		.irqchip = -1,
		.image = { .fd = -1 },
		.snapshot = { .fd = -1 },
		.vcpu = vcpu };
	if (input_open(&vm->input) || ram_open(&vm->ram)) {
		input_close(&vm->input);
		free(vcpu);
		free(vm);
		return NULL;
	}
	pthread_mutex_init(&vm->devices, NULL);
	output_open(&vm->output, config->console);
	for (unsigned i = 0; i < config->vcpus; i++) {
		vcpu[i] = (struct vm_vcpu){ .vm = vm, .nr = i, .fd = -1 };
		pthread_mutex_init(&vcpu[i].lock, NULL);
	}
	return vm;
}

/* What is saved says how large the machine is. */
static int open_snapshot(struct vm_config *config, struct snapshot *snapshot, const struct refusal *why)
{
	int err;

	*snapshot = (struct snapshot){ .fd = -1 };
	if (!config->restore)
		return 0;
	err = snapshot_open(snapshot, config->restore, why);
	config->vcpus = snapshot->vcpus;
	config->memory = snapshot->memory;
	return err;
}

static struct host *open_any(struct vm_config config, bool scratch, int kvm, const struct refusal *why)
{
	struct snapshot snapshot;
	struct vm *vm = NULL;

	if (open_snapshot(&config, &snapshot, why))
		return NULL;
	if (!check_config(&config, why)) {
		vm = allocate(&config);
		if (!vm)
			refuse(why, -ENOMEM, "out of memory");
	}
	if (!vm) {
		snapshot_close(&snapshot);
		return NULL;
	}
	vm->snapshot = snapshot;
	vm->scratch = scratch;
	vm->given_kvm = kvm;
	if (getrandom(&vm->seed, sizeof(vm->seed), GRND_INSECURE) < 0)
		vm->seed = 0;
	if (!scratch)
		vm_install_kick();
	if (build(vm, why)) {
		vm_close(&vm->host);
		return NULL;
	}
	return &vm->host;
}

struct host *vm_open(const struct vm_config *config, char *error, size_t size)
{
	struct refusal why = { error, size };

	return open_any(*config, false, -1, &why);
}

struct host *vm_open_scratch(int kvm, uint64_t memory, uint64_t *base, char *error, size_t size)
{
	struct refusal why = { error, size };
	struct vm_config config = { .vcpus = 1, .memory = memory, .console = -1 };

	*base = vm_arch_scratch_base();
	return open_any(config, true, kvm, &why);
}
