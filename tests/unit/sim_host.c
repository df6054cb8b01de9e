/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated machine. It is linked into tests only, and is no test itself. */
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "many_regs/kvm_many_regs.h"
#include "reg/tdesc.h"
#include "sim_host.h"

/* ---- registers ---- */

static struct sim_value *find(struct sim_host *sim, unsigned vcpu, uint64_t key)
{
	uint64_t whole = KEY_IS_BLOCK(key) ? KEY_BLOCK(KEY_BLOCK_NR(key), 0, 0) : key;

	for (unsigned i = 0; i < sim->vcpu[vcpu].nvalues; i++)
		if (sim->vcpu[vcpu].values[i].key == whole)
			return &sim->vcpu[vcpu].values[i];
	return NULL;
}

static bool add(struct sim_host *sim, unsigned vcpu, uint64_t key, size_t size)
{
	struct sim_vcpu *v = &sim->vcpu[vcpu];
	struct sim_value *values;
	uint8_t *bytes;

	if (find(sim, vcpu, key))
		return true;
	values = realloc(v->values, (v->nvalues + 1) * sizeof(*values));
	if (!values)
		return false;
	v->values = values;
	bytes = calloc(1, size);
	if (!bytes)
		return false;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(v->nvalues * 7 + i * 13 + vcpu + 1);
	v->values[v->nvalues++] = (struct sim_value){ .key = key, .size = size, .bytes = bytes };
	return true;
}

bool sim_add(struct sim_host *sim, unsigned vcpu, uint64_t key)
{
	return add(sim, vcpu, key, KEY_SIZE(key));
}

void sim_remove(struct sim_host *sim, unsigned vcpu, uint64_t key)
{
	struct sim_value *value = find(sim, vcpu, key);

	if (value)
		value->absent = true;
}

uint8_t *sim_bytes(struct sim_host *sim, unsigned vcpu, uint64_t key)
{
	struct sim_value *value = find(sim, vcpu, key);

	return value ? value->bytes + (KEY_IS_BLOCK(key) ? KEY_OFFSET(key) : 0) : NULL;
}

uint64_t sim_get(struct sim_host *sim, unsigned vcpu, uint64_t key)
{
	uint64_t value = 0;

	memcpy(&value, sim_bytes(sim, vcpu, key), KEY_SIZE(key));
	return value;
}

void sim_set(struct sim_host *sim, unsigned vcpu, uint64_t key, uint64_t value)
{
	uint8_t *bytes = sim_bytes(sim, vcpu, key);
	size_t size = KEY_SIZE(key);

	memset(bytes, 0, size);
	memcpy(bytes, &value, size < sizeof(value) ? size : sizeof(value));
}

/* ---- ioctls ---- */

#define IS_MSR(key) ((key) >> 32 == 0x20300002u)

static bool refused(unsigned *countdown)
{
	return *countdown && !--*countdown;
}

static int move(struct sim_host *sim, unsigned vcpu, uint64_t key, void *bytes, size_t size, bool set)
{
	struct sim_value *value = find(sim, vcpu, key);

	unsigned n = (*(set ? &sim->sets : &sim->gets))++;

	if (set && n < SIM_SETS)
		sim->set_keys[n] = key;
	if (refused(set ? &sim->refuse_set : &sim->refuse_get))
		return -sim->refuse_err;
	if (!value || value->absent)
		return -ENOENT;
	if (size != value->size)
		return -EINVAL;
	if (set)
		memcpy(value->bytes, bytes, size);
	else
		memcpy(bytes, value->bytes, size);
	return 0;
}

static int do_one_reg(struct sim_host *sim, unsigned vcpu, struct host_call *call, bool set)
{
	const struct kvm_one_reg *reg = call->arg;

	if (call->size != sizeof(*reg) || call->ptr_count != 1 || (uintptr_t)call->data != reg->addr)
		return -EFAULT;
	if (IS_MSR(reg->id) && !sim->msr_ids)
		return -EINVAL;
	return move(sim, vcpu, reg->id, call->data, call->data_size, set);
}

static bool in_data(const struct host_call *call, uint64_t addr, uint64_t size)
{
	uint64_t from = (uintptr_t)call->data;

	return addr >= from && size <= call->data_size && addr - from <= call->data_size - size;
}

/* What a host in another process would have to move: every pointer is told of, and is to somewhere in the data. */
static bool pointers_told(const struct host_call *call, const struct kvm_many_regs *m)
{
	unsigned first = m->errors ? offsetof(struct kvm_many_regs, errors) : offsetof(struct kvm_many_regs, reg[0].addr);

	for (unsigned i = 0; i < m->n; i++)
		if (!in_data(call, m->reg[i].addr, KEY_SIZE(m->reg[i].id)))
			return false;
	return (!m->n || call->ptr_at == first) && call->ptr_stride == sizeof(m->reg[0]) &&
	       call->ptr_count == m->n + (m->errors ? 1 : 0) && (!m->errors || in_data(call, m->errors, 4 * (uint64_t)m->n));
}

