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

static const struct arch_computed *find_computed(const struct arch *arch, const char *name)
{
	for (unsigned i = 0; i < arch->ncomputed; i++)
		if (!strcmp(arch->computed[i].name, name))
			return &arch->computed[i];
	return NULL;
}

static unsigned table_rows(const struct tdesc_table *table)
{
	unsigned n = 0;

	for (unsigned i = 0; i < table->nfeatures; i++)
		n += table->features[i].nrows;
	return n;
}

/* Appends the row to d->regs if the vCPU has it. A computed register is there when the architecture can compute it. */
static int add_row(struct tdesc *d, const struct reg_row *row, tdesc_has_fn *has, void *arg)
{
	struct tdesc_reg *reg = &d->regs[d->nregs];

	if (row->from) {
		reg->computed = find_computed(d->arch, row->from);
		if (!reg->computed || row->bits > 64) /* struct arch_computed moves a uint64_t */
			return -EINVAL;
	} else if (!has(arg, row->key)) {
		return 0;
	}
	reg->row = row;
	reg->size = row->bits / 8;
	if (reg->size > d->max_size)
		d->max_size = reg->size;
	if (row->general) { /* the generator sees to it that they come first */
		d->ngeneral++;
		d->general_size += reg->size;
	}
	d->nregs++;
	return 0;
}

static int collect(struct tdesc *d, tdesc_has_fn *has, void *arg)
{
	const struct tdesc_table *table = d->arch->tdesc;

	for (unsigned i = 0; i < table->nfeatures; i++) {
		const struct tdesc_feature *feature = &table->features[i];

		for (unsigned j = 0; j < feature->nrows; j++) {
			int err = add_row(d, &feature->rows[j], has, arg);

			if (err)
				return err;
		}
	}
	return 0;
}

static bool in_feature(const struct tdesc_feature *feature, const struct reg_row *row)
{
	return row >= feature->rows && row < feature->rows + feature->nrows;
}

/* Writes the feature and its registers, which begin at d->regs[reg]; returns the number of the first one behind them. */
static unsigned write_feature(FILE *out, const struct tdesc *d, const struct tdesc_feature *feature, unsigned reg)
{
	if (reg == d->nregs || !in_feature(feature, d->regs[reg].row))
		return reg;
	fprintf(out, "<feature name=\"%s\">\n%s", feature->name, feature->types);
	for (; reg < d->nregs && in_feature(feature, d->regs[reg].row); reg++) {
		const struct reg_row *row = d->regs[reg].row;

		fprintf(out, "<reg name=\"%s\" bitsize=\"%u\"%s/>\n", row->name, row->bits, row->attributes);
	}
	fputs("</feature>\n", out);
	return reg;
}

static int render(struct tdesc *d)
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
	for (unsigned i = 0; i < table->nfeatures; i++)
		reg = write_feature(out, d, &table->features[i], reg);
	fputs("</target>\n", out);
	failed = ferror(out);
	return fclose(out) || failed ? -ENOMEM : 0;
}

int tdesc_build(struct tdesc *d, const struct arch *arch, tdesc_has_fn *has, void *arg)
{
	int err;

	*d = (struct tdesc){ .arch = arch };
	d->regs = calloc(table_rows(arch->tdesc) + 1, sizeof(*d->regs));
	if (!d->regs)
		return -ENOMEM;
	err = collect(d, has, arg);
	if (!err)
		err = render(d);
	if (err)
		tdesc_free(d);
	return err;
}

void tdesc_free(struct tdesc *d)
{
	free(d->regs);
	free(d->xml);
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
