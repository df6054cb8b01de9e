/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of points, and what follows from it: opcodes in memory, debug registers, whose hit it was. See points.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "points.h"
#include "programs.h"

static const char *const type_names[POINT_TYPES] = {
	[POINT_SOFTWARE] = "software breakpoint",
	[POINT_HARDWARE] = "hardware breakpoint",
	[POINT_WRITE] = "write watchpoint",
	[POINT_READ] = "read watchpoint",
	[POINT_ACCESS] = "access watchpoint",
};

static bool is_exec(enum point_type type)
{
	return type == POINT_SOFTWARE || type == POINT_HARDWARE;
}

bool points_possible(const struct machine *m, enum point_type type)
{
	switch (type) {
	case POINT_SOFTWARE:
		return m->caps.planted || m->caps.exec;
	case POINT_HARDWARE:
		return m->caps.exec;
	default:
		return type < POINT_TYPES && m->caps.watch[type];
	}
}

static struct point *find(struct points *ps, enum point_type type, uint64_t addr, uint64_t kind)
{
	for (unsigned i = 0; i < ps->n; i++) {
		struct point *p = &ps->point[i];

		if (p->type == type && p->addr == addr && (is_exec(type) || p->kind == kind))
			return p;
	}
	return NULL;
}

/* A point as the architecture takes it; the packet's kind of an execution breakpoint says nothing to the hardware. */
static struct arch_point in_register(const struct machine *m, const struct point *p)
{
	return (struct arch_point){
		.type = is_exec(p->type) ? POINT_HARDWARE : p->type,
		.addr = p->addr,
		.len = is_exec(p->type) ? m->arch->insn_align : p->kind,
	};
}

static unsigned slots_of(const struct machine *m, const struct point *p)
{
	struct arch_point ap = in_register(m, p);

	return p->planted ? 0 : m->arch->point_slots(&ap);
}

static unsigned slots_in_use(const struct machine *m, bool exec)
{
	unsigned used = 0;

	for (unsigned i = 0; i < m->points.n; i++)
		if (m->caps.shared_slots || is_exec(m->points.point[i].type) == exec)
			used += slots_of(m, &m->points.point[i]);
	return used;
}

static int take_slots(struct machine *m, const struct point *p)
{
	bool exec = is_exec(p->type);
	unsigned have = exec ? m->caps.exec_slots : m->caps.watch_slots;
	unsigned need = slots_of(m, p), used = slots_in_use(m, exec);

	if (!need)
		return machine_refuse(m, -EINVAL, "%s of %llu bytes at 0x%llx: the debug registers cannot do it",
			type_names[p->type], (unsigned long long)p->kind, (unsigned long long)p->addr);
	if (used + need > have)
		return machine_refuse(m, -ENOSPC, "%s at 0x%llx needs %u of the %u debug registers, and %u are taken",
			type_names[p->type], (unsigned long long)p->addr, need, have, used);
	return 0;
}

static bool write_code(struct machine *m, uint64_t pa, const void *code)
{
	if (m->host->ops->write_mem(m->host, pa, code, m->arch->trap_size) != m->arch->trap_size)
		return false;
	m->host->ops->sync_code(m->host, pa, m->arch->trap_size);
	return true;
}

/* Where the opcode comes back as an error of KVM's instruction emulator, it does so unless the emulator knows it. */
static bool can_plant(struct vcpu *v)
{
	const struct machine *m = v->machine;
	bool emulated = m->caps.planted_by_error && m->arch->trap_is_emulated && m->arch->trap_is_emulated(&v->regs.view);

	return m->caps.planted && !emulated;
}

static int plant(struct vcpu *v, struct point *p)
{
	struct machine *m = v->machine;
	unsigned size = m->arch->trap_size;
	struct arch_page page;
	int err;

	err = memory_translate(v, p->addr, &page);
	if (err)
		return err;
	p->pa = page.pa;
	if (page.size < size || m->host->ops->read_mem(m->host, p->pa, p->old, size) != size)
		return machine_refuse(m, -EFAULT, "no breakpoint at 0x%llx: guest-physical 0x%llx is not RAM",
			(unsigned long long)p->addr, (unsigned long long)p->pa);
	/* Two addresses may lead to one place: the second keeps what the guest has there, not the first one's opcode. */
	points_hide(m, p->pa, p->old, size);
	if (!write_code(m, p->pa, m->arch->trap))
		return machine_refuse(m, -EFAULT, "no breakpoint at 0x%llx: guest-physical 0x%llx cannot be written",
			(unsigned long long)p->addr, (unsigned long long)p->pa);
	return 0;
}

