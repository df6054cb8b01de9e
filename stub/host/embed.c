/* SPDX-License-Identifier: BSD-2-Clause */
/* A host over the VMM's own descriptors: owns what is opened and mapped for it, and answers struct host_ops. */
#include "embed.h"

#include <errno.h>
#include <linux/kvm.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "embed_vcpu.h"
#include "kvm.h"
#include "sync_code.h"
#include "vcpu_calls.h"

static struct embed *embed_of(struct host *h)
{
	return (struct embed *)h;
}

/* ---- vCPUs ---- */

struct embed_vcpu *embed_find(struct host *h, unsigned nr)
{
	struct embed_vcpu *_Atomic *chunk = nr < EMBED_VCPUS_MAX ? atomic_load(&embed_of(h)->chunk[nr / EMBED_CHUNK]) : NULL;

	return chunk ? atomic_load(&chunk[nr % EMBED_CHUNK]) : NULL;
}

/*
 * What KVM leaves in kvm_run for us when a run ends, and no more what it did before: nothing while nobody attends, since it takes KVM time. What
 * the VMM has it leave there stays.
 */
static void sync_vcpu(struct embed_vcpu *v, uint64_t sync)
{
	uint64_t theirs = v->run->kvm_valid_regs & ~v->sync;

	v->sync = sync & ~theirs;
	v->run->kvm_valid_regs = theirs | v->sync;
}

static void free_vcpu(struct embed_vcpu *v)
{
	if (v->run) {
		sync_vcpu(v, 0);
		munmap(v->run, v->run_size);
	}
	if (v->event >= 0)
		close(v->event);
	free(v);
}

/* Anything else might be mapped as well, and have nothing there. */
static bool may_be_vcpu(int fd)
{
	struct statfs s;

	return !fstatfs(fd, &s) && (unsigned)s.f_type == ANON_INODE_FS_MAGIC;
}

