/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a VM's memory is in its VMM's process. See memslots.h. */
#include "memslots.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int memslots_find(const struct memslots_vm *vm, struct memslots *slots, const struct refusal *why)
{
	(void)slots;
	return refuse(why, -EOPNOTSUPP, "process %d: where the guest's memory is has to be told: --ram", vm->pid);
}

int memslots_parse(const char *text, struct memslots *slots, const struct refusal *why)
{
	struct memslot s = { 0 }, *more;
	char rest;

	if (sscanf(text, "%" SCNx64 ":%" SCNx64 ":%" SCNx64 "%c", &s.gpa, &s.size, &s.hva, &rest) != 3)
		return refuse(why, -EINVAL, "--ram %s: GPA:SIZE:ADDRESS", text);
	more = realloc(slots->slot, (slots->n + 1) * sizeof(s));
	if (!more)
		return refuse(why, -ENOMEM, "out of memory");
	slots->slot = more;
	slots->slot[slots->n++] = s;
	slots->source = "RAM: as --ram has it";
	return 0;
}

void memslots_free(struct memslots *slots)
{
	free(slots->slot);
	*slots = (struct memslots){ 0 };
}
