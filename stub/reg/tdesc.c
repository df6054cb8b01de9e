/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of one vCPU and target.xml, from the generated tables. Owns struct tdesc; knows no ioctl: whether the vCPU has
 * a register is asked of the caller. GDB numbers the registers of a description in the order of their appearance, over all
 * features, so that leaving one out needs no regnum attribute.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tdesc.h"
#include "unknown.h"

static const struct arch_computed *find_computed(const struct arch *arch, const char *name)
{
	for (unsigned i = 0; i < arch->regs.ncomputed; i++)
		if (!strcmp(arch->regs.computed[i].name, name))
			return &arch->regs.computed[i];
	return NULL;
}

/* How many times its size a row of this kvm:times has on this vCPU. -ENOENT: none at all. */
static int find_scale(const struct tdesc *d, const char *name, struct tdesc_source *source, unsigned *times)
{
	*times = 1;
	if (!name)
		return 0;
	for (unsigned i = 0; i < d->arch->regs.nscales; i++)
		if (!strcmp(d->arch->regs.scales[i].name, name))
			return d->arch->regs.scales[i].get(&source->view, times) || !*times ? -ENOENT : 0;
	return -EINVAL;
}

static unsigned table_rows(const struct tdesc_table *table)
{
	unsigned n = 0;

	for (unsigned i = 0; i < table->nfeatures; i++)
		n += table->features[i].nrows;
	return n;
}

/* Bits 55..52 of an id say the value's size: where the table leaves the size to the vCPU, it is the register's. */
static uint64_t sized_key(const struct reg_row *row, unsigned size)
{
	if (!row->times || KEY_SIZE(row->key) != 1)
		return row->key;
	return row->key | (uint64_t)__builtin_ctz(size) << 52;
}

/* The row's key on this vCPU. -errno: the vCPU lacks the component that the row is in. */
static int place(const struct arch *arch, const struct reg_row *row, struct tdesc_source *source, struct tdesc_reg *reg)
{
	unsigned at = 0;
	int err = 0;

	reg->key = sized_key(row, reg->size);
	if (!KEY_IS_BLOCK(reg->key) || !KEY_HAS_COMPONENT(reg->key))
		return 0;
	err = arch->regs.component(&source->view, KEY_COMPONENT(reg->key), &at);
	if (!err && KEY_OFFSET(reg->key) + at > KEY_OFFSET_MAX)
		err = -EINVAL;
	reg->key += at;
	return err;
}

static void append(struct tdesc *d, const struct tdesc_reg *reg)
{
	d->regs[d->nregs++] = *reg;
	if (reg->size > d->max_size)
		d->max_size = reg->size;
	if (reg->row->general) { /* the generator has put general registers first */
		d->ngeneral++;
		d->general_size += reg->size;
	}
}

/* Whether the vCPU has what is in this row: 1 and *reg when it can be read or computed, else 0. -EINVAL: a bad table. */
static int find_row(const struct tdesc *d, const struct reg_row *row, struct tdesc_source *source, struct tdesc_reg *reg)
{
	unsigned times;
	uint64_t value;
	int err = find_scale(d, row->times, source, &times);

	if (err)
		return err == -ENOENT ? 0 : err;
	*reg = (struct tdesc_reg){ .row = row, .size = row->bits / 8 * times };
	if (row->from) {
		reg->computed = find_computed(d->arch, row->from);
		if (!reg->computed || reg->size > sizeof(value))
			return -EINVAL;
		return !reg->computed->get(&source->view, &value);
	}
	if (place(d->arch, row, source, reg))
		return 0;
	return source->has(source, reg->key);
}

/*
 * GDB refuses a feature that lacks a register which it wants; what a vCPU has of the others can be in another feature (fpsr, in
 * SVE's).
 */
static int is_served(const struct tdesc *d, const struct tdesc_feature *feature, struct tdesc_source *source)
{
	struct tdesc_reg reg;

	if (feature->unless && source->has(source, feature->unless))
		return 0;
	if (!feature->needs)
		return 1;
	for (unsigned i = 0; i < feature->nrows; i++)
		if (!strcmp(feature->rows[i].name, feature->needs))
			return find_row(d, &feature->rows[i], source, &reg);
	return -EINVAL;
}

static int collect_feature(struct tdesc *d, const struct tdesc_feature *feature, struct tdesc_source *source)
{
	int there = is_served(d, feature, source);

	for (unsigned i = 0; i < feature->nrows && there > 0; i++) {
		struct tdesc_reg reg;
		int has = find_row(d, &feature->rows[i], source, &reg);

		if (has < 0)
			return has;
		if (has)
			append(d, &reg);
	}
	return there < 0 ? there : 0;
}

