/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that has jumped to where there is no memory, as a debugger finds it when it stops it: many processors then take one exception
 * after the other, for the vectors are nowhere either, and KVM has nothing to tell of that.
 */
#include "nowhere.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../run/idle.h"

/* Is there RAM, as the vCPU translates addresses now? What cannot be told is taken for RAM. */
static bool is_ram(struct vcpu *v, uint64_t addr)
{
	struct arch_page page;
	uint8_t byte;
	int err = v->guest->arch->walk.translate(&v->regs.view, addr, &page);

	if (!err && v->guest->host->ops->read_mem(v->guest->host, page.pa, &byte, 1) <= 0)
		err = -EFAULT;
	return (err != -EFAULT && err != -EIO) || memory_unknown(&v->guest->memory);
}

/* The register that has the address of the vectors, by the name that the description has for it, behind a blank. */
static void tell_name(const struct guest *g, uint64_t key, char *text, size_t size)
{
	for (unsigned i = 0; i < g->tdesc.nregs; i++)
		if (g->tdesc.regs[i].key == key)
			snprintf(text, size, " %s", g->tdesc.regs[i].row->name);
}

static void tell_vectors(struct vcpu *v, char *text, size_t size)
{
	uint64_t key = v->guest->arch->walk.vectors, vectors;
	char name[40] = "";

	if (!key || v->regs.view.get(&v->regs.view, key, &vectors))
		return;
	tell_name(v->guest, key, name, sizeof(name));
	snprintf(text, size, "; the exception vectors are at%s 0x%llx%s", name, (unsigned long long)vectors,
		is_ram(v, vectors & ~3ull) ? "" : ", where there is none either");
}

void nowhere_tell(struct vcpu *v, struct stop *stop)
{
	const char *before = stop->text;
	uint64_t pc;
	char vectors[120] = "", text[200];
	size_t n;

	if (stop->kind != STOP_SIGNAL || stop->signal == GDB_SIGNAL_TRAP || !v->guest->arch->walk.translate)
		return;
	pc = memory_of_pc(&v->space);
	if (is_ram(v, pc) || idle_is_off(v) || (before && before != v->text))
		return;
	tell_vectors(v, vectors, sizeof(vectors));
	snprintf(text, sizeof(text), "the pc 0x%llx is not in RAM%s", (unsigned long long)pc, vectors);
	n = before ? strlen(v->text) : 0;
	snprintf(v->text + n, sizeof(v->text) - n, "%s%s", n ? "; " : "", text);
	stop->text = v->text;
}
