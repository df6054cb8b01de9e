/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a step ends that KVM cannot do: at opcodes planted wherever the instruction may lead. */
#include <errno.h>

#include "guest.h"
#include "mask.h"
#include "step_plan.h"

/* A loop that is stepped through and has no more bytes may be one around a store-exclusive. */
#define SMALL_LOOP 128

/* Are there steps that end at opcodes: of all, or of those that KVM does not get through? */
static bool plants(const struct guest *g)
{
	return g->caps.planted && g->arch->step.successors;
}

bool step_is_software(const struct guest *g)
{
	return !g->caps.step && plants(g);
}

bool step_possible(const struct guest *g)
{
	return g->caps.step || step_is_software(g);
}

bool step_masks(const struct guest *g)
{
	return step_possible(g) && (g->caps.block_irq || g->arch->step.mask);
}

/* The instruction that is stepped over, and what follows it. */
struct insn {
	uint8_t code[ARCH_CODE_SIZE];
	ssize_t size;
};

/* Where an end is: of what the instruction leads to, or, without one, of its exceptions. 0, or -errno and a sentence. */
static int find_end(struct vcpu *v, uint64_t addr, const struct insn *insn, struct arch_page *page, const struct refusal *why)
{
	const struct arch *arch = v->guest->arch;
	int err = 1;

	if (arch->step.translate_next)
		err = arch->step.translate_next(&v->regs.view, insn ? insn->code : NULL, insn ? insn->size : 0, addr, page);
	if (err > 0)
		return memory_find(&v->space, addr, page, why);
	if (!err)
		return 0;
	return refuse(why, err, "cannot step: 0x%llx, where the instruction leads, %s", (unsigned long long)addr,
		err == -EFAULT ? "is not mapped then" : "is in an address space that cannot be looked at");
}

/* An end that is not mapped cannot be reached without an exception, and what follows then is the guest's own doing. */
static int add_end(struct vcpu *v, uint64_t addr, const struct insn *insn, const struct refusal *why)
{
	struct guest *g = v->guest;
	unsigned size = g->arch->trap.opcode.size;
	struct arch_page page;
	int err = find_end(v, addr, insn, &page, why);

	if (err)
		return err;
	err = page.size < size ? -EFAULT : planted_possible(&g->memory.planted, page.pa, g->arch->trap.opcode.bytes, size);
	if (err)
		return refuse(why, err, "cannot step: 0x%llx, where the instruction leads, %s", (unsigned long long)addr,
			err == -EFAULT ? "is not RAM" : "is in part under the opcode of a breakpoint");
	v->ends[v->nends++] = (struct step_end){ .addr = addr, .pa = page.pa };
	return 0;
}

/* How many ends there are, or -errno and a sentence. */
static int find_ends(struct vcpu *v, uint64_t pc, struct insn *insn, uint64_t next[ARCH_SUCCESSORS], const struct refusal *why)
{
	int n;

	insn->size = memory_peek(&v->space, pc, insn->code, sizeof(insn->code));
	if (insn->size < 0)
		return refuse(
			why, (int)insn->size, "cannot step: the instruction at 0x%llx cannot be read", (unsigned long long)pc);
	n = v->guest->arch->step.successors(&v->regs.view, pc, insn->code, insn->size, next);
	if (n > 0 || (n == 0 && v->guest->caps.step))
		return n;
	return refuse(why, n ? n : -EOPNOTSUPP, "cannot step: where the instruction at 0x%llx leads is not known",
		(unsigned long long)pc);
}

/*
 * Is it worth a look at the instruction whether KVM's step gets through? On the way over a breakpoint, and when steps have just led
 * back: what KVM does not get through is a loop. Every step costs no more for that.
 */
static bool is_suspicious(struct vcpu *v, uint64_t pc, bool over)
{
	bool led_back = v->stepped_from - pc < SMALL_LOOP;

	v->stepped_from = pc;
	if (led_back)
		v->suspicious = SMALL_LOOP / v->guest->arch->insn_align;
	else if (v->suspicious)
		v->suspicious--;
	return over || v->suspicious;
}

/* A handler is the guest's business where it has none, or none in RAM. */
static void add_handlers(struct vcpu *v)
{
	for (unsigned i = 0; i < v->mask.nhandlers; i++)
		if (v->mask.handlers[i] != v->mask.pc)
			add_end(v, v->mask.handlers[i], NULL, NULL);
}

int step_plan(struct vcpu *v, bool over, const struct refusal *why)
{
	struct guest *g = v->guest;
	bool software = step_is_software(g);
	uint64_t pc, next[ARCH_SUCCESSORS];
	struct insn insn;
	int n, err = 0;

	v->nends = 0;
	mask_plan(v);
	if (!plants(g))
		return 0;
	pc = memory_of_pc(&v->space);
	if (!software && !is_suspicious(v, pc, over))
		return 0;
	n = find_ends(v, pc, &insn, next, why);
	if (n <= 0)
		return software ? n : 0;
	for (int i = 0; i < n; i++)
		err = add_end(v, next[i], &insn, why);
	if (!v->nends)
		return err;
	add_handlers(v);
	return 0;
}

bool plan_is_end(const struct vcpu *v, const struct spot *spot)
{
	for (unsigned i = 0; i < v->nends; i++)
		if (spot->untold ? v->ends[i].addr == spot->addr : v->ends[i].place == spot->place)
			return true;
	return false;
}

int plan_plant(struct vcpu *v)
{
	struct guest *g = v->guest;
	const struct arch_opcode *opcode = &g->arch->trap.opcode;

	for (unsigned i = 0; i < v->nends; i++) {
		struct step_end *end = &v->ends[i];
		int err = planted_add(&g->memory.planted, end->pa, opcode->bytes, opcode->size, &end->place);

		if (err) {
			v->nends = i;
			plan_unplant(v);
			v->nends = 0;
			return err;
		}
	}
	return 0;
}

void plan_unplant(struct vcpu *v)
{
	for (unsigned i = 0; i < v->nends; i++)
		planted_drop(&v->guest->memory.planted, v->ends[i].place);
}