static int check_many(struct sim_host *sim, const struct host_call *call, const struct kvm_many_regs *m)
{
	if (!(call->on_device ? sim->many_on_device : sim->many_on_vcpu))
		return call->on_device ? -ENODEV : -ENOTTY;
	if (m->n > KVM_MANY_REGS_MAX)
		return -E2BIG;
	if ((m->flags & ~KVM_MANY_REGS_GO_ON) || (m->errors && !m->flags) || m->vcpu_fd != -1)
		return -EINVAL;
	if (call->size != sizeof(*m) + m->n * sizeof(m->reg[0]) || !pointers_told(call, m))
		return -EFAULT;
	return m->n ? sim->many_err : 0;
}

static int do_many(struct sim_host *sim, unsigned vcpu, struct host_call *call, bool set)
{
	struct kvm_many_regs *m = call->arg;
	int err = check_many(sim, call, m), *errors = (int *)(uintptr_t)m->errors;

	if (err)
		return err;
	sim->many_requests += m->n > 0;
	for (m->done = 0; m->done < m->n; m->done++) {
		struct kvm_one_reg *reg = &m->reg[m->done];

		if (sim->interrupt_many && m->done == sim->interrupt_many) {
			sim->interrupt_many = 0;
			return -EINTR;
		}
		err = move(sim, vcpu, reg->id, (void *)(uintptr_t)reg->addr, KEY_SIZE(reg->id), set);
		if (m->flags & KVM_MANY_REGS_GO_ON)
			errors[m->done] = err;
		else if (err)
			return err;
	}
	return 0;
}

/* struct kvm_msrs with any number of entries; the ioctl returns how many were done. */
static int do_msrs(struct sim_host *sim, unsigned vcpu, struct host_call *call, bool set)
{
	struct {
		uint32_t index, reserved;
		uint64_t data;
	} *entry = (void *)((char *)call->arg + 8);
	uint32_t n = *(uint32_t *)call->arg, i;

	if (call->size != 8 + n * sizeof(*entry))
		return -EFAULT;
	for (i = 0; i < n; i++)
		if (move(sim, vcpu, 0x2030000200000000 | entry[i].index, &entry[i].data, sizeof(entry[i].data), set))
			break;
	call->ret = (int)i;
	return 0;
}

static int do_list(struct sim_host *sim, unsigned vcpu, struct host_call *call)
{
	struct kvm_reg_list *list = call->arg;
	uint64_t room = list->n;

	list->n = 0;
	for (unsigned i = sim->vcpu[vcpu].nvalues; i-- > 0;) {
		const struct sim_value *value = &sim->vcpu[vcpu].values[i];

		if (!KEY_IS_ID(value->key) || IS_MSR(value->key) || value->absent)
			continue;
		if (list->n++ < room)
			list->reg[list->n - 1] = value->key;
	}
	return list->n > room ? -E2BIG : 0;
}

static int do_block(struct sim_host *sim, unsigned vcpu, struct host_call *call)
{
	unsigned nr = _IOC_NR(call->request);

	for (unsigned i = 0; i < sim->arch->regs.nblocks; i++) {
		const struct arch_block *block = &sim->arch->regs.blocks[i];

		if (!block->get_nr || (nr != block->get_nr && nr != block->set_nr))
			continue;
		if (_IOC_SIZE(call->request) != (block->coded ? block->coded : block->size) || call->size != block->size)
			return -EFAULT;
		return move(sim, vcpu, KEY_BLOCK(i, 0, 0), call->arg, call->size, nr == block->set_nr);
	}
	return -ENOTTY;
}

static int do_run(struct sim_host *sim, unsigned vcpu, struct host_call *call)
{
	if (call->request == HOST_RUN_COPY && (!sim->synced || call->run_sync & ~sim->sync))
		return -ENXIO;
	for (unsigned i = 0; i < sim->arch->regs.nblocks; i++) {
		const struct arch_block *block = &sim->arch->regs.blocks[i];

		if (!block->told && block->run_at == call->run_at && block->size == call->size &&
			block->run_sync == call->run_sync)
			return move(sim, vcpu, KEY_BLOCK(i, 0, 0), call->arg, call->size, call->request == HOST_RUN_SET);
	}
	return -EINVAL;
}

