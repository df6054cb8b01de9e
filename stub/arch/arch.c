/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of architectures: a new one is one line here. */
#include <string.h>

#include "arch.h"

static const struct arch *const all[] = {
	&arch_aarch64,
	&arch_i386,
	&arch_i8086,
	&arch_loongarch64,
	&arch_mips64,
	&arch_ppc64le,
	&arch_riscv64,
	&arch_s390x,
	&arch_x86_64,
};

const struct arch *arch_find(const char *name)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}
