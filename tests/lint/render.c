/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the target.xml of a vCPU of the named architecture that has every register, but for the named one and the features that
 * need it: for tdesc.t.
 */
#include <stdio.h>
#include <string.h>

#include "reg/tdesc.h"

struct source {
	struct tdesc_source source;
	uint64_t lacking; /* 0: nothing */
};

static bool has(struct tdesc_source *source, uint64_t key)
{
	return key != ((struct source *)source)->lacking;
}

/* x86's struct kvm_cpuid2: leaf 0dH, as many sub-leaves as anyone asks for, and each component at its number times 64. */
static uint64_t cpuid(unsigned offset)
{
	unsigned entry = (offset - 8) / 40;

	if (offset == 0)
		return 64; /* entries */
	switch ((offset - 8) % 40) {
	case 0:
		return 0xd;
	case 4:
		return entry;
	case 12:
		return UINT32_MAX;
	default:
		return 64 * entry;
	}
}

/* What else widths and vectors come from. */
static const struct {
	uint64_t id, value;
} values[] = {
	{ 0x606000000015ffff, 8 },    /* arm64's SVE_VLS: four times 128 bits */
	{ 0x8030000009000004, 32 },   /* riscv64's vlenb: twice 128 bits */
	{ 0x9030000000040010, 0xc0 }, /* loongarch64's CPUCFG2: LSX and LASX */
};

static int get(struct view *v, uint64_t key, uint64_t *value)
{
	(void)v;
	*value = KEY_IS_BLOCK(key) ? cpuid(KEY_OFFSET(key)) : 0;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i].id == key)
			*value = values[i].value;
	return 0;
}

static uint64_t key_of(const struct tdesc_table *table, const char *name)
{
	for (unsigned i = 0; i < table->nfeatures; i++)
		for (unsigned j = 0; j < table->features[i].nrows; j++)
			if (!strcmp(table->features[i].rows[j].name, name))
				return table->features[i].rows[j].key;
	return 0;
}

int main(int argc, char **argv)
{
	const struct arch *arch = argc == 2 || argc == 3 ? arch_find(argv[1]) : NULL;
	struct source s = { .source = { .view = { .get = get }, .has = has } };
	struct tdesc d;

	if (arch && argc == 3)
		s.lacking = key_of(arch->tdesc, argv[2]);
	if (!arch || (argc == 3 && !s.lacking) || tdesc_build(&d, arch, &s.source)) {
		fprintf(stderr, "usage: render ARCHITECTURE [LACKING]\n");
		return 1;
	}
	fputs(d.xml, stdout);
	tdesc_free(&d);
	return 0;
}