static int do_told(struct sim_host *sim, unsigned vcpu, struct host_call *call)
{
	for (unsigned i = 0; i < sim->arch->regs.nblocks; i++)
		if (sim->arch->regs.blocks[i].told && sim->arch->regs.blocks[i].size == call->size)
			return move(sim, vcpu, KEY_BLOCK(i, 0, 0), call->arg, call->size, false);
	return -ENXIO;
}

/* As KVM does, which looks whether any vCPU is running. */
static int do_device(struct sim_host *sim, unsigned vcpu, struct host_call *call, bool set)
{
	return sim->running ? -EBUSY
			    : move(sim, vcpu, KEY_DEVICE(call->device_group, call->device_attr), call->arg, call->size, set);
}

static int do_mp_state(struct sim_vcpu *v, struct kvm_mp_state *state, bool set)
{
	v->mp_gets += !set;
	if (set)
		v->mp_state = state->mp_state;
	else
		state->mp_state = v->mp_state;
	return 0;
}

static int do_call(struct sim_host *sim, unsigned vcpu, struct host_call *call)
{
	if (call->changes)
		sim->synced = false;
	if (call->request == HOST_RUN_GET || call->request == HOST_RUN_SET || call->request == HOST_RUN_COPY)
		return do_run(sim, vcpu, call);
	if (call->request == HOST_TOLD)
		return do_told(sim, vcpu, call);
	if (call->request == HOST_DEVICE_GET || call->request == HOST_DEVICE_SET)
		return do_device(sim, vcpu, call, call->request == HOST_DEVICE_SET);
	if (call->request == KVM_GET_MANY_REGS || call->request == KVM_SET_MANY_REGS)
		return do_many(sim, vcpu, call, call->request == KVM_SET_MANY_REGS);
	switch (_IOC_NR(call->request)) {
	case _IOC_NR(KVM_GET_ONE_REG):
		return do_one_reg(sim, vcpu, call, false);
	case _IOC_NR(KVM_SET_ONE_REG):
		return do_one_reg(sim, vcpu, call, true);
	case _IOC_NR(KVM_GET_REG_LIST):
		return do_list(sim, vcpu, call);
	case _IOC_NR(KVM_GET_MP_STATE):
		return do_mp_state(&sim->vcpu[vcpu], call->arg, false);
	case _IOC_NR(KVM_SET_MP_STATE):
		return do_mp_state(&sim->vcpu[vcpu], call->arg, true);
	case 0x88: /* KVM_GET_MSRS */
		return do_msrs(sim, vcpu, call, false);
	case 0x89: /* KVM_SET_MSRS */
		return do_msrs(sim, vcpu, call, true);
	default:
		return do_block(sim, vcpu, call);
	}
}

static int sim_calls(struct host *h, unsigned vcpu, struct host_call *calls, unsigned n)
{
	struct sim_host *sim = (struct sim_host *)h;

	sim->batches++;
	if (sim->unreachable)
		return sim->unreachable;
	for (unsigned i = 0; i < n; i++)
		calls[i].err = do_call(sim, vcpu, &calls[i]);
	return 0;
}

/* ---- running ---- */

static void take_exit(struct sim_host *sim, struct sim_vcpu *v, struct vcpu_exit *exit)
{
	pthread_mutex_lock(&sim->lock);
	v->in_guest = true;
	while (!(v->kicked && !v->deaf) && !v->nexits)
		pthread_cond_wait(&sim->kick, &sim->lock);
	/* As on KVM, an exit that there is comes before the kick, which then ends the next run. */
	if (v->nexits) {
		*exit = *v->exits++;
		v->nexits--;
	} else {
		v->kicked = false;
		exit->kind = EXIT_KICKED;
	}
	v->in_guest = false;
	pthread_mutex_unlock(&sim->lock);
}

/* A short moment. */
static int wait_for_kick(struct sim_host *sim, struct sim_vcpu *v, struct vcpu_exit *exit)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += 1000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	pthread_mutex_lock(&sim->lock);
	while (!v->kicked && !pthread_cond_timedwait(&sim->kick, &sim->lock, &end))
		;
	exit->kind = v->kicked ? EXIT_KICKED : EXIT_WAITED;
	v->kicked = false;
	v->waits++;
	pthread_mutex_unlock(&sim->lock);
	return 0;
}

static int sim_run(struct host *h, unsigned vcpu, enum host_run how, struct vcpu_exit *exit)
{
	struct sim_host *sim = (struct sim_host *)h;
	struct sim_vcpu *v = &sim->vcpu[vcpu];

	memset(exit, 0, sizeof(*exit));
	if (how == HOST_WAIT)
		return wait_for_kick(sim, v, exit);
	exit->kind = EXIT_KICKED;
	sim->running++;
	if (v->on_run)
		v->on_run(sim, vcpu, how);
	if (how != HOST_SETTLE) {
		v->runs++;
		take_exit(sim, v, exit);
		sim->synced = true;
	}
	sim->running--;
	return 0;
}

