/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints and sets registers without a debugger. Values are shown as one number, the most significant byte first. See show.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../machine/registers.h"
#include "../reg/fields.h"
#include "../reg/reason.h"
#include "nearest.h"
#include "show.h"
#include "value.h"

#define FIELDS_MAX 64

static void say_bytes(const struct show *s, const uint8_t *value, unsigned size)
{
	say(&s->to, "0x");
	while (size--)
		say(&s->to, "%02x", value[size]);
}

/* Where KVM keeps it: an id, a struct and an offset, or a computation. */
static void key_text(const struct arch *arch, const struct tdesc_reg *reg, char *text, size_t size)
{
	if (!reg->key)
		snprintf(text, size, "%s()", reg->row->from);
	else if (KEY_IS_DEVICE(reg->key))
		snprintf(text, size, "irqchip:%u:0x%x", KEY_DEVICE_GROUP(reg->key), KEY_DEVICE_ATTR(reg->key));
	else if (KEY_IS_BLOCK(reg->key))
		snprintf(text, size, "%s+0x%x", arch->regs.blocks[KEY_BLOCK_NR(reg->key)].name, KEY_OFFSET(reg->key));
	else
		snprintf(text, size, "0x%016llx", (unsigned long long)reg->key);
}

static uint64_t field_value(const struct reg_field *f, const uint8_t *value, unsigned size)
{
	uint64_t whole = 0;
	unsigned bits = f->last - f->first + 1;

	memcpy(&whole, value, size < sizeof(whole) ? size : sizeof(whole));
	return whole >> f->first & (bits < 64 ? (1ull << bits) - 1 : UINT64_MAX);
}

/* In text, single bits that are 0 are left out, as gdb does. */
static void say_field(const struct show *s, const struct tdesc *d, const struct reg_field *f, uint64_t value, bool first)
{
	char name[FIELD_NAME];

	if (s->json)
		say(&s->to, "%s\"%s\":%llu", first ? "" : ",", f->name, (unsigned long long)value);
	else if (f->first == f->last)
		say(&s->to, "%s%s", value ? " " : "", value ? f->name : "");
	else if (field_value_name(d, f, value, name, sizeof(name)))
		say(&s->to, " %s=%s", f->name, name);
	else
		say(&s->to, " %s=0x%llx", f->name, (unsigned long long)value);
}

static void say_fields(const struct show *s, const struct tdesc *d, unsigned reg, const uint8_t *value)
{
	struct reg_field fields[FIELDS_MAX];
	unsigned n = fields_of(d, reg, fields, FIELDS_MAX);

	if (!n)
		return;
	say(&s->to, s->json ? ",\"fields\":{" : "  [");
	for (unsigned i = 0; i < n; i++) {
		uint64_t bits = field_value(&fields[i], value, d->regs[reg].size);

		if (bits || !fields[i].unnamed)
			say_field(s, d, &fields[i], bits, i == 0);
	}
	say(&s->to, s->json ? "}" : " ]");
}

void show_begin(struct show *s)
{
	s->started = false;
	if (s->json)
		say(&s->to, "[\n");
}

void show_end(struct show *s)
{
	if (s->json)
		say(&s->to, "\n]\n");
}

/* Up to the value. */
static void say_head(struct show *s, unsigned vcpu, const char *name, const char *key, const char *group, unsigned size)
{
	if (s->json)
		say(&s->to, "%s{\"vcpu\":%u,\"name\":\"%s\",\"id\":\"%s\",\"group\":\"%s\",\"size\":%u,\"value\":",
			s->started ? ",\n" : "", vcpu, name, key, group, size);
	else
		say(&s->to, "%-18s %-18s %3u  ", name, key, size);
	s->started = true;
}

static void say_value(struct show *s, const uint8_t *value, unsigned size)
{
	say(&s->to, s->json ? "\"" : "");
	say_bytes(s, value, size);
	say(&s->to, s->json ? "\"" : "");
}

void show_value(struct show *s, const struct tdesc *d, unsigned vcpu, unsigned reg, const uint8_t *value, ssize_t size)
{
	const struct tdesc_reg *r = &d->regs[reg];
	char key[64], group[FIELD_NAME] = "";

	key_text(d->arch, r, key, sizeof(key));
	reg_attribute(d, reg, "group", group, sizeof(group));
	say_head(s, vcpu, r->row->name, key, group, r->size);
	if (size >= 0) {
		say_value(s, value, (unsigned)size);
		say_fields(s, d, reg, value);
	} else if (s->json) {
		say(&s->to, "null");
	} else {
		say(&s->to, "%s: %s", r->row->name, call_reason((int)size));
	}
	say(&s->to, s->json ? "}" : "\n");
}

static void read_and_show(struct show *s, struct vcpu *v, unsigned reg)
{
	uint8_t value[SHOW_VALUE_MAX];
	ssize_t size = regfile_read(&v->regs, reg, value, sizeof(value));

	show_value(s, &v->guest->tdesc, v->nr, reg, value, size);
}

