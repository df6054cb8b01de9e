/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `monitor` commands about addresses. memory-map is ours; the others are words of QEMU's monitor, for scripts that send them, and
 * print what these scripts take apart:
 *
 *	info version	Linux's scripts/gdb (utils.py), bata24/gef: any text at all means that threads are processors
 *	info mem	pwndbg's vmmap with `kernel-vmmap monitor` (aglib/kernel/vmmap.py)
 *	info registers	pwndbg (aglib/regs.py): "IDT= BASE LIMIT", where it takes no descriptor table from gdb; bata24/gef: "CR3=VALUE", where it
 *			takes no register of fields from gdb
 *	gva2gpa		bata24/gef's v2p, pwndbg (aglib/qemu.py): "gpa: 0x..."
 *	xp		what tutorials and many a private script read page tables with
 *
 * gpa2hva tells no address: bata24/gef and others look for a process named qemu-system, which may be anybody's, and would read it there. It is no
 * error, for gef's other ways begin behind it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../memory/region.h"
#include "maps.h"
#include "show.h"

static int refresh(struct guest *g, const struct printer *out)
{
	struct host *h = g->host;

	if (h->ops->refresh)
		return h->ops->refresh(h, g->why, sizeof(g->why));
	say(out, "Where this VM's memory is is known all the time: there is nothing to be looked for anew.\n");
	return 0;
}

int do_memory_map(struct machine *m, char **words, const struct printer *out)
{
	struct host_area a;
	unsigned n = 0;
	const char *unknown;
	int err = 0;

	if (words[0] && strcmp(words[0], "refresh"))
		return refuse(&m->guest.refusal, -EINVAL, "memory-map: refresh, or nothing");
	if (words[0])
		err = refresh(&m->guest, out);
	if (err)
		return err;
	for (; m->guest.host->ops->area(m->guest.host, n, &a); n++)
		say(out, "0x%016llx-0x%016llx  %s  %s\n", (unsigned long long)a.start,
			(unsigned long long)(a.start + a.size - 1),
			!a.ram	      ? "--"
			: a.read_only ? "r-"
				      : "rw",
			a.what);
	unknown = n ? NULL : memory_unknown(&m->guest.memory);
	if (unknown)
		say(out, "%s\n", unknown);
	return 0;
}

int do_gpa2hva(struct machine *m, char **words, const struct printer *out)
{
	(void)m;
	(void)words;
	say(out,
		"This is not QEMU, and no address in another process is of use: read guest-physical memory by xp, or by Qqemu.PhyMemMode.\n");
	return 0;
}

int do_gva2gpa(struct machine *m, char **words, const struct printer *out)
{
	struct arch_page page;
	uint64_t addr;
	int err = parse_address(&m->guest, words[0], &addr);

	if (err)
		return err;
	err = memory_translate(&m->guest.current->space, addr, &page);
	if (err && err != -EFAULT)
		return err;
	if (err)
		say(out, "Unmapped\n");
	else
		say(out, "gpa: 0x%llx\n", (unsigned long long)page.pa);
	return 0;
}

/* ---- info */

static int info_version(struct machine *m, const struct printer *out)
{
	(void)m;
	say(out, "kvm-gdbserver %s: not QEMU, a debugger's stub for KVM guests\n", MACHINE_VERSION);
	return 0;
}

/* For all of an address space: some seconds. A kernel's takes a hundredth of that, but tables may lead back to themselves. */
#define SPACE_LOOKS (256 * REGION_LOOKS)

static void say_region(const struct printer *out, const struct memory_region *r)
{
	say(out, "%016llx-%016llx %016llx %c%c%c%c\n", (unsigned long long)r->start, (unsigned long long)(r->start + r->size),
		(unsigned long long)r->size, r->user ? 'u' : '-', r->read ? 'r' : '-', r->write ? 'w' : '-',
		r->execute ? 'x' : '-');
}

/* The address space of the vCPU whose stop was reported last. */
static int info_mem(struct machine *m, const struct printer *out)
{
	struct memory_region r = { .start = 0 };
	unsigned looks = SPACE_LOOKS;

	while (looks) {
		int err = region_find(&m->guest.current->space, r.start + r.size, &r, &looks);

		if (err)
			return err;
		if (r.mapped)
			say_region(out, &r);
		if (r.size == UINT64_MAX - r.start)
			return 0;
	}
	return refuse(&m->guest.refusal, -EFBIG, "that was as much of the address space as is looked at; it goes on at 0x%llx",
		(unsigned long long)(r.start + r.size));
}

static bool get_named(struct vcpu *v, const char *name, uint64_t *value)
{
	int reg = tdesc_by_name(&v->guest->tdesc, name);

	*value = 0;
	return reg >= 0 && regfile_read(&v->regs, (unsigned)reg, value, sizeof(*value)) > 0;
}

