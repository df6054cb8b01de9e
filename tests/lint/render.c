/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the target.xml of a vCPU of the named architecture that has every register: for tdesc.t. */
#include <stdio.h>

#include "reg/tdesc.h"

static bool has_all(void *arg, uint64_t key)
{
	(void)arg;
	(void)key;
	return true;
}

int main(int argc, char **argv)
{
	const struct arch *arch = argc == 2 ? arch_find(argv[1]) : NULL;
	struct tdesc d;

	if (!arch || tdesc_build(&d, arch, has_all, NULL)) {
		fprintf(stderr, "usage: render ARCHITECTURE\n");
		return 1;
	}
	fputs(d.xml, stdout);
	tdesc_free(&d);
	return 0;
}
