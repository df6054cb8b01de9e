/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads back the types of target.xml. The text is our own, rendered by tdesc.c: one element a line's worth, attributes in double
 * quotes; nothing from outside is parsed here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"

/* The attribute's value within an element's text, which ends at `end`. */
static bool attribute_of(const char *text, const char *end, const char *attribute, char *value, size_t size)
{
	char key[FIELD_NAME + 4];
	const char *at, *quote;

	snprintf(key, sizeof(key), " %s=\"", attribute);
	at = strstr(text, key);
	if (!at || at >= end)
		return false;
	at += strlen(key);
	quote = strchr(at, '"');
	if (!quote || quote >= end || (size_t)(quote - at) >= size)
		return false;
	memcpy(value, at, quote - at);
	value[quote - at] = '\0';
	return true;
}

bool reg_attribute(const struct tdesc *d, unsigned reg, const char *attribute, char *value, size_t size)
{
	const char *text = d->regs[reg].row->attributes;

	return attribute_of(text, text + strlen(text), attribute, value, size);
}

/* The element of this kind with this id, from its name to the end of its content in *end; NULL when there is none. */
static const char *element(const struct tdesc *d, const char *kind, const char *id, const char **end)
{
	char open[2 * FIELD_NAME], close[FIELD_NAME];
	const char *at;

	snprintf(open, sizeof(open), "<%s id=\"%s\"", kind, id);
	snprintf(close, sizeof(close), "</%s>", kind);
	at = strstr(d->xml, open);
	*end = at ? strstr(at, close) : NULL;
	return *end ? at : NULL;
}

static unsigned number_of(const char *text, const char *end, const char *attribute)
{
	char value[FIELD_NAME];

	return attribute_of(text, end, attribute, value, sizeof(value)) ? strtoul(value, NULL, 0) : 0;
}

static bool parse_field(const char *text, const char *end, struct reg_field *f)
{
	/* Bits that are always 1 have a field without a name (eflags). */
	if (!attribute_of(text, end, "name", f->name, sizeof(f->name)) || !f->name[0])
		return false;
	if (!attribute_of(text, end, "type", f->type, sizeof(f->type)))
		f->type[0] = '\0';
	f->first = number_of(text, end, "start");
	f->last = number_of(text, end, "end");
	f->unnamed = !strncmp(f->name, "bit_", 4) || !strncmp(f->name, "bits_", 5); /* as xml/table.awk calls them */
	return f->last >= f->first && f->last < 64;
}

unsigned fields_of(const struct tdesc *d, unsigned reg, struct reg_field *fields, unsigned cap)
{
	char type[FIELD_NAME];
	const char *at, *end, *stop;
	unsigned n = 0;

	if (!reg_attribute(d, reg, "type", type, sizeof(type)))
		return 0;
	at = element(d, "flags", type, &end);
	if (!at)
		at = element(d, "struct", type, &end);
	while (at && n < cap && (at = strstr(at, "<field ")) && at < end) {
		stop = strchr(at, '>');
		n += parse_field(at, stop, &fields[n]);
		at = stop;
	}
	return n;
}

bool field_value_name(const struct tdesc *d, const struct reg_field *field, uint64_t value, char *name, size_t size)
{
	const char *end, *stop, *at = element(d, "enum", field->type, &end);
	char text[FIELD_NAME];

	while (at && (at = strstr(at, "<evalue ")) && at < end) {
		stop = strchr(at, '>');
		if (attribute_of(at, stop, "value", text, sizeof(text)) && strtoull(text, NULL, 0) == value)
			return attribute_of(at, stop, "name", name, size);
		at = stop;
	}
	return false;
}