/* 0 or -errno. */
static int open_vcpu(struct embed_vcpu *v)
{
	int size = ioctl(v->host->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	void *run;

	if (!may_be_vcpu(v->fd))
		return -EBADF;
	if (size < (int)sizeof(struct kvm_run))
		return -EIO;
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (run == MAP_FAILED)
		return errno == ENOMEM ? -ENOMEM : -EBADF;
	v->run = run;
	v->run_size = (size_t)size;
	v->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return v->event < 0 ? -errno : 0;
}

static struct embed_vcpu *new_vcpu(struct embed *e, unsigned nr, int fd, void *opaque)
{
	struct embed_vcpu *v = aligned_alloc(CACHE_LINE_MAX, sizeof(*v));

	if (!v)
		return NULL;
	memset(v, 0, sizeof(*v));
	v->host = e;
	v->nr = nr;
	v->fd = fd;
	v->event = -1;
	v->opaque = opaque;
	return v;
}

/* Its place in the table, which there is room for by then; or NULL. */
static struct embed_vcpu *_Atomic *locked_place(struct embed *e, unsigned nr)
{
	struct embed_vcpu *_Atomic *chunk = atomic_load(&e->chunk[nr / EMBED_CHUNK]);

	if (!chunk) {
		chunk = calloc(EMBED_CHUNK, sizeof(*chunk));
		atomic_store(&e->chunk[nr / EMBED_CHUNK], chunk);
	}
	return chunk ? &chunk[nr % EMBED_CHUNK] : NULL;
}

static int enter_in_table(struct embed *e, struct embed_vcpu *v)
{
	struct embed_vcpu *_Atomic *place;
	int err = 0;

	pthread_mutex_lock(&e->lock);
	place = locked_place(e, v->nr);
	if (!place)
		err = -ENOMEM;
	else if (atomic_load(place))
		err = -EEXIST;
	if (!err) {
		atomic_store(place, v);
		if (e->host.vcpus <= v->nr)
			e->host.vcpus = v->nr + 1;
	}
	pthread_mutex_unlock(&e->lock);
	return err;
}

int embed_add_vcpu(struct host *h, unsigned nr, int fd, void *opaque, struct embed_vcpu **vcpu)
{
	struct embed_vcpu *v;
	int err;

	if (nr >= EMBED_VCPUS_MAX)
		return -EINVAL;
	v = new_vcpu(embed_of(h), nr, fd, opaque);
	if (!v)
		return -ENOMEM;
	err = open_vcpu(v);
	if (!err)
		err = enter_in_table(v->host, v);
	if (err)
		free_vcpu(v);
	else
		*vcpu = v;
	return err;
}

void embed_remove_vcpu(struct embed_vcpu *v)
{
	struct embed *e = v->host;

	pthread_mutex_lock(&e->lock);
	atomic_store(locked_place(e, v->nr), NULL);
	pthread_mutex_unlock(&e->lock);
	free_vcpu(v);
}

/* ---- struct host_ops ---- */

static int embed_calls(struct host *h, unsigned nr, struct host_call *calls, unsigned n)
{
	struct embed *e = embed_of(h);
	struct embed_vcpu *v = embed_find(h, nr);
	struct vcpu_place at;

	if (!v)
		return nr < EMBED_VCPUS_MAX ? -ENODEV : -EINVAL;
	at = (struct vcpu_place){ .fd = v->fd,
		.run = v->run,
		.run_size = v->run_size,
		.synced = &v->synced,
		.many = e->many,
		.irqchip = -1,
		.lock = &e->lock,
		.told = &e->told,
		.told_size = &e->told_size };
	for (unsigned i = 0; i < n; i++)
		vcpu_call(&at, &calls[i]);
	return 0;
}

void embed_sync(struct embed_vcpu *v)
{
	struct embed *e = v->host;

	pthread_mutex_lock(&e->lock);
	sync_vcpu(v, atomic_load(&v->word) & EMBED_ATTENDED ? e->sync : 0);
	pthread_mutex_unlock(&e->lock);
}

static void embed_sync_regs(struct host *h, uint64_t sync)
{
	struct embed *e = embed_of(h);

	pthread_mutex_lock(&e->lock);
	e->sync = sync;
	pthread_mutex_unlock(&e->lock);
	for (unsigned i = 0; i < h->vcpus; i++) {
		struct embed_vcpu *v = embed_find(h, i);

		if (v)
			embed_sync(v);
	}
}

static int embed_system_call(struct host *h, struct host_call *call)
{
	return kvm_system_call(embed_of(h)->kvm, call);
}

static int embed_extension(struct host *h, int cap)
{
	return kvm_extension(embed_of(h)->fd, cap);
}

static ssize_t embed_read_mem(struct host *h, uint64_t gpa, void *buf, size_t len)
{
	return ram_read(&embed_of(h)->ram, gpa, buf, len);
}

static ssize_t embed_write_mem(struct host *h, uint64_t gpa, const void *buf, size_t len)
{
	return ram_write(&embed_of(h)->ram, gpa, buf, len);
}

static bool embed_area(struct host *h, unsigned n, struct host_area *area)
{
	struct ram_slot s;

	if (!ram_nth(&embed_of(h)->ram, n, &s))
		return false;
	*area = (struct host_area){
		.start = s.gpa, .size = s.size, .ram = true, .read_only = s.read_only, .what = "RAM: memory of the VMM"
	};
	return true;
}

static void embed_sync_code(struct host *h, uint64_t gpa, size_t len)
{
	ram_visit(&embed_of(h)->ram, gpa, len, sync_code);
}

static int embed_reset(struct host *h, char *error, size_t size)
{
	struct embed *e = embed_of(h);
	struct refusal why = { error, size };
	int err = e->config.reset(e->config.opaque);

	return err ? refuse(&why, err, "the VMM could not reset its guest: %s", strerror(-err)) : 0;
}

static void embed_close(struct host *h)
{
	struct embed *e = embed_of(h);

	for (unsigned i = 0; i < h->vcpus; i++) {
		struct embed_vcpu *v = embed_find(h, i);

		if (v)
			free_vcpu(v);
	}
	for (unsigned i = 0; i < EMBED_VCPUS_MAX / EMBED_CHUNK; i++)
		free(e->chunk[i]);
	if (e->signals >= 0)
		close(e->signals);
	if (e->many >= 0)
		close(e->many);
	if (e->kvm >= 0)
		close(e->kvm);
	pthread_key_delete(e->mine);
	pthread_mutex_destroy(&e->lock);
	ram_close(&e->ram);
	free((void *)e->told);
	free(e);
}

static const struct host_ops embed_ops = {
	.kick = embed_kick,
	.wait = embed_wait,
	.wake = embed_wake,
	.attend = embed_attend,
	.has_run = embed_has_run,
	.is_pending = embed_is_pending,
	.calls = embed_calls,
	.sync_regs = embed_sync_regs,
	.set_debug = vcpu_set_debug,
	.system_call = embed_system_call,
	.extension = embed_extension,
	.read_mem = embed_read_mem,
	.write_mem = embed_write_mem,
	.area = embed_area,
	.sync_code = embed_sync_code,
	.close = embed_close,
};

/* ---- what the VMM tells ---- */

int embed_set_memory(struct host *h, uint32_t slot, uint64_t gpa, uint64_t size, void *address, bool read_only)
{
	return ram_set(&embed_of(h)->ram, slot, gpa, size, address, read_only);
}

bool embed_find_memory(struct host *h, uint32_t slot, uint64_t *gpa, uint64_t *size)
{
	struct ram_slot s;

	for (unsigned i = 0; ram_nth(&embed_of(h)->ram, i, &s); i++) {
		if (s.nr != slot)
			continue;
		*gpa = s.gpa;
		*size = s.size;
		return true;
	}
	return false;
}

int embed_tell(struct host *h, const void *data, size_t size)
{
	struct embed *e = embed_of(h);
	void *told = malloc(size);
	const void *before;

	if (!told)
		return -ENOMEM;
	memcpy(told, data, size);
	pthread_mutex_lock(&e->lock);
	before = e->told;
	e->told = told;
	e->told_size = size;
	pthread_mutex_unlock(&e->lock);
	free((void *)before);
	return 0;
}

/* ---- opening ---- */

static void do_nothing(int signal)
{
	(void)signal;
}

/* A signal that an earlier host has taken is as good: the handlers are one. */
static bool is_free(int signal)
{
	struct sigaction now;

	return !sigaction(signal, NULL, &now) && !(now.sa_flags & SA_SIGINFO) &&
	       (now.sa_handler == SIG_DFL || now.sa_handler == do_nothing);
}

static int choose_signal(int asked)
{
	int signal = asked ? asked : SIGRTMAX;

	while (!asked && signal > SIGRTMIN && !is_free(signal))
		signal--;
	return is_free(signal) ? signal : -1;
}

/* Go's runtime wants SA_ONSTACK of every handler. */
static int take_signal(struct embed *e, const struct refusal *why)
{
	struct sigaction action = { .sa_handler = do_nothing, .sa_flags = SA_ONSTACK };
	uint64_t lets_in = e->config.run_signals;
	int signal;

	if (e->config.kick) {
		e->config.kick_signal = 0;
		return 0;
	}
	signal = choose_signal(e->config.kick_signal);
	if (signal < 0)
		return refuse(why, -EINVAL, "no signal is free to call vCPUs out by");
	if (lets_in && !(lets_in >> (signal - 1) & 1))
		return refuse(why, -EINVAL,
			"KVM lets signals in by a mask (KVM_SET_SIGNAL_MASK) which has not the one that calls vCPUs out");
	e->config.kick_signal = signal;
	return sigaction(signal, &action, NULL) < 0 ? refuse(why, -errno, "signal %d: %s", signal, strerror(errno)) : 0;
}

static int open_signals(struct embed *e, const struct refusal *why)
{
	sigset_t set;

	if (!e->config.run_signals)
		return 0;
	sigemptyset(&set);
	for (int i = 1; i <= 64; i++)
		if (e->config.run_signals >> (i - 1) & 1)
			sigaddset(&set, i);
	e->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return e->signals < 0 ? refuse(why, -errno, "signalfd: %s", strerror(errno)) : 0;
}

static int check_vm(struct embed *e, const struct refusal *why)
{
	if (kvm_extension(e->fd, KVM_CAP_USER_MEMORY) <= 0)
		return refuse(why, -EBADF, "the VM's descriptor is not one of KVM's");
	e->syncs = kvm_extension(e->fd, KVM_CAP_SYNC_REGS) > 0;
	return 0;
}

static int open_descriptors(struct embed *e, const struct refusal *why)
{
	e->kvm = kvm_open(e->config.kvm_fd, why);
	if (e->kvm < 0)
		return e->kvm;
	e->many = kvm_open_many_regs();
	return 0;
}

static struct embed *allocate(const struct embed_config *config)
{
	struct embed *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->ops = embed_ops;
	e->ops.reset = config->reset ? embed_reset : NULL;
	e->host = (struct host){ .ops = &e->ops, .borrowed = true };
	e->config = *config;
	e->kvm = e->many = e->signals = -1;
	e->fd = config->vm_fd;
	if (pthread_key_create(&e->mine, NULL)) {
		free(e);
		return NULL;
	}
	if (ram_open(&e->ram)) {
		pthread_key_delete(e->mine);
		free(e);
		return NULL;
	}
	e->ram.read = config->read_memory;
	e->ram.write = config->write_memory;
	e->ram.opaque = config->opaque;
	pthread_mutex_init(&e->lock, NULL);
	return e;
}

struct host *embed_open(const struct embed_config *config, char *error, size_t size)
{
	struct refusal why = { error, size };
	struct embed *e = allocate(config);

	if (!e) {
		refuse(&why, -ENOMEM, "out of memory");
		return NULL;
	}
	if (open_descriptors(e, &why) < 0 || check_vm(e, &why) || open_signals(e, &why) || take_signal(e, &why)) {
		embed_close(&e->host);
		return NULL;
	}
	return &e->host;
}
