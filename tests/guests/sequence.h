/* SPDX-License-Identifier: BSD-2-Clause */
/* What sequence.c and its VMM agree on: the n-th access of a vCPU is of the kind n % SEQUENCE_PHASES. */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#define SEQUENCE_CPUS 8
#define SEQUENCE_STRIDE 0x1000 /* a vCPU's page: at 0 it reads, at 4 it writes */

#if defined(__x86_64__)
#define SEQUENCE_MMIO 0xd0000000ul
#define SEQUENCE_PORT 0x600 /* eight for each vCPU: from the first it reads, to the fifth it writes */
#define SEQUENCE_PHASES 4
#elif defined(__riscv)
#define SEQUENCE_MMIO 0x20000000ul
#define SEQUENCE_PHASES 2
#else
#define SEQUENCE_MMIO 0x0b000000ul
#define SEQUENCE_PHASES 2
#endif

enum sequence_phase {
	SEQUENCE_READ,
	SEQUENCE_WRITE,
	SEQUENCE_PORT_READ,
	SEQUENCE_PORT_WRITE
};

/* What the k-th read of a vCPU gives. */
static inline unsigned int sequence_step(unsigned long k)
{
	return 1 + k % 7;
}

#endif