/* Where nothing can be planted, an address that is not mapped yet above all, a debug register may do; the user is told. */
static int plant_or_take_slot(struct vcpu *v, struct point *p)
{
	struct machine *m = v->machine;
	int err = plant(v, p);

	if (!err || !m->caps.exec)
		return err;
	fprintf(stderr, "kvm-gdbserver: %s; a debug register is used\n", m->why);
	p->planted = false;
	return take_slots(m, p);
}

static int add(struct vcpu *v, enum point_type type, uint64_t addr, uint64_t kind, struct programs *programs)
{
	struct machine *m = v->machine;
	struct point p = { .type = type, .addr = addr, .kind = kind, .programs = programs };
	int err;

	if (m->points.n == POINTS_MAX)
		return machine_refuse(m, -ENOSPC, "there are %d points already", POINTS_MAX);
	if (is_exec(type) && addr % m->arch->insn_align)
		return machine_refuse(m, -EINVAL, "no instruction begins at 0x%llx", (unsigned long long)addr);
	p.planted = type == POINT_SOFTWARE && can_plant(v);
	err = p.planted ? plant_or_take_slot(v, &p) : take_slots(m, &p);
	if (err)
		return err;
	m->points.point[m->points.n++] = p;
	m->points.planted += p.planted;
	return 0;
}

int points_set(struct vcpu *v, enum point_type type, uint64_t addr, uint64_t kind, const struct point_programs *programs)
{
	struct point *old = find(&v->machine->points, type, addr, kind);
	struct programs *built;
	int err = programs_build(v, programs, &built);

	if (err)
		return err;
	if (old) {
		programs_free(old->programs);
		old->programs = built;
		return 0;
	}
	err = add(v, type, addr, kind, built);
	if (err)
		programs_free(built);
	return err;
}

/* Another point may have its opcode at the same place, by another address. */
static bool planted_elsewhere(const struct machine *m, const struct point *p)
{
	for (unsigned i = 0; i < m->points.n; i++) {
		const struct point *q = &m->points.point[i];

		if (q != p && q->planted && q->pa == p->pa)
			return true;
	}
	return false;
}

/* Bytes [first, first + n) of a planted opcode are in memory as they were planted: the guest has not written over them. */
static bool is_trap(const struct machine *m, const void *bytes, size_t first, size_t n)
{
	return !memcmp(bytes, m->arch->trap + first, n);
}

/* What the guest has written there since is the guest's, and stays. */
static void unplant(struct machine *m, const struct point *p)
{
	unsigned size = m->arch->trap_size;
	uint8_t now[TRAP_MAX];

	if (m->host->ops->read_mem(m->host, p->pa, now, size) == size && is_trap(m, now, 0, size))
		write_code(m, p->pa, p->old);
}

int points_clear(struct machine *m, enum point_type type, uint64_t addr, uint64_t kind)
{
	struct points *ps = &m->points;
	struct point *p = find(ps, type, addr, kind);

	if (!p)
		return 0;
	if (p->planted && !planted_elsewhere(m, p))
		unplant(m, p);
	ps->planted -= p->planted;
	programs_free(p->programs);
	memmove(p, p + 1, (char *)&ps->point[ps->n] - (char *)(p + 1));
	ps->n--;
	return 0;
}

void points_clear_all(struct machine *m, bool memory_gone)
{
	for (unsigned i = 0; i < m->points.n && !memory_gone; i++)
		if (m->points.point[i].planted)
			unplant(m, &m->points.point[i]);
	for (unsigned i = 0; i < m->points.n; i++)
		programs_free(m->points.point[i].programs);
	m->points.n = 0;
	m->points.planted = 0;
}

struct point *points_planted_at(struct vcpu *v, uint64_t addr)
{
	struct points *ps = &v->machine->points;
	struct arch_page page;

	if (!ps->planted || v->machine->arch->translate(&v->regs.view, addr, &page))
		return NULL;
	for (unsigned i = 0; i < ps->n; i++)
		if (ps->point[i].planted && ps->point[i].pa == page.pa)
			return &ps->point[i];
	return NULL;
}

const struct point *points_at(struct vcpu *v, uint64_t addr)
{
	const struct points *ps = &v->machine->points;

	for (unsigned i = 0; i < ps->n; i++) {
		const struct point *p = &ps->point[i];

		if (is_exec(p->type) && p->addr == addr)
			return p;
	}
	return points_planted_at(v, addr);
}

struct point *points_planted_with(struct machine *m, const struct point *met)
{
	for (unsigned i = 0; i < m->points.n; i++)
		if (m->points.point[i].planted && points_same_place(&m->points.point[i], met))
			return &m->points.point[i];
	return NULL;
}