static int collect(struct tdesc *d, struct tdesc_source *source)
{
	const struct tdesc_table *table = d->arch->tdesc;
	int err = 0;

	for (unsigned i = 0; i < table->nfeatures && !err; i++)
		err = collect_feature(d, &table->features[i], source);
	return err ? err : collect_feature(d, &d->unknown->feature, source);
}

static bool in_feature(const struct tdesc_feature *feature, const struct reg_row *row)
{
	return row >= feature->rows && row < feature->rows + feature->nrows;
}

static void write_vectors(FILE *out, const struct tdesc *d, const struct tdesc_feature *feature, struct tdesc_source *source)
{
	for (unsigned i = 0; i < feature->nvectors; i++) {
		const struct tdesc_vector *v = &feature->vectors[i];
		unsigned times;

		if (!find_scale(d, v->times, source, &times))
			fprintf(out, "<vector id=\"%s\" type=\"%s\" count=\"%u\"/>\n", v->id, v->type, v->count * times);
	}
}

/* Writes the feature and its registers, which begin at d->regs[reg]; returns the number of the first register behind these. */
static unsigned write_feature(
	FILE *out, const struct tdesc *d, const struct tdesc_feature *feature, struct tdesc_source *source, unsigned reg)
{
	if (reg == d->nregs || !in_feature(feature, d->regs[reg].row))
		return reg;
	fprintf(out, "<feature name=\"%s\">\n", feature->name);
	write_vectors(out, d, feature, source);
	fputs(feature->types, out);
	for (; reg < d->nregs && in_feature(feature, d->regs[reg].row); reg++) {
		const struct reg_row *row = d->regs[reg].row;

		fprintf(out, "<reg name=\"%s\" bitsize=\"%u\"%s/>\n", row->name, d->regs[reg].size * 8, row->attributes);
	}
	fputs("</feature>\n", out);
	return reg;
}

/* Each element is on a line of its own. */
static bool is_unnamed_field(const char *line)
{
	return !strncmp(line, "<field name=\"bit_", 17) || !strncmp(line, "<field name=\"bits_", 18);
}

static char *without_unnamed_fields(const char *xml)
{
	char *named = malloc(strlen(xml) + 1), *out = named;

	while (named && *xml) {
		size_t line = strcspn(xml, "\n") + 1;

		if (!is_unnamed_field(xml)) {
			memcpy(out, xml, line);
			out += line;
		}
		xml += line;
	}
	if (named)
		*out = '\0';
	return named;
}

static int render(struct tdesc *d, struct tdesc_source *source)
{
	const struct tdesc_table *table = d->arch->tdesc;
	size_t size;
	FILE *out = open_memstream(&d->xml, &size);
	unsigned reg = 0;
	bool failed;

	if (!out)
		return -ENOMEM;
	fputs("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n", out);
	fprintf(out, "<architecture>%s</architecture>\n", table->architecture);
	if (table->osabi)
		fprintf(out, "<osabi>%s</osabi>\n", table->osabi);
	for (unsigned i = 0; i < table->nfeatures; i++)
		reg = write_feature(out, d, &table->features[i], source, reg);
	write_feature(out, d, &d->unknown->feature, source, reg);
	fputs("</target>\n", out);
	failed = ferror(out);
	if (fclose(out) || failed)
		return -ENOMEM;
	d->named_xml = without_unnamed_fields(d->xml);
	return d->named_xml ? 0 : -ENOMEM;
}

int tdesc_build(struct tdesc *d, const struct arch *arch, struct tdesc_source *source)
{
	int err = -ENOMEM;

	*d = (struct tdesc){ .arch = arch };
	d->unknown = unknown_rows(arch, source->ids, source->nids);
	if (d->unknown)
		d->regs = calloc(table_rows(arch->tdesc) + d->unknown->feature.nrows + 1, sizeof(*d->regs));
	if (d->regs)
		err = collect(d, source);
	if (!err)
		err = render(d, source);
	if (err)
		tdesc_free(d);
	return err;
}

void tdesc_free(struct tdesc *d)
{
	unknown_free(d->unknown);
	free(d->regs);
	free(d->xml);
	free(d->named_xml);
	*d = (struct tdesc){ 0 };
}

int tdesc_by_name(const struct tdesc *d, const char *name)
{
	for (unsigned i = 0; i < d->nregs; i++)
		if (!strcmp(d->regs[i].row->name, name))
			return (int)i;
	return tdesc_by_generic(d, name);
}

int tdesc_by_generic(const struct tdesc *d, const char *generic)
{
	for (unsigned i = 0; i < d->nregs; i++)
		if (d->regs[i].row->generic && !strcmp(d->regs[i].row->generic, generic))
			return (int)i;
	return -1;
}
