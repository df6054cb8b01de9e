/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the kernel, register by register. Knows no register and no description. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "presence.h"

static struct presence *presence_of(struct tdesc_source *source)
{
	return (struct presence *)((char *)source - offsetof(struct presence, source));
}

/* Where the value is; 0 or -errno. Each value is read once, a block for all of its fields. */
static int read_key(struct presence *p, uint64_t key, uint8_t **value)
{
	struct slot *slot;
	int err = slots_find(&p->slots, key, &slot, value);

	if (err || slots_has(&p->slots, slot) || slot->err)
		return err ? err : slot->err;
	slots_want(&p->slots, slot);
	slots_fetch(&p->slots, p->transport, p->vcpu);
	return slot->err;
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

static bool has(struct tdesc_source *source, uint64_t key)
{
	struct presence *p = presence_of(source);
	uint8_t *value;

	if (p->whole && KEY_IS_ID(key) && !list_has(p->ids, p->nids, key))
		return false;
	return !read_key(p, key, &value);
}

static void want(struct presence *p, uint64_t key)
{
	struct slot *slot;
	uint8_t *value;

	if (key && !slots_find(&p->slots, key, &slot, &value))
		slots_want(&p->slots, slot);
}

static void want_table(struct presence *p, const struct tdesc_table *table)
{
	for (unsigned i = 0; i < table->nfeatures; i++)
		for (unsigned j = 0; j < table->features[i].nrows; j++)
			if (!p->whole || !KEY_IS_ID(table->features[i].rows[j].key))
				want(p, table->features[i].rows[j].key);
}

/* Whatever the vCPU may have, in one batch. Registers that depend on these values are read when they are asked for. */
static int read_all(struct presence *p)
{
	for (unsigned i = 0; i < p->nids; i++)
		want(p, p->ids[i]);
	want_table(p, p->transport->arch->tdesc);
	return slots_fetch(&p->slots, p->transport, p->vcpu);
}

int presence_init(struct presence *p, struct transport *t, unsigned vcpu)
{
	int n, err;

	*p = (struct presence){ .transport = t, .vcpu = vcpu };
	slots_init(&p->slots, t->arch);
	p->source.view = (struct view){ .get = view_get, .set = view_set, .read_phys = view_read_phys };
	p->source.has = has;
	n = list_ids(t, vcpu, &p->ids);
	if (n >= 0)
		p->nids = (unsigned)n;
	else
		p->ids = NULL;
	p->whole = p->ids && list_is_whole(t);
	p->source.ids = p->ids;
	p->source.nids = p->nids;
	err = read_all(p);
	if (err)
		presence_free(p);
	return err;
}

void presence_free(struct presence *p)
{
	slots_free(&p->slots);
	free(p->ids);
	p->ids = NULL;
}
