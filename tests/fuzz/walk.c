/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer entry point: an address, registers and page tables of anything. What is checked, besides what the sanitizers see, is in
 * tests/unit/walk_check.h: a walk ends, reads no more once it has left RAM, tells of what is there, and holds for all of the page or
 * hole that it tells of.
 *
 * Built for each architecture with clang -fsanitize=fuzzer,address,undefined -I stub -I tests/unit -DWALK=aarch64 (ppc64le, riscv64,
 * x86_64), stub/arch/ and build/obj/tables_*.o.
 */
#include <stdio.h>
#include <stdlib.h>

#include "walk_bytes.h"

#define NAME(prefix, name) prefix##name
#define ARCH(name) NAME(arch_, name)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	bool mapped;
	const char *bad = walk_by_bytes(&ARCH(WALK), bytes, n, &mapped);

	if (bad) {
		fprintf(stderr, "%s\n", bad);
		abort();
	}
	return 0;
}