static void say_table(
	struct vcpu *v, const char *label, const char *base_name, const char *limit_name, const struct printer *out)
{
	uint64_t base, limit;

	if (get_named(v, base_name, &base) && get_named(v, limit_name, &limit))
		say(out, "%s=     %016llx %08llx\n", label, (unsigned long long)base, (unsigned long long)limit);
}

static void say_controls(struct vcpu *v, const struct printer *out)
{
	static const struct {
		const char *label, *name;
	} controls[] = { { "CR0", "cr0" }, { "CR2", "cr2" }, { "CR3", "cr3" }, { "CR4", "cr4" }, { "EFER", "efer" } };
	const char *before = "";
	uint64_t value;

	for (unsigned i = 0; i < sizeof(controls) / sizeof(*controls); i++)
		if (get_named(v, controls[i].name, &value)) {
			say(out, "%s%s=%016llx", before, controls[i].label, (unsigned long long)value);
			before = " ";
		}
	if (*before)
		say(out, "\n");
}

/* Registers as we show them; in front of them x86's tables of descriptors and control registers, as QEMU does. */
static int info_registers(struct machine *m, const struct printer *out)
{
	struct vcpu *v = m->guest.current;

	say_table(v, "GDT", "gdt_base", "gdt_limit", out);
	say_table(v, "IDT", "idt_base", "idt_limit", out);
	say_controls(v, out);
	return show_registers(v, NULL, out);
}

static const struct {
	const char *name;
	bool guest; /* not when it has ended */
	int (*run)(struct machine *m, const struct printer *out);
} infos[] = {
	{ "mem", true, info_mem },
	{ "registers", true, info_registers },
	{ "version", false, info_version },
};

int do_info(struct machine *m, char **words, const struct printer *out)
{
	struct guest *g = &m->guest;

	for (unsigned i = 0; words[0] && i < sizeof(infos) / sizeof(*infos); i++) {
		if (strcmp(words[0], infos[i].name))
			continue;
		if (infos[i].guest && g->ended)
			return refuse(&g->refusal, -ESRCH, "the guest has ended");
		return infos[i].run(m, out);
	}
	return refuse(&g->refusal, -EINVAL, "info: mem, registers or version");
}

/* ---- xp */

#define XP_MAX 4096 /* values */

struct dump {
	unsigned long count;
	unsigned size; /* of a value, in bytes: 1, 2, 4 or 8 */
};

/* "/4xg": as QEMU takes it, w and one value unless it says otherwise. */
static int parse_format(struct guest *g, const char *word, struct dump *d)
{
	static const char sizes[] = "bhwg";
	char *at = (char *)word + 1;

	*d = (struct dump){ .count = strtoul(at, &at, 10), .size = 4 };
	if (at == word + 1)
		d->count = 1;
	for (; *at; at++) {
		const char *size = strchr(sizes, *at);

		if (size)
			d->size = 1u << (size - sizes);
		else if (*at != 'x')
			return refuse(&g->refusal, -EINVAL, "xp: hexadecimal (x) of b, h, w or g, and not %.20s", word);
	}
	if (d->count > XP_MAX)
		return refuse(&g->refusal, -EINVAL, "xp: at most %d values", XP_MAX);
	return 0;
}

/* All that have a host are little-endian. */
static void say_value(const struct printer *out, const uint8_t *bytes, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	say(out, " 0x%0*llx", (int)(2 * size), (unsigned long long)value);
}

static int dump(struct guest *g, uint64_t addr, const struct dump *d, const struct printer *out)
{
	unsigned in_line = (d->size == 1 ? 8 : 16) / d->size;

	for (unsigned long i = 0; i < d->count; i++) {
		uint8_t bytes[8];
		ssize_t n = memory_read_phys(&g->memory, addr + i * d->size, bytes, d->size);

		if (n < 0)
			return (int)n;
		if (n < (ssize_t)d->size)
			return refuse(&g->refusal, -EFAULT, "guest-physical 0x%llx: RAM ends there",
				(unsigned long long)(addr + i * d->size + n));
		if (i % in_line == 0)
			say(out, "%s%016llx:", i ? "\n" : "", (unsigned long long)(addr + i * d->size));
		say_value(out, bytes, d->size);
	}
	say(out, "\n");
	return 0;
}

int do_xp(struct machine *m, char **words, const struct printer *out)
{
	bool has_format = words[0] && *words[0] == '/';
	struct dump d = { .count = 1, .size = 4 };
	uint64_t addr;
	int err = has_format ? parse_format(&m->guest, words[0], &d) : 0;

	if (!err)
		err = parse_address(&m->guest, words[has_format], &addr);
	return err ? err : dump(&m->guest, addr, &d, out);
}