unsigned show_next_of_group(const struct tdesc *d, const char *group, unsigned *reg, unsigned *found, unsigned cap)
{
	unsigned n = 0;

	for (; *reg < d->nregs && n < cap; ++*reg) {
		char of[FIELD_NAME] = "";

		reg_attribute(d, *reg, "group", of, sizeof(of));
		if (!group || !strcmp(group, of))
			found[n++] = *reg;
	}
	return n;
}

#define GROUPS_TEXT 160

/* Is it one of those that are in the list, behind commas? */
static bool lists(const char *list, const char *group)
{
	size_t n = strlen(group);
	const char *at = list;

	while ((at = strstr(at, group)) && ((at != list && at[-1] != ' ') || (at[n] && at[n] != ',')))
		at++;
	return at;
}

int show_no_group(const struct tdesc *d, const char *group, const struct refusal *why)
{
	char there[GROUPS_TEXT] = "";
	size_t at = 0;

	for (unsigned reg = 0; reg < d->nregs; reg++) {
		char of[FIELD_NAME] = "";

		reg_attribute(d, reg, "group", of, sizeof(of));
		if (of[0] && !lists(there, of) && at + strlen(of) + 2 < sizeof(there))
			at += (size_t)sprintf(there + at, "%s%s", at ? ", " : "", of);
	}
	return refuse(why, -ENOENT, "there is no register group %.40s%s%s", group ? group : "at all", at ? ": there are " : "",
		there);
}

#define BATCH 64

int show_registers(struct vcpu *v, const char *group, const struct printer *out)
{
	const struct tdesc *d = &v->guest->tdesc;
	struct show s = { .to = *out };
	unsigned regs[BATCH], reg = 0, n, shown = 0;

	for (; (n = show_next_of_group(d, group, &reg, regs, BATCH)); shown += n) {
		regfile_prefetch(&v->regs, regs, n);
		for (unsigned i = 0; i < n; i++)
			read_and_show(&s, v, regs[i]);
	}
	return shown ? 0 : show_no_group(d, group, &v->guest->refusal);
}

static int parse(struct guest *g, const char *name, const char *text, unsigned base, uint8_t *value, unsigned size)
{
	char why[120] = "";
	int err = size > SHOW_VALUE_MAX ? -E2BIG : value_parse(text, base, value, size, &(struct refusal){ why, sizeof(why) });

	return err ? refuse(&g->refusal, -EINVAL, "%s, which has %u bytes: %s", name, size, why) : 0;
}

static int show_named(struct vcpu *v, unsigned reg, const char *text, unsigned base, struct show *s)
{
	struct guest *g = v->guest;
	const struct tdesc_reg *r = &g->tdesc.regs[reg];
	uint8_t value[SHOW_VALUE_MAX];
	int err = 0;

	if (text) {
		err = parse(g, r->row->name, text, base, value, r->size);
		if (!err)
			err = registers_set(g, v->nr + 1, reg, value, r->size);
	}
	if (!err)
		read_and_show(s, v, reg);
	return err;
}

/* An id that the description may not know: straight to the kernel. */
static int show_id(struct vcpu *v, uint64_t id, const char *text, unsigned base, struct show *s)
{
	uint8_t value[SHOW_VALUE_MAX];
	struct reg_item item = { .key = id, .value = value };
	char name[20];
	int err = 0;

	snprintf(name, sizeof(name), "0x%016llx", (unsigned long long)id);
	if (!KEY_IS_ID(id) || KEY_SIZE(id) > sizeof(value))
		return refuse(&v->guest->refusal, -EINVAL, "%s is no ONE_REG id", name);
	if (text)
		err = parse(v->guest, name, text, base, value, KEY_SIZE(id));
	if (err)
		return err;
	if (text)
		err = regfile_set_id(&v->regs, &item);
	if (!err)
		err = regfile_get_id(&v->regs, &item);
	if (err)
		return refuse(&v->guest->refusal, err, "%s: %s", name, call_reason(err));
	say_head(s, v->nr, name, name, "", KEY_SIZE(id));
	say_value(s, value, KEY_SIZE(id));
	say(&s->to, s->json ? "}" : "\n");
	return 0;
}

static int refuse_name(struct guest *g, const char *name, const char *lists)
{
	char near[100];

	if (nearest_names(&g->tdesc, name, near, sizeof(near)))
		return refuse(&g->refusal, -ENOENT, "there is no register %.40s; near to that: %s", name, near);
	return refuse(&g->refusal, -ENOENT, "there is no register %.40s; %s lists them", name, lists);
}

int show_register(struct vcpu *v, const char *which, const char *value, unsigned base, const char *lists, struct show *s)
{
	int reg = tdesc_by_name(&v->guest->tdesc, which);
	char *end;
	uint64_t id;

	if (reg >= 0)
		return show_named(v, reg, value, base, s);
	errno = 0;
	id = strtoull(which, &end, 16);
	if (*end || errno || !isxdigit((unsigned char)which[0]) || !KEY_IS_ID(id))
		return refuse_name(v->guest, which, lists);
	return show_id(v, id, value, base, s);
}
