/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register file of one vCPU: when a value is fetched, how long it is good, in which order registers are written and what
 * happens when one is refused. Knows no ioctl (transport.h) and no register by name; the memory of the cache is slots.c's.
 *
 * Values are in the host's byte order, as KVM gives them, and go to GDB as they are: a guest's numbers are its host's. Where a
 * number changes its width its low bytes are kept: the first ones on a little-endian host, the last ones on a big-endian one. (The
 * tables of a big-endian architecture can be tested on a little-endian host: every number is then little-endian.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "calls.h"
#include "regcache.h"
#include "regfile.h"

static struct regfile *file_of(struct view *v)
{
	return (struct regfile *)((char *)v - offsetof(struct regfile, view));
}

/* ---- one value, by key ---- */

/* A batch: what is wanted, and what was asked for at the last stop, if that costs nothing more. */
static int fetch_wanted(struct regfile *f)
{
	slots_want_habits(&f->cache->slots, f->transport);
	return slots_fetch(&f->cache->slots, f->transport, f->vcpu);
}

static int fetch(struct regfile *f, struct slot *slot)
{
	slots_want(&f->cache->slots, slot);
	fetch_wanted(f);
	return slot->err;
}

/* Where a key's value is, fetched if it is not cached. */
static int read_key(struct regfile *f, uint64_t key, uint8_t **value)
{
	struct slot *slot;
	int err = slots_find(&f->cache->slots, key, &slot, value);

	if (err)
		return err;
	slots_ask(&f->cache->slots, slot);
	return slots_has(&f->cache->slots, slot) ? 0 : fetch(f, slot);
}

/*
 * Puts bytes of one size into a place of another. A narrower place takes what fits; a wider one keeps its upper bytes, which GDB
 * does not see (cpsr is the low half of pstate).
 */
static int store(uint8_t *place, size_t width, const uint8_t *bytes, size_t size)
{
	size_t low = smaller(size, width), at = low_bytes(size, low);

	for (size_t i = 0; i < size; i++)
		if (bytes[i] && (i < at || i >= at + low))
			return -EINVAL;
	copy_low(place, width, bytes, size);
	return 0;
}

/* Says in the block that the component of this field is in use: what is not would be taken for its initial value (XSTATE_BV). */
static void mark_component(const struct regfile *f, struct slot *slot, uint64_t key)
{
	unsigned in_use = KEY_IS_BLOCK(key) ? f->transport->arch->regs.blocks[KEY_BLOCK_NR(key)].in_use : 0;

	if (in_use && KEY_HAS_COMPONENT(key))
		slot->value[in_use + KEY_COMPONENT(key) / 8] |= 1u << KEY_COMPONENT(key) % 8;
}

/*
 * At once. What is not replaced entirely is modified in fresh data. Afterwards nothing that was cached is trusted: the kernel may
 * change any register on the way in.
 */
static int write_key(struct regfile *f, uint64_t key, const void *bytes, size_t size)
{
	struct reg_item item;
	struct slot *slot;
	uint8_t *place;
	int err = slots_find(&f->cache->slots, key, &slot, &place);

	if (err)
		return err;
	if (size < slot->size)
		err = fetch(f, slot);
	if (!err)
		err = store(place, KEY_SIZE(key), bytes, size);
	if (!err) {
		mark_component(f, slot, key);
		item = (struct reg_item){ .key = slot->key, .value = slot->value };
		err = held_set(&f->cache->slots.held, f->transport, f->vcpu, &item, 1);
	}
	regfile_drop(f);
	return err;
}

/* ---- what arch/ sees ---- */

static int view_get(struct view *v, uint64_t key, uint64_t *value)
{
	uint8_t *bytes;
	int err = read_key(file_of(v), key, &bytes);

	if (err)
		return err;
	*value = 0;
	copy_low(value, sizeof(*value), bytes, KEY_SIZE(key));
	return 0;
}

static int view_set(struct view *v, uint64_t key, uint64_t value)
{
	if (KEY_SIZE(key) > sizeof(value))
		return -EINVAL;
	return write_key(file_of(v), key, &value, sizeof(value));
}

/* A read of the host ends where a piece of RAM does. */
static int view_read_phys(struct view *v, uint64_t gpa, void *buf, size_t len)
{
	struct host *host = file_of(v)->transport->host;
	uint8_t *bytes = buf;

	while (len) {
		ssize_t n = host->ops->read_mem(host, gpa, bytes, len);

		if (n <= 0)
			return -EFAULT;
		gpa += (uint64_t)n;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- sentences ---- */

/* Leaves the sentence and returns err. */
static int refuse(struct regfile *f, unsigned reg, int err)
{
	if (reg < f->tdesc->nregs)
		snprintf(f->why, sizeof(f->why), "%s: %s", f->tdesc->regs[reg].row->name, call_reason(err));
	else
		snprintf(f->why, sizeof(f->why), "there is no register %u", reg);
	return err;
}

/* ---- life ---- */

/* Every row gets its slot before the first batch, whose items move when one more is added. */
static int add_rows(struct regfile *f)
{
	struct slot *slot;
	uint8_t *value;
	int err = 0;

	for (unsigned i = 0; i < f->tdesc->nregs && !err; i++)
		if (!f->tdesc->regs[i].computed)
			err = slots_find(&f->cache->slots, f->tdesc->regs[i].key, &slot, &value);
	return err;
}

int regfile_init(struct regfile *f, unsigned vcpu, struct transport *t, const struct tdesc *d)
{
	struct regcache *c = calloc(1, sizeof(*c));
	int err = -ENOMEM;

	*f = (struct regfile){ .transport = t, .tdesc = d, .vcpu = vcpu, .cache = c };
	f->view = (struct view){ .get = view_get, .set = view_set, .read_phys = view_read_phys };
	if (!c)
		return -ENOMEM;
	slots_init(&c->slots, t->arch);
	c->changes = calloc(d->ngeneral + 1, sizeof(*c->changes));
	c->scratch = calloc(d->max_size + 1, 1);
	c->left = calloc(d->nregs + 1, sizeof(*c->left));
	if (c->changes && c->scratch && c->left)
		err = add_rows(f);
	if (err)
		regfile_free(f);
	return err;
}

void regfile_free(struct regfile *f)
{
	if (!f->cache)
		return;
	slots_free(&f->cache->slots);
	free(f->cache->changes);
	free(f->cache->scratch);
	free(f->cache->left);
	free(f->cache);
	f->cache = NULL;
}

void regfile_drop(struct regfile *f)
{
	f->age++;
	slots_drop(&f->cache->slots);
}

void regfile_resumed(struct regfile *f)
{
	slots_learn(&f->cache->slots);
}

void regfile_forget(struct regfile *f)
{
	regfile_drop(f);
	slots_forget_habits(&f->cache->slots);
	memset(f->cache->left, 0, f->tdesc->nregs * sizeof(*f->cache->left));
}

/* ---- reading ---- */

static void want(struct regfile *f, unsigned reg)
{
	struct slots *s = &f->cache->slots;
	struct slot *slot;
	uint8_t *value;

	if (reg >= f->tdesc->nregs || f->tdesc->regs[reg].computed)
		return;
	if (!slots_find(s, f->tdesc->regs[reg].key, &slot, &value) && !slots_has(s, slot))
		slots_want(s, slot);
}

/* A computed register has its turn after the batch: most of what it is computed from is in the cache by then. */
static void compute(struct regfile *f, unsigned reg)
{
	uint64_t value;

	if (reg < f->tdesc->nregs && f->tdesc->regs[reg].computed)
		f->tdesc->regs[reg].computed->get(&f->view, &value);
}

void regfile_prefetch(struct regfile *f, const unsigned *regs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		want(f, regs[i]);
	fetch_wanted(f);
	for (unsigned i = 0; i < n; i++)
		compute(f, regs[i]);
}

void regfile_expect_as(struct regfile *f, const struct regfile *other)
{
	slots_add_habits(&f->cache->slots, &other->cache->slots);
}

static int read_computed(struct regfile *f, const struct tdesc_reg *reg, uint8_t *value)
{
	uint64_t number = 0;
	int err = reg->computed->get(&f->view, &number);

	return err ? err : store(value, reg->size, (const uint8_t *)&number, sizeof(number));
}

static int read_row(struct regfile *f, const struct tdesc_reg *reg, uint8_t *value)
{
	uint8_t *bytes;
	int err = read_key(f, reg->key, &bytes);

	if (err)
		return err;
	memset(value, 0, reg->size);
	copy_low(value, reg->size, bytes, KEY_SIZE(reg->key));
	return 0;
}

ssize_t regfile_read(struct regfile *f, unsigned reg, void *value, size_t cap)
{
	const struct tdesc_reg *r;
	int err;

	if (reg >= f->tdesc->nregs)
		return refuse(f, reg, -ENOENT);
	r = &f->tdesc->regs[reg];
	if (cap < r->size)
		return refuse(f, reg, -ENOSPC);
	err = r->computed ? read_computed(f, r, value) : read_row(f, r, value);
	return err ? refuse(f, reg, err) : (ssize_t)r->size;
}

static void fetch_general(struct regfile *f)
{
	for (unsigned i = 0; i < f->tdesc->ngeneral; i++)
		want(f, i);
	fetch_wanted(f);
}

ssize_t regfile_read_general(struct regfile *f, void *values, size_t cap)
{
	uint8_t *out = values;
	size_t size = 0;

	fetch_general(f);
	for (unsigned i = 0; i < f->tdesc->ngeneral; i++) {
		ssize_t n = regfile_read(f, i, out + size, cap - size);

		if (n < 0)
			return n;
		size += (size_t)n;
	}
	return (ssize_t)size;
}

/* ---- writing ---- */

static int write_computed(struct regfile *f, const struct tdesc_reg *reg, const void *bytes)
{
	uint64_t value = 0;

	copy_low(&value, sizeof(value), bytes, reg->size);
	return reg->computed->set(&f->view, value);
}

/* Whether the register can be written at all. */
static int writable(const struct tdesc_reg *reg)
{
	return reg->row->read_only || (reg->computed && !reg->computed->set) ? -EPERM : 0;
}

static int refuse_size(struct regfile *f, const struct tdesc_reg *reg, size_t size)
{
	snprintf(f->why, sizeof(f->why), "%s: a value of %zu bytes, where it has %u", reg->row->name, size, reg->size);
	return -EINVAL;
}

int regfile_write(struct regfile *f, unsigned reg, const void *value, size_t size)
{
	const struct tdesc_reg *r;
	int err;

	if (reg >= f->tdesc->nregs)
		return refuse(f, reg, -ENOENT);
	r = &f->tdesc->regs[reg];
	if (size != r->size)
		return refuse_size(f, r, size);
	err = writable(r);
	if (!err)
		err = r->computed ? write_computed(f, r, value) : write_key(f, r->key, value, size);
	return err ? refuse(f, reg, err) : 0;
}

/* ---- writing all general registers, or none ---- */

/* Marks those that differ from what the vCPU holds. A value that is there already is never written: it could be refused. */
static int find_changes(struct regfile *f, const uint8_t *values)
{
	for (unsigned i = 0; i < f->tdesc->ngeneral; i++) {
		const struct tdesc_reg *reg = &f->tdesc->regs[i];
		ssize_t n = regfile_read(f, i, f->cache->scratch, reg->size);
		int err;

		if (n < 0)
			return (int)n;
		f->cache->changes[i].wanted = memcmp(values, f->cache->scratch, reg->size) != 0;
		err = f->cache->changes[i].wanted ? writable(reg) : 0;
		if (err)
			return refuse(f, i, err);
		values += reg->size;
	}
	return 0;
}

/* Builds the batch: a struct with several changed fields is one item of it. What each slot held is saved. */
static int stage_rows(struct regfile *f, const uint8_t *values)
{
	struct slots *s = &f->cache->slots;
	struct slot *slot;
	uint8_t *place;

	s->nwrites = 0;
	for (unsigned i = 0; i < f->tdesc->ngeneral; i++) {
		const struct tdesc_reg *reg = &f->tdesc->regs[i];

		if (f->cache->changes[i].wanted && !reg->computed) {
			int err = slots_find(s, reg->key, &slot, &place);

			if (!err && slots_batch_write(s, slot))
				memcpy(slot->saved, slot->value, slot->size);
			if (!err)
				err = store(place, KEY_SIZE(reg->key), values, reg->size);
			if (err)
				return refuse(f, i, err);
		}
		values += reg->size;
	}
	return 0;
}

/* Gives the first n items of the batch their old values back, the last one first. */
static void undo_rows(struct regfile *f, unsigned n)
{
	struct slots *s = &f->cache->slots;

	while (n-- > 0) {
		struct reg_item item = { .key = s->writes[n].key, .value = slots_written(s, n)->saved };

		held_set(&s->held, f->transport, f->vcpu, &item, 1);
	}
}

/* The first changed register that is in an item of the batch: which one of a struct was meant, KVM does not say. */
static unsigned blame(struct regfile *f, unsigned item)
{
	struct slot *slot;
	uint8_t *place;

	for (unsigned i = 0; i < f->tdesc->ngeneral; i++) {
		const struct tdesc_reg *reg = &f->tdesc->regs[i];

		if (f->cache->changes[i].wanted && !reg->computed && !slots_find(&f->cache->slots, reg->key, &slot, &place) &&
			slot->key == f->cache->slots.writes[item].key)
			return i;
	}
	return f->tdesc->nregs;
}

static int write_rows(struct regfile *f, const uint8_t *values)
{
	struct slots *s = &f->cache->slots;
	int err = stage_rows(f, values);
	unsigned n = 0;

	if (err)
		return err;
	err = held_set(&s->held, f->transport, f->vcpu, s->writes, s->nwrites);
	if (!err)
		return 0;
	while (n < s->nwrites && !s->writes[n].err)
		n++;
	undo_rows(f, n);
	return refuse(f, blame(f, n), err);
}

static void undo_computed(struct regfile *f, unsigned n)
{
	while (n-- > 0)
		if (f->cache->changes[n].wanted && f->tdesc->regs[n].computed)
			f->tdesc->regs[n].computed->set(&f->view, f->cache->changes[n].old);
}

/* After the rows, for where it goes may depend on them (sp on cpsr); what it was is read now, for the same reason. */
static int write_all_computed(struct regfile *f, const uint8_t *values)
{
	for (unsigned i = 0; i < f->tdesc->ngeneral; i++) {
		const struct tdesc_reg *reg = &f->tdesc->regs[i];
		struct change *change = &f->cache->changes[i];

		if (change->wanted && reg->computed) {
			int err = reg->computed->get(&f->view, &change->old);

			if (!err)
				err = write_computed(f, reg, values);
			if (err) {
				undo_computed(f, i);
				return refuse(f, i, err);
			}
		}
		values += reg->size;
	}
	return 0;
}

int regfile_write_general(struct regfile *f, const void *values, size_t size)
{
	int err;

	if (size != f->tdesc->general_size) {
		snprintf(f->why, sizeof(f->why), "the general registers are %u bytes, not %zu", f->tdesc->general_size, size);
		return -EINVAL;
	}
	regfile_drop(f);
	fetch_general(f);
	err = find_changes(f, values);
	if (!err)
		err = write_rows(f, values);
	regfile_drop(f);
	if (err)
		return err;
	err = write_all_computed(f, values);
	if (err)
		undo_rows(f, f->cache->slots.nwrites);
	regfile_drop(f);
	return err;
}
