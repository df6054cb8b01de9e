/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the target.xml of a vCPU of the named architecture that has every register: for tdesc.t. */
#include <stdio.h>

#include "reg/tdesc.h"

static bool has_all(struct tdesc_source *source, uint64_t key)
{
	(void)source;
	(void)key;
	return true;
}

/* What widths come from: four units of each, and not more. */
static int get_four(struct view *v, uint64_t key, uint64_t *value)
{
	(void)v;
	(void)key;
	*value = 4;
	return 0;
}

int main(int argc, char **argv)
{
	const struct arch *arch = argc == 2 ? arch_find(argv[1]) : NULL;
	struct tdesc_source source = { .view = { .get = get_four }, .has = has_all };
	struct tdesc d;

	if (!arch || tdesc_build(&d, arch, &source)) {
		fprintf(stderr, "usage: render ARCHITECTURE\n");
		return 1;
	}
	fputs(d.xml, stdout);
	tdesc_free(&d);
	return 0;
}
