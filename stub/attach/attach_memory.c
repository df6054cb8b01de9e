/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory is read and written by /proc/PID/mem, at the addresses that KVM's slots have there. See attach_memory.h. */
#include "attach_memory.h"

#include "held.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void attach_memory_init(struct attach *a)
{
	pthread_mutex_init(&a->ram.lock, NULL);
}

int attach_memory_told(struct attach *a, const char *const *ram, const struct refusal *why)
{
	int err = 0;

	for (; !err && ram && *ram; ram++)
		err = memslots_parse(*ram, &a->ram.slots, why);
	a->ram.looked = a->ram.told = a->ram.slots.n != 0;
	return err;
}

/* A VM that has another descriptor by now is the one that was seen all the same. */
int attach_memory_seen(struct attach *a, const struct seen_vms *seen, const struct held *held, const struct refusal *why)
{
	const struct memslots *slots = seen ? seen_of(seen, a->vm.pid, a->vm.vm_fd) : NULL;
	struct attach_memory *m = &a->ram;

	if (!slots)
		return 0;
	m->seen.vm = calloc(1, sizeof(*m->seen.vm));
	if (!m->seen.vm || memslots_copy(&m->seen.vm->slots, slots))
		return refuse(why, -ENOMEM, "out of memory");
	m->seen.vm->pid = a->vm.pid;
	m->seen.vm->fd = a->vm.vm_fd;
	m->seen.n = 1;
	m->watches = true;
	m->ran = !held || held->n < a->vm.nvcpus;
	return 0;
}

void attach_memory_at_entry(struct attach_vcpu *v, const struct tracee_call *call)
{
	if (v->host->ram.watches)
		seen_begins(&v->seen, v->tracee.tid, call);
}

void attach_memory_at_exit(struct attach_vcpu *v, int64_t result)
{
	struct attach_memory *m = &v->host->ram;

	if (v->seen.kind != SEEN_SLOT)
		return;
	pthread_mutex_lock(&m->lock);
	seen_ends(&m->seen, v->host->vm.pid, &v->seen, result);
	if (!result)
		atomic_store(&m->was_set, true);
	pthread_mutex_unlock(&m->lock);
}

void attach_memory_close(struct attach *a)
{
	seen_free(&a->ram.seen);
	memslots_free(&a->ram.slots);
	pthread_mutex_destroy(&a->ram.lock);
}

static int vm_calls(void *arg, struct host_call *calls, unsigned n)
{
	struct attach *a = arg;

	return attach_calls_on(a, a->vm.vm_fd, NULL, calls, n);
}

static const struct memslot *locked_slot(const struct memslots *slots, uint64_t gpa)
{
	for (unsigned i = 0; i < slots->n; i++)
		if (gpa - slots->slot[i].gpa < slots->slot[i].size)
			return &slots->slot[i];
	return NULL;
}

/* Opcodes whose memory is not there any more, for the guest: the VMM may have it elsewhere by now, or use it for something else. */
static void locked_take_out_strays(struct attach *a)
{
	for (unsigned i = 0; i < GUARD_OPCODES; i++) {
		struct guard_opcode *o = &a->guard.table->opcode[i];
		const struct memslot *s = locked_slot(&a->ram.slots, o->gpa);

		if (!atomic_load(&o->is_in) || (s && s->hva + (o->gpa - s->gpa) == o->at))
			continue;
		if (guard_take_out(o, a->memory))
			attach_code_changed(a, o->at, o->size);
		guard_took(&a->guard, o->at);
	}
}

/* 0, or -errno and a sentence in ram.why: the slots are as they were. */
static int locked_look(struct attach *a)
{
	struct attach_memory *m = &a->ram;
	const struct refusal why = { m->why, sizeof(m->why) };
	struct memslots_vm vm = { .pid = a->vm.pid,
		.vm_fd = a->vm.vm_fd,
		.vm_copy = (int)syscall(SYS_pidfd_getfd, a->pidfd, a->vm.vm_fd, 0),
		.page_size = (unsigned)sysconf(_SC_PAGESIZE),
		.calls = vm_calls,
		.arg = a,
		.occupied = UINT64_MAX,
		.seen = m->seen.n ? &m->seen.vm->slots : NULL,
		.seen_is_all = !m->ran };
	int err = memslots_find(&vm, &m->slots, &why);

	m->looked = true;
	if (vm.vm_copy >= 0)
		close(vm.vm_copy);
	if (err && err != -ENXIO)
		return err;
	if (!err)
		m->why[0] = '\0';
	locked_take_out_strays(a);
	a->host.memory_age++;
	return err;
}

/* What the VMM was seen to do is all that it did, up to a vCPU's first run; and was it seen to do something since? */
static bool locked_is_outdated(struct attach_memory *m, bool has_run)
{
	bool first = has_run && !m->ran, was_set = atomic_exchange(&m->was_set, false);

	m->ran |= has_run;
	return was_set || (m->slots.by_calls ? first : has_run && memslots_changed(&m->slots));
}