static void sim_kick(struct host *h, unsigned vcpu)
{
	struct sim_host *sim = (struct sim_host *)h;

	pthread_mutex_lock(&sim->lock);
	sim->vcpu[vcpu].kicked = true;
	pthread_cond_broadcast(&sim->kick);
	pthread_mutex_unlock(&sim->lock);
}

static int sim_set_debug(struct host *h, unsigned vcpu, uint32_t control, const void *arch, size_t size)
{
	struct sim_vcpu *v = &((struct sim_host *)h)->vcpu[vcpu];

	if (size > sizeof(v->debug))
		return -EINVAL;
	v->debug_control = control;
	memset(v->debug, 0, sizeof(v->debug));
	memcpy(v->debug, arch, size);
	v->debug_sets++;
	return 0;
}

/* KVM_GET_MSR_INDEX_LIST: the MSRs of vCPU 0. */
static int sim_system_call(struct host *h, struct host_call *call)
{
	struct sim_host *sim = (struct sim_host *)h;
	uint32_t *list = call->arg, room = list[0];

	if (_IOC_NR(call->request) != 0x02 || !KEY_IS_BLOCK(sim->arch->regs.pc))
		return -ENOTTY;
	list[0] = 0;
	for (unsigned i = 0; i < sim->vcpu[0].nvalues; i++)
		if (IS_MSR(sim->vcpu[0].values[i].key) && list[0]++ < room)
			list[list[0]] = (uint32_t)sim->vcpu[0].values[i].key;
	return list[0] > room ? -E2BIG : 0;
}

static void sim_sync_regs(struct host *h, uint64_t sync)
{
	((struct sim_host *)h)->sync = sync;
}

static int sim_extension(struct host *h, int cap)
{
	return cap >= 0 && cap < SIM_CAPS ? ((struct sim_host *)h)->caps[cap] : 0;
}

/* ---- life ---- */

static void sim_close(struct host *h)
{
	struct sim_host *sim = (struct sim_host *)h;

	for (unsigned i = 0; i < SIM_VCPUS; i++) {
		for (unsigned j = 0; j < sim->vcpu[i].nvalues; j++)
			free(sim->vcpu[i].values[j].bytes);
		free(sim->vcpu[i].values);
	}
	free(sim->ram);
	free(sim);
}

static const struct host_ops sim_ops = {
	.run = sim_run,
	.kick = sim_kick,
	.calls = sim_calls,
	.sync_regs = sim_sync_regs,
	.set_debug = sim_set_debug,
	.system_call = sim_system_call,
	.extension = sim_extension,
	.read_mem = sim_read_mem,
	.write_mem = sim_write_mem,
	.area = sim_area,
	.sync_code = sim_sync_code,
	.reset = sim_reset,
	.close = sim_close,
};

static bool add_rows(struct sim_host *sim, unsigned vcpu, const struct tdesc_feature *feature)
{
	for (unsigned i = 0; i < feature->nrows; i++) {
		uint64_t key = feature->rows[i].key;

		if (key && !KEY_IS_BLOCK(key) && !sim_add(sim, vcpu, key))
			return false;
	}
	return true;
}

static bool add_registers(struct sim_host *sim, unsigned vcpu)
{
	const struct arch *arch = sim->arch;

	for (unsigned i = 0; i < arch->regs.nblocks; i++)
		if (!add(sim, vcpu, KEY_BLOCK(i, 0, 0), arch->regs.blocks[i].size))
			return false;
	for (unsigned i = 0; i < arch->tdesc->nfeatures; i++)
		if (!add_rows(sim, vcpu, &arch->tdesc->features[i]))
			return false;
	return true;
}

struct sim_host *sim_open(const struct arch *arch, unsigned vcpus, uint64_t ram_base, uint64_t ram_size)
{
	struct sim_host *sim = calloc(1, sizeof(*sim));

	if (!sim || vcpus > SIM_VCPUS)
		return NULL;
	sim->host = (struct host){ .ops = &sim_ops, .vcpus = vcpus };
	sim->arch = arch;
	sim->refuse_err = EINVAL;
	pthread_mutex_init(&sim->lock, NULL);
	pthread_cond_init(&sim->kick, NULL);
	sim->ram = calloc(1, ram_size + 1);
	sim->ram_base = ram_base;
	sim->ram_size = ram_size;
	for (unsigned i = 0; i < vcpus; i++) {
		if (!sim->ram || !add_registers(sim, i)) {
			sim_close(&sim->host);
			return NULL;
		}
	}
	return sim;
}
