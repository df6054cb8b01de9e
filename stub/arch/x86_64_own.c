/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's own debug registers. As long as KVM has others to put into the processor (KVM_GUESTDBG_USE_HW_BP) it shows the
 * guest its own registers, and does not watch for what is in these: kvm_update_dr7(), arch/x86/kvm/x86.c. When KVM only steps,
 * the guest's own are there, and their hits come out as well. Fields: Intel SDM volume 3, 17.2.
 */
#include "x86_64.h"

#define DR7_ENABLED(nr) (3ull << (2 * (nr)))
#define DR7_TYPE(dr7, nr) ((unsigned)((dr7) >> (16 + 4 * (nr))) & 15)
#define TYPE_RW 3 /* 0: execution */

static int find(struct view *v, struct arch_own *own)
{
	uint64_t dr7;
	int err = v->get(v, X86_DR7, &dr7);

	own->n = 0;
	for (unsigned nr = 0; !err && nr < ARCH_OWN_MAX; nr++) {
		unsigned type = DR7_TYPE(dr7, nr);

		if (!(dr7 & DR7_ENABLED(nr)))
			continue;
		err = v->get(v, X86_DR(nr), &own->reg[own->n].addr);
		own->reg[own->n].nr = own->reg[own->n].slot = nr;
		own->reg[own->n].type = type;
		own->reg[own->n].exec = !(type & TYPE_RW);
		own->reg[own->n].placed = true;
		own->n++;
	}
	return err;
}

static unsigned hits(const struct arch_own *own, unsigned slots, bool watch)
{
	unsigned found = 0;

	for (unsigned i = 0; i < own->n; i++)
		if (own->reg[i].placed && slots >> own->reg[i].slot & 1 && !(watch && own->reg[i].exec))
			found |= 1u << own->reg[i].nr;
	return found;
}

static int give(struct view *v, unsigned found, uint32_t *control)
{
	uint64_t dr6;
	int err = v->get(v, X86_DR6, &dr6);

	*control = X86_DEBUG_INJECT_DB;
	return err ? err : v->set(v, X86_DR6, dr6 | found);
}

const struct arch_own_debug x86_64_own = { .find = find, .hits = hits, .give = give };