/* At the first access after a vCPU has run, the VMM may have changed its memory: that is looked at, where it can be seen. */
static void locked_refresh(struct attach *a)
{
	bool has_run = atomic_exchange(&a->ram.has_run, false), outdated = !a->ram.told && locked_is_outdated(&a->ram, has_run);

	if (!a->ram.looked || outdated)
		locked_look(a);
}

/* Where it is in the VMM, and how much of it: -ENODATA, it is not known where any memory is; -EFAULT, there is none. */
static ssize_t locate(struct attach *a, uint64_t gpa, size_t len, off_t *at)
{
	const struct memslot *s;
	ssize_t n;

	pthread_mutex_lock(&a->ram.lock);
	locked_refresh(a);
	s = locked_slot(&a->ram.slots, gpa);
	n = s ? (ssize_t)(s->size - (gpa - s->gpa)) : a->ram.slots.n ? -EFAULT : -ENODATA;
	if (s)
		*at = (off_t)(s->hva + (gpa - s->gpa));
	pthread_mutex_unlock(&a->ram.lock);
	return n > (ssize_t)len ? (ssize_t)len : n;
}

/* buf is only read where the guest's memory is written. */
static ssize_t transfer(struct host *h, uint64_t gpa, void *buf, size_t len, bool write)
{
	struct attach *a = (struct attach *)h;
	off_t at;
	ssize_t n = locate(a, gpa, len, &at);

	if (n <= 0)
		return n;
	n = write ? pwrite(a->memory, buf, (size_t)n, at) : pread(a->memory, buf, (size_t)n, at);
	return n > 0 ? n : -EIO;
}

ssize_t attach_read_mem(struct host *h, uint64_t gpa, void *buf, size_t len)
{
	return transfer(h, gpa, buf, len, false);
}

ssize_t attach_write_mem(struct host *h, uint64_t gpa, const void *buf, size_t len)
{
	return transfer(h, gpa, (void *)buf, len, true);
}

void attach_sync_code(struct host *h, uint64_t gpa, size_t len)
{
	struct attach *a = (struct attach *)h;
	off_t at;
	ssize_t n = 1;

	for (; tracee_arch.sync_code && len && n > 0; gpa += (size_t)n, len -= (size_t)n) {
		n = locate(a, gpa, len, &at);
		if (n <= 0)
			break;
		attach_code_changed(a, (uint64_t)at, (size_t)n);
	}
}

/* Whoever wants the first one, and there was none, may have come by the right to know since. */
bool attach_area(struct host *h, unsigned n, struct host_area *area)
{
	struct attach *a = (struct attach *)h;
	const struct memslots *slots = &a->ram.slots;
	bool found;

	pthread_mutex_lock(&a->ram.lock);
	if (!n && !slots->n)
		locked_look(a);
	else if (!n)
		locked_refresh(a);
	found = n < slots->n;
	if (found)
		*area = (struct host_area){ .start = slots->slot[n].gpa,
			.size = slots->slot[n].size,
			.ram = true,
			.read_only = slots->slot[n].flags & KVM_MEM_READONLY,
			.what = slots->source };
	pthread_mutex_unlock(&a->ram.lock);
	return found;
}

const char *attach_no_mem(struct host *h)
{
	struct attach_memory *m = &((struct attach *)h)->ram;
	const char *why;

	pthread_mutex_lock(&m->lock);
	why = m->looked && !m->slots.n ? m->why : NULL;
	pthread_mutex_unlock(&m->lock);
	return why;
}

void attach_opcode(struct host *h, uint64_t gpa, const uint8_t *old, const uint8_t *trap, unsigned size)
{
	struct attach *a = (struct attach *)h;
	off_t at;

	if (locate(a, gpa, size, &at) != (ssize_t)size)
		return;
	if (old)
		guard_puts(&a->guard, gpa, (uint64_t)at, old, trap, size);
	else
		guard_took(&a->guard, (uint64_t)at);
}

int attach_refresh(struct host *h, char *error, size_t size)
{
	struct attach *a = (struct attach *)h;
	const struct refusal why = { error, size };
	int err;

	if (a->ram.told)
		return refuse(&why, -EINVAL, "memory is where --ram says that it is: nobody else is asked");
	pthread_mutex_lock(&a->ram.lock);
	locked_is_outdated(&a->ram, atomic_exchange(&a->ram.has_run, false));
	err = locked_look(a);
	if (err)
		refuse(&why, err, "%s", a->ram.why);
	else if (a->ram.slots.by_calls && a->ram.ran)
		err = refuse(&why, -ENODATA,
			"memory is where the VMM had it when its guest began: what it changes later is seen only where a vCPU's thread does it "
			"while a breakpoint is set or a step is made; BPF would tell, and --ram does");
	pthread_mutex_unlock(&a->ram.lock);
	return err;
}
