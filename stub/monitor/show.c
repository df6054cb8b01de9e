/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints and sets registers without a debugger. Values are shown as one number, the most significant byte first. See show.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../reg/fields.h"
#include "../machine/registers.h"
#include "printer.h"
#include "show.h"

#define VALUE_MAX 1024 /* bytes; a ONE_REG id can name more, which nothing here has */
#define FIELDS_MAX 64

struct out {
	struct printer to;
	bool json;
	const char *separator; /* in JSON, before the next register */
};

static void say_value(const struct out *out, const uint8_t *value, unsigned size)
{
	say(&out->to, "0x");
	while (size--)
		say(&out->to, "%02x", value[size]);
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
static void say_field(const struct out *out, const struct tdesc *d, const struct reg_field *f, uint64_t value, bool first)
{
	char name[FIELD_NAME];

	if (out->json)
		say(&out->to, "%s\"%s\":%llu", first ? "" : ",", f->name, (unsigned long long)value);
	else if (f->first == f->last)
		say(&out->to, "%s%s", value ? " " : "", value ? f->name : "");
	else if (field_value_name(d, f, value, name, sizeof(name)))
		say(&out->to, " %s=%s", f->name, name);
	else
		say(&out->to, " %s=0x%llx", f->name, (unsigned long long)value);
}

static void say_fields(const struct out *out, const struct tdesc *d, unsigned reg, const uint8_t *value)
{
	struct reg_field fields[FIELDS_MAX];
	unsigned n = fields_of(d, reg, fields, FIELDS_MAX);

	if (!n)
		return;
	say(&out->to, out->json ? ",\"fields\":{" : "  [");
	for (unsigned i = 0; i < n; i++) {
		uint64_t bits = field_value(&fields[i], value, d->regs[reg].size);

		if (bits || !fields[i].unnamed)
			say_field(out, d, &fields[i], bits, i == 0);
	}
	say(&out->to, out->json ? "}" : " ]");
}

static void say_register(struct out *out, struct vcpu *v, unsigned reg)
{
	const struct tdesc *d = &v->guest->tdesc;
	const struct reg_row *row = d->regs[reg].row;
	uint8_t value[VALUE_MAX];
	char key[64], group[FIELD_NAME] = "";
	ssize_t size = regfile_read(&v->regs, reg, value, sizeof(value));

	key_text(d->arch, &d->regs[reg], key, sizeof(key));
	reg_attribute(d, reg, "group", group, sizeof(group));
	if (out->json) {
		say(&out->to, "%s{\"name\":\"%s\",\"id\":\"%s\",\"group\":\"%s\",\"size\":%u", out->separator, row->name, key,
			group, d->regs[reg].size);
		say(&out->to, ",\"value\":%s", size < 0 ? "null" : "\"");
	} else {
		say(&out->to, "%-18s %-18s %3u  ", row->name, key, d->regs[reg].size);
	}
	out->separator = ",\n";
	if (size < 0 && !out->json) {
		say(&out->to, "%s", v->regs.why);
	} else if (size >= 0) {
		say_value(out, value, size);
		say(&out->to, out->json ? "\"" : "");
		say_fields(out, d, reg, value);
	}
	say(&out->to, out->json ? "}" : "\n");
}

#define BATCH 64

/* The next registers of a group (NULL: of any) from *reg on, at most BATCH of them. Returns how many. */
static unsigned next_of_group(const struct tdesc *d, const char *group, unsigned *reg, unsigned found[BATCH])
{
	unsigned n = 0;

	for (; *reg < d->nregs && n < BATCH; ++*reg) {
		char of[FIELD_NAME] = "";

		reg_attribute(d, *reg, "group", of, sizeof(of));
		if (!group || !strcmp(group, of))
			found[n++] = *reg;
	}
	return n;
}

int show_registers(struct vcpu *v, const char *group, bool json, text_fn *print, void *arg)
{
	const struct tdesc *d = &v->guest->tdesc;
	struct out out = { .to = { .print = print, .arg = arg }, .json = json, .separator = "" };
	unsigned regs[BATCH], reg = 0, n, shown = 0;

	if (json)
		say(&out.to, "[\n");
	for (; (n = next_of_group(d, group, &reg, regs)); shown += n) {
		regfile_prefetch(&v->regs, regs, n);
		for (unsigned i = 0; i < n; i++)
			say_register(&out, v, regs[i]);
	}
	if (json)
		say(&out.to, "\n]\n");
	return shown ? 0 : refuse(&v->guest->refusal, -ENOENT, "there is no register group %.40s", group ? group : "at all");
}

/* A hexadecimal number of at most `size` bytes, the 0x left out or not, into bytes. */
static int parse_value(const char *text, uint8_t *value, unsigned size)
{
	size_t digits;

	if (text[0] == '0' && (text[1] | 0x20) == 'x')
		text += 2;
	digits = strlen(text);
	if (!digits || strspn(text, "0123456789abcdefABCDEF") != digits || (digits + 1) / 2 > size)
		return -EINVAL;
	memset(value, 0, size);
	for (size_t i = 0; i < digits; i++) {
		char digit[2] = { text[digits - 1 - i] };

		value[i / 2] |= strtoul(digit, NULL, 16) << (i % 2 * 4);
	}
	return 0;
}

static int show_named(struct vcpu *v, unsigned reg, const char *text, struct out *out)
{
	struct guest *g = v->guest;
	unsigned size = g->tdesc.regs[reg].size;
	uint8_t value[VALUE_MAX];
	int err;

	if (text && (size > sizeof(value) || parse_value(text, value, size)))
		return refuse(&g->refusal, -EINVAL, "%.40s: not a hexadecimal number of at most %u bytes, which is what %s has",
			text, size, g->tdesc.regs[reg].row->name);
	err = text ? registers_set(g, v->nr + 1, reg, value, size) : 0;
	if (err)
		return err;
	say_register(out, v, reg);
	return 0;
}

/* An id that the description may not know: straight to the kernel. */
static int show_id(struct vcpu *v, uint64_t id, const char *text, struct out *out)
{
	uint8_t value[VALUE_MAX];
	struct reg_item item = { .key = id, .value = value };
	int err = 0;

	if (!KEY_IS_ID(id) || KEY_SIZE(id) > sizeof(value))
		return refuse(&v->guest->refusal, -EINVAL, "0x%llx is no ONE_REG id", (unsigned long long)id);
	if (text && parse_value(text, value, KEY_SIZE(id)))
		return refuse(
			&v->guest->refusal, -EINVAL, "%.40s: not a hexadecimal number of at most %u bytes", text, KEY_SIZE(id));
	if (text)
		err = regfile_set_id(&v->regs, &item);
	if (!err)
		err = regfile_get_id(&v->regs, &item);
	if (err)
		return refuse(&v->guest->refusal, err, "0x%llx: %s", (unsigned long long)id, strerror(-err));
	say(&out->to, "0x%016llx %3u  ", (unsigned long long)id, KEY_SIZE(id));
	say_value(out, value, KEY_SIZE(id));
	say(&out->to, "\n");
	return 0;
}

int show_register(struct vcpu *v, const char *which, const char *value, text_fn *print, void *arg)
{
	struct out out = { .to = { .print = print, .arg = arg }, .separator = "" };
	int reg = tdesc_by_name(&v->guest->tdesc, which);
	char *end;
	uint64_t id;

	if (reg >= 0)
		return show_named(v, reg, value, &out);
	errno = 0;
	id = strtoull(which, &end, 16);
	if (*end || errno || !isxdigit((unsigned char)which[0]))
		return refuse(&v->guest->refusal, -ENOENT, "there is no register %.40s", which);
	return show_id(v, id, value, &out);
}
