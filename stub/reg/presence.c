/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the kernel, register by register. Knows no register and no description. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "presence.h"

static struct presence *presence_of(struct tdesc_source *source)
{
	return (struct presence *)((char *)source - offsetof(struct presence, source));
}

/* Where the value is; 0 or -errno. A block is read once for all of its fields. */
static int read_key(struct presence *p, uint64_t key, uint8_t **value)
{
	struct reg_item item;
	struct slot *slot;
	int err = slots_find(&p->slots, key, &slot, value);

	if (err || slot->valid)
		return err;
	item = slot_item(slot);
	err = transport_get(p->transport, 0, &item, 1);
	if (!err)
		err = item.err;
	slot->valid = !err;
	return err;
}

static int view_get(struct view *v, uint64_t key, uint64_t *value)
{
	struct tdesc_source *source = (struct tdesc_source *)((char *)v - offsetof(struct tdesc_source, view));
	uint8_t *bytes;
	int err = read_key(presence_of(source), key, &bytes);

	if (err)
		return err;
	*value = 0;
	memcpy(value, bytes, KEY_SIZE(key) < sizeof(*value) ? KEY_SIZE(key) : sizeof(*value));
	return 0;
}

static int view_set(struct view *v, uint64_t key, uint64_t value)
{
	(void)v;
	(void)key;
	(void)value;
	return -EPERM;
}

static int view_read_phys(struct view *v, uint64_t gpa, void *buf, size_t len)
{
	(void)v;
	(void)gpa;
	(void)buf;
	(void)len;
	return -EFAULT;
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool has(struct tdesc_source *source, uint64_t key)
{
	struct presence *p = presence_of(source);
	uint8_t *value;

	if (p->whole && !KEY_IS_BLOCK(key) && !bsearch(&key, p->ids, p->nids, sizeof(key), compare_ids))
		return false;
	return !read_key(p, key, &value);
}

void presence_init(struct presence *p, struct transport *t)
{
	int n;

	*p = (struct presence){ .transport = t, .slots.arch = t->arch };
	p->source.view = (struct view){ .get = view_get, .set = view_set, .read_phys = view_read_phys };
	p->source.has = has;
	n = transport_list(t, 0, &p->ids);
	if (n >= 0)
		p->nids = (unsigned)n;
	else
		p->ids = NULL;
	p->whole = p->ids && transport_list_is_whole(t);
	p->source.ids = p->ids;
	p->source.nids = p->nids;
}

void presence_free(struct presence *p)
{
	slots_free(&p->slots);
	free(p->ids);
	p->ids = NULL;
}
