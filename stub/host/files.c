/* SPDX-License-Identifier: BSD-2-Clause */
/* What a VM of our own has in memory besides its RAM and its image: files, and flash. What they are is no business of this file. */
#include <errno.h>
#include <inttypes.h>

#include "vm_arch.h"

static int load_one(struct vm *vm, const struct vm_load *l, const struct refusal *why)
{
	struct load_file f;
	int err = load_open(&f, l->path, why);

	if (err)
		return err;
	if (l->gpa < vm->kept_end && (l->gpa >= vm->kept || f.size > vm->kept - l->gpa))
		err = refuse(why, -EBUSY,
			"%s: at 0x%" PRIx64 " it would lie on what this machine starts with (0x%" PRIx64 "..0x%" PRIx64 ")",
			l->path, l->gpa, vm->kept, vm->kept_end);
	else if (f.size)
		err = load_whole(&f, &vm->ram, l->gpa, 0, why);
	load_close(&f);
	return err;
}

int vm_load_files(struct vm *vm, const struct refusal *why)
{
	int err = 0;

	for (unsigned i = 0; !err && i < vm->config.nload; i++)
		err = load_one(vm, &vm->config.load[i], why);
	return err;
}

int vm_add_flash(struct vm *vm, uint64_t gpa, uint64_t size, const struct refusal *why)
{
	int err = ram_map_rom(&vm->ram, vm->ram.n, gpa, size, why);

	return err ? err : vm_give_slot(vm, ram_find(&vm->ram, gpa, size), why);
}

/* Reads come here only where they are carried out for the guest; KVM has the others. The table does not change any more. */
bool vm_flash_access(const struct vm *vm, struct vm_access *a)
{
	const struct ram_slot *s = ram_find(&vm->ram, a->addr, a->size);

	if (!s || !s->read_only)
		return false;
	for (unsigned i = 0; i < a->size && !a->write; i++)
		a->data[i] = s->hva[a->addr - s->gpa + i];
	return true;
}
