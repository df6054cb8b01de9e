/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Most breakpoints are on a function's first instructions. Those arch/ knows (arch/emulate.h), and a vCPU that is to go on behind one
 * needs neither its opcode lifted nor the others kept out. What is here is whether anybody would notice that it was not the processor.
 */
#include "emulate.h"

/* A debugger's watchpoint is to see each store, whatever finds it. */
static bool is_watched(const struct points *ps)
{
	for (unsigned i = 0; i < ps->n; i++)
		if (!point_is_exec(&ps->point[i]))
			return true;
	return false;
}

/* RAM that the guest may write to, without an opcode in it. */
static bool is_plain_ram(const struct guest *g, uint64_t pa, size_t len)
{
	struct host_area area;

	if (planted_covers(&g->memory.planted, pa, len))
		return false;
	for (unsigned n = 0; g->host->ops->area(g->host, n, &area); n++)
		if (area.ram && !area.read_only && pa - area.start < area.size)
			return len <= area.size - (pa - area.start);
	return false;
}

/*
 * A VMM that moves its guest to another computer asks KVM which pages the guest has written to: of a store that is ours KVM would not
 * tell.
 */
static bool can_store(const struct guest *g, const struct arch_effect *e)
{
	return !g->host->borrowed && !is_watched(&g->points) && is_plain_ram(g, e->pa, e->size);
}

/* Before the registers: should these be refused, the processor stores the same once more. */
static bool apply(struct vcpu *v, const struct arch_effect *e)
{
	struct host *h = v->guest->host;

	if (e->size && (!can_store(v->guest, e) || h->ops->write_mem(h, e->pa, e->bytes, e->size) != (ssize_t)e->size))
		return false;
	return !regfile_set_all(&v->regs, e->value, e->n);
}

bool emulate_over(struct vcpu *v)
{
	const struct arch_emulate *table = v->guest->arch->emulate;
	uint8_t code[ARCH_CODE_SIZE];
	struct arch_effect effect;
	struct arch_page page;
	uint64_t pc;
	ssize_t len;

	if (!table || v->queued || vcpu_is_pending(v))
		return false;
	pc = memory_of_pc(&v->space);
	if (memory_find(&v->space, pc, &page, NULL))
		return false;
	len = memory_peek(&v->space, pc, code, page.size < sizeof(code) ? page.size : sizeof(code));
	return len > 0 && !table->effect(&v->regs.view, &page, code, len, &effect) && apply(v, &effect);
}
