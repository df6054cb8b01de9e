/* SPDX-License-Identifier: BSD-2-Clause */
/* A load or store of arm64, taken apart. */
#ifndef AARCH64_ACCESS_H
#define AARCH64_ACCESS_H

#include "aarch64.h"

struct a64_access {
	bool write, is_signed;
	unsigned n, size;   /* so many, one behind the other, of so many bytes */
	unsigned width;	    /* bytes of the register that a load sets; the bytes above become 0 */
	unsigned rn, rt[2]; /* 31: the stack pointer; the zero register */
	int64_t offset;	    /* of the address from rn */
	bool writes_back;
	int64_t writeback; /* what rn is to be more afterwards */
};

/* NULL, or why this instruction is none that can be done for the guest. Nothing but the 32 bits is looked at. */
const char *aarch64_decode_access(uint32_t insn, struct a64_access *a);

#endif