bool points_same_place(const struct point *a, const struct point *b)
{
	return is_exec(a->type) && is_exec(b->type) && (a->addr == b->addr || (a->planted && b->planted && a->pa == b->pa));
}

bool points_is_exec(const struct point *p)
{
	return is_exec(p->type);
}

bool points_watched(const struct machine *m, enum point_type type, uint64_t addr)
{
	for (unsigned i = 0; i < m->points.n; i++) {
		const struct point *p = &m->points.point[i];

		if (p->type == type && addr - p->addr < p->kind)
			return true;
	}
	return false;
}

void points_lift(struct machine *m, const struct point *p)
{
	unplant(m, p);
}

/* The step may have been the guest's write to this very place. */
void points_plant_again(struct machine *m, struct point *p)
{
	if (m->host->ops->read_mem(m->host, p->pa, p->old, m->arch->trap_size) == m->arch->trap_size)
		write_code(m, p->pa, m->arch->trap);
}

void points_plant_all(struct machine *m)
{
	for (unsigned i = 0; i < m->points.n; i++) {
		struct point *p = &m->points.point[i];

		if (p->planted)
			m->host->ops->read_mem(m->host, p->pa, p->old, m->arch->trap_size);
	}
	for (unsigned i = 0; i < m->points.n; i++)
		if (m->points.point[i].planted)
			write_code(m, m->points.point[i].pa, m->arch->trap);
}

static bool armed(const struct point *p, uint64_t skip)
{
	return !p->planted && !(is_exec(p->type) && p->addr == skip);
}

void points_debug(const struct machine *m, struct arch_debug *d, uint64_t skip)
{
	for (unsigned i = 0; i < m->points.n && d->n < ARCH_HW_MAX; i++)
		if (armed(&m->points.point[i], skip))
			d->hw[d->n++] = in_register(m, &m->points.point[i]);
}

const struct point *points_of_slots(const struct machine *m, unsigned slots, uint64_t skip)
{
	unsigned first = 0;

	for (unsigned i = 0; i < m->points.n; i++) {
		const struct point *p = &m->points.point[i];
		unsigned n = armed(p, skip) ? slots_of(m, p) : 0;

		if (n && slots >> first & ((1u << n) - 1))
			return p;
		first += n;
	}
	return NULL;
}

/* The hardware may name any address of the access; the nearest watchpoint at or around it is meant (Arm ARM, FAR_ELx). */
const struct point *points_of_access(const struct machine *m, uint64_t addr)
{
	const struct point *nearest = NULL;
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < m->points.n; i++) {
		const struct point *p = &m->points.point[i];
		uint64_t far = addr < p->addr ? p->addr - addr : addr - p->addr < p->kind ? 0 : addr - p->addr - p->kind + 1;

		if (!is_exec(p->type) && far < best) {
			best = far;
			nearest = p;
		}
	}
	return nearest;
}

/* The part of a planted opcode that lies in [pa, pa + len): from its byte *first, at buffer offset *at, so many bytes. */
static size_t overlap(const struct machine *m, const struct point *p, uint64_t pa, size_t len, size_t *first, size_t *at)
{
	size_t size = m->arch->trap_size;

	if (!p->planted || p->pa >= pa + len || pa >= p->pa + size)
		return 0;
	*first = pa > p->pa ? pa - p->pa : 0;
	*at = p->pa > pa ? p->pa - pa : 0;
	return size - *first < len - *at ? size - *first : len - *at;
}

void points_hide(const struct machine *m, uint64_t pa, void *buf, size_t len)
{
	for (unsigned i = 0; m->points.planted && i < m->points.n; i++) {
		const struct point *p = &m->points.point[i];
		size_t first, at, n = overlap(m, p, pa, len, &first, &at);

		if (n && is_trap(m, (char *)buf + at, first, n))
			memcpy((char *)buf + at, p->old + first, n);
	}
}

/* What was written under a planted opcode becomes the guest's byte there, and the opcode goes back in. */
ssize_t points_write(struct machine *m, uint64_t pa, const void *buf, size_t len)
{
	ssize_t done = m->host->ops->write_mem(m->host, pa, buf, len);

	for (unsigned i = 0; done > 0 && m->points.planted && i < m->points.n; i++) {
		struct point *p = &m->points.point[i];
		size_t first, at, n = overlap(m, p, pa, done, &first, &at);

		if (!n)
			continue;
		memcpy(p->old + first, (const char *)buf + at, n);
		m->host->ops->write_mem(m->host, p->pa, m->arch->trap, m->arch->trap_size);
	}
	return done;
}
