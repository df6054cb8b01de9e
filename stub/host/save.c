/* SPDX-License-Identifier: BSD-2-Clause */
/* See save.h. */
#include "save.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What there is of one slot: as it was saved, or as it is. */
struct saved_slot {
	uint64_t gpa, size, read_only;
};

/* RAM is as large as the machine that is saved: it is there already. Flash comes with what is started in it. */
static bool take_slot(struct vm *vm, struct state *s, const struct saved_slot *saved)
{
	const struct ram_slot *here = ram_find(&vm->ram, saved->gpa, 1);
	int err;

	if (here && here->gpa == saved->gpa && here->size == saved->size && here->read_only == saved->read_only)
		return true;
	if (here || !saved->read_only)
		return state_refuse(s, -EINVAL, "it has memory at 0x%" PRIx64 " that this machine has not", saved->gpa);
	err = vm_add_flash(vm, saved->gpa, saved->size, s->why);
	s->err = s->err ? s->err : err;
	return !err;
}

/* Their bytes are in the file slot after slot: the same slots are to be here. */
static bool tell_slots(struct vm *vm, struct state *s)
{
	uint64_t n = vm->ram.n;

	if (!state_value(s, "slots", &n, sizeof(n)))
		return false;
	for (unsigned i = 0; i < n; i++) {
		struct saved_slot slot = { 0 };

		if (!s->loads)
			slot = (struct saved_slot){ vm->ram.slot[i].gpa, vm->ram.slot[i].size, vm->ram.slot[i].read_only };
		if (!state_value(s, "slot", &slot, sizeof(slot)) || (s->loads && !take_slot(vm, s, &slot)))
			return false;
	}
	return vm->ram.n == n || state_refuse(s, -EINVAL, "it has less memory than this machine");
}

/* ---- saving ---- */

/* KVM holds half an instruction back: it would be lost. */
static int check_pending(const struct vm *vm, const struct refusal *why)
{
	for (unsigned i = 0; i < vm->host.vcpus; i++)
		if (vm->vcpu[i].pending)
			return refuse(why, -EBUSY, "vCPU %u is amidst an access to a device: `stepi` completes it", i);
	return 0;
}

int vm_save(struct host *h, int fd, host_hide_fn *hide, void *arg, char *error, size_t size)
{
	struct vm *vm = (struct vm *)h;
	struct refusal why = { error, size };
	struct snapshot p = { .fd = -1, .vcpus = h->vcpus, .memory = vm->config.memory };
	struct state s = { .why = &why };
	int err;

	if (vm->fd < 0)
		return refuse(&why, -ENODEV, "there is no machine");
	err = check_pending(vm, &why);
	if (err)
		return err;
	if (h->mode)
		snprintf(p.mode, sizeof(p.mode), "%s", h->mode);
	if (tell_slots(vm, &s) && vm_arch_state(vm, &s))
		err = snapshot_write(&p, fd, &vm->ram, &s, hide, arg, &why);
	state_free(&s);
	return s.err ? s.err : err;
}

/* ---- restoring ---- */

static const char *known_mode(const char *name)
{
	for (unsigned i = 0; vm_arch_modes[i]; i++)
		if (!strcmp(vm_arch_modes[i], name))
			return vm_arch_modes[i];
	return NULL;
}

/* With the file's name in front of the sentence. */
static int refuse_file(const struct vm *vm, const struct refusal *why, int err)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", why->text);
	return refuse(why, err, "%s: %s", vm->snapshot.path, text);
}

static int load(struct vm *vm, struct state *s, const struct refusal *why)
{
	int err;

	if (!tell_slots(vm, s))
		return refuse_file(vm, why, s->err);
	err = snapshot_load_ram(&vm->snapshot, &vm->ram, why);
	if (err)
		return err;
	vm->host.mode = known_mode(vm->snapshot.mode);
	if (!vm_arch_state(vm, s))
		return refuse_file(vm, why, s->err);
	return s->at == s->n ? 0 : refuse(why, -EINVAL, "%s: has more than this machine takes", vm->snapshot.path);
}

int save_restore(struct vm *vm, const struct refusal *why)
{
	struct state s;
	int err = snapshot_load_state(&vm->snapshot, &s, why);

	if (!err)
		err = load(vm, &s, why);
	state_free(&s);
	return err;
}
