/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints where the guest may not execute. A debugger has a function that it calls return to one: on the stack, which may not be
 * executed (x86, riscv64), or at the image's entry, which may be mapped no more (arm64, ppc64le). There the fetch brings about an exception.
 */
#ifndef FETCH_H
#define FETCH_H

#include "../memory/memory.h"
#include "point.h"

/* May the vCPU not execute what is at addr, by its page tables? */
bool fetch_is_barred(struct space *s, uint64_t addr);

/* Is the vCPU to return to addr from where it is? Then execution has to come to addr, or the vCPU is lost to its handler of exceptions. */
bool fetch_returns(struct space *s, uint64_t addr);

/* Plants the opcode of a breakpoint that is barred at the handler of that exception: 0, or -errno and a sentence. */
int fetch_plant(struct space *s, struct point *p);

/* Keeps the registers that the vCPU has now: it is to have them again when the breakpoint is met. */
void fetch_remember(struct space *s, struct point *p);

/* At that handler: has this point's address brought the vCPU there? Then the vCPU is put back to that address. */
bool fetch_is_met(struct space *s, const struct point *p);

#endif
