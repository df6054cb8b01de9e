/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register file of one vCPU: when a value is fetched, how long it is good, and what is written. Knows no ioctl
 * (transport.h) and no register by name; the memory of the cache is slots.c's.
 *
 * Values are in the host's byte order, as KVM gives them, and go to GDB as they are: a guest's numbers are its host's. Where a
 * number changes its width its low bytes are kept: the first ones on a little-endian host, the last ones on a big-endian one.
 * (The tables of a big-endian architecture can be tested on a little-endian host: every number is then little-endian.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "reason.h"
#include "regcache.h"
#include "regfile.h"

static struct regfile *file_of(struct view *v)
{
	return (struct regfile *)((char *)v - offsetof(struct regfile, view));
}

/* ---- one value, by key ---- */

int regfile_fetch(struct regfile *f)
{
	slots_want_habits(&f->cache->slots, f->transport);
	return slots_fetch(&f->cache->slots, f->transport, f->vcpu);
}

static int fetch(struct regfile *f, struct slot *slot)
{
	slots_want(&f->cache->slots, slot);
	regfile_fetch(f);
	return slot->err;
}

/* Where a key's value is; a value that is not cached is fetched. */
static int read_key(struct regfile *f, uint64_t key, uint8_t **value)
{
	struct slot *slot;
	int err = slots_find(&f->cache->slots, key, &slot, value);

	if (err)
		return err;
	slots_ask(&f->cache->slots, slot);
	return slots_has(&f->cache->slots, slot) ? 0 : fetch(f, slot);
}

/* Says in the block that this field's component is in use (XSTATE_BV): KVM gives one that is not its initial value. */
static void mark_component(const struct regfile *f, struct slot *slot, uint64_t key)
{
	unsigned in_use = KEY_IS_BLOCK(key) ? f->transport->arch->regs.blocks[KEY_BLOCK_NR(key)].in_use : 0;

	if (in_use && KEY_HAS_COMPONENT(key))
		slot->value[in_use + KEY_COMPONENT(key) / 8] |= 1u << KEY_COMPONENT(key) % 8;
}

/*
 * At once. A value that is replaced in part is modified in fresh data. Afterwards nothing that was cached is trusted: the
 * kernel may change any register on the way in.
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
		err = store_low(place, KEY_SIZE(key), bytes, size);
	if (!err) {
		mark_component(f, slot, key);
		item = (struct reg_item){ .key = slot->key, .value = slot->value };
		err = held_set(&f->cache->slots.held, f->transport, f->vcpu, &item, 1);
	}
	regfile_drop(f);
	return err;
}

/* ---- several, in one batch of writes ---- */

int regfile_stage(struct regfile *f, uint64_t key, const void *bytes, size_t size)
{
	struct slots *s = &f->cache->slots;
	struct slot *slot;
	uint8_t *place;
	int err = slots_find(s, key, &slot, &place);

	if (err)
		return err;
	if (slots_batch_write(s, slot))
		memcpy(slot->saved, slot->value, slot->size);
	return store_low(place, KEY_SIZE(key), bytes, size);
}

int regfile_set_staged(struct regfile *f, unsigned *done)
{
	struct slots *s = &f->cache->slots;
	int err = held_set(&s->held, f->transport, f->vcpu, s->writes, s->nwrites);

	*done = 0;
	while (*done < s->nwrites && !s->writes[*done].err)
		++*done;
	return err;
}

void regfile_set_back(struct regfile *f, unsigned n)
{
	struct slots *s = &f->cache->slots;

	while (n-- > 0) {
		struct reg_item item = { .key = s->writes[n].key, .value = slots_written(s, n)->saved };

		held_set(&s->held, f->transport, f->vcpu, &item, 1);
	}
}

/* All are fetched before the first is staged: a fetch brings others along. */
int regfile_set_all(struct regfile *f, const struct view_value *values, unsigned n)
{
	unsigned done = 0;
	uint8_t *bytes;
	int err = 0;

	f->cache->slots.nwrites = 0;
	for (unsigned i = 0; i < n && !err; i++)
		err = read_key(f, values[i].key, &bytes);
	for (unsigned i = 0; i < n && !err; i++)
		err = regfile_stage(f, values[i].key, &values[i].value, sizeof(values[i].value));
	if (!err)
		err = regfile_set_staged(f, &done);
	if (err)
		regfile_set_back(f, done);
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

bool regfile_has(struct regfile *f, uint64_t key, uint64_t *value)
{
	struct slot *slot;
	uint8_t *bytes;

	if (slots_find(&f->cache->slots, key, &slot, &bytes) || !slots_has(&f->cache->slots, slot))
		return false;
	*value = 0;
	copy_low(value, sizeof(*value), bytes, KEY_SIZE(key));
	return true;
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

int regfile_refuse(struct regfile *f, unsigned reg, int err)
{
	if (reg < f->tdesc->nregs)
		snprintf(f->why, sizeof(f->why), "%s: %s", f->tdesc->regs[reg].row->name, call_reason(err));
	else
		snprintf(f->why, sizeof(f->why), "there is no register %u", reg);
	return err;
}

/* ---- life ---- */

static const struct tdesc none;

int regfile_init(struct regfile *f, unsigned vcpu, struct transport *t)
{
	*f = (struct regfile){ .transport = t, .tdesc = &none, .vcpu = vcpu, .cache = calloc(1, sizeof(*f->cache)) };
	f->view = (struct view){ .get = view_get, .set = view_set, .read_phys = view_read_phys };
	if (!f->cache)
		return -ENOMEM;
	slots_init(&f->cache->slots, t->arch);
	return 0;
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

/* Makes the array have room for n elements, where it has room for *room. */
static bool grow(void *array, unsigned *room, unsigned n, size_t size)
{
	void *old, *more;

	if (n <= *room)
		return true;
	memcpy(&old, array, sizeof(old));
	more = realloc(old, n * size);
	if (!more)
		return false;
	memcpy(array, &more, sizeof(more));
	*room = n;
	return true;
}

/* Every row gets its slot before the first batch, whose items move when one more is added. */
static int add_rows(struct regfile *f, const struct tdesc *d)
{
	struct slot *slot;
	uint8_t *value;
	int err = 0;

	for (unsigned i = 0; i < d->nregs && !err; i++)
		if (!d->regs[i].computed)
			err = slots_find(&f->cache->slots, d->regs[i].key, &slot, &value);
	return err;
}

int regfile_describe(struct regfile *f, const struct tdesc *d)
{
	struct regcache *c = f->cache;
	int err = -ENOMEM;

	if (grow(&c->changes, &c->ngeneral, d->ngeneral, sizeof(*c->changes)) &&
		grow(&c->scratch, &c->max_size, d->max_size, 1) && grow(&c->left, &c->nregs, d->nregs, sizeof(*c->left)))
		err = add_rows(f, d);
	if (err)
		return err;
	f->tdesc = d;
	regfile_forget(f);
	return 0;
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
	for (unsigned i = 0; i < f->tdesc->nregs; i++)
		f->cache->left[i] = false;
}

/* ---- reading ---- */

void regfile_want(struct regfile *f, unsigned reg)
{
	struct slots *s = &f->cache->slots;
	struct slot *slot;
	uint8_t *value;

	if (reg >= f->tdesc->nregs || f->tdesc->regs[reg].computed)
		return;
	if (!slots_find(s, f->tdesc->regs[reg].key, &slot, &value) && !slots_has(s, slot))
		slots_want(s, slot);
}

/* A computed register has its turn after the batch: most registers that it is computed from are in the cache by then. */
static void compute(struct regfile *f, unsigned reg)
{
	uint64_t value;

	if (reg < f->tdesc->nregs && f->tdesc->regs[reg].computed)
		f->tdesc->regs[reg].computed->get(&f->view, &value);
}

void regfile_prefetch(struct regfile *f, const unsigned *regs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		regfile_want(f, regs[i]);
	regfile_fetch(f);
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

	return err ? err : store_low(value, reg->size, (const uint8_t *)&number, sizeof(number));
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
		return regfile_refuse(f, reg, -ENOENT);
	r = &f->tdesc->regs[reg];
	if (cap < r->size)
		return regfile_refuse(f, reg, -ENOSPC);
	err = r->computed ? read_computed(f, r, value) : read_row(f, r, value);
	return err ? regfile_refuse(f, reg, err) : (ssize_t)r->size;
}

/* ---- writing ---- */

int regfile_set_computed(struct regfile *f, const struct tdesc_reg *reg, const void *bytes)
{
	uint64_t value = 0;

	copy_low(&value, sizeof(value), bytes, reg->size);
	return reg->computed->set(&f->view, value);
}

int regfile_writable(const struct tdesc_reg *reg)
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
		return regfile_refuse(f, reg, -ENOENT);
	r = &f->tdesc->regs[reg];
	if (size != r->size)
		return refuse_size(f, r, size);
	err = regfile_writable(r);
	if (!err)
		err = r->computed ? regfile_set_computed(f, r, value) : write_key(f, r->key, value, size);
	return err ? regfile_refuse(f, reg, err) : 0;
}

/* ---- what the description does not know ---- */

int regfile_get_id(struct regfile *f, struct reg_item *item)
{
	int err = held_get(&f->cache->slots.held, f->transport, f->vcpu, item, 1);

	return err ? err : item->err;
}

int regfile_set_id(struct regfile *f, struct reg_item *item)
{
	regfile_drop(f);
	return held_set(&f->cache->slots.held, f->transport, f->vcpu, item, 1);
}
