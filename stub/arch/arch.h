/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that differs between architectures, behind one struct with a part for each subject. Each architecture is compiled on
 * every host: nothing here includes a kernel header; the constants are spelt out, and a check compiled by each cross compiler compares
 * them with the kernel's.
 *
 * An architecture sees a vCPU only through a struct view, and what KVM_RUN came back with only as bytes.
 */
#ifndef ARCH_H
#define ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "debug.h"
#include "emulate.h"
#include "exit.h"
#include "linux.h"
#include "probe.h"
#include "regs.h"
#include "step.h"
#include "trap.h"
#include "view.h"
#include "walk.h"

struct tdesc_table;
struct arch;

/* One way to describe a vCPU to a debugger that decodes its instructions by the description (x86). */
struct arch_mode {
	const char *name; /* as `monitor mode` takes it */
	const struct arch *arch;
};

struct arch {
	const char *name;      /* as uname -m says it */
	const char *llvm;      /* as LLVM's triples begin */
	unsigned pointer_size; /* bytes */
	bool big_endian;
	unsigned insn_align;		 /* of an instruction's address, in bytes */
	const struct tdesc_table *tdesc; /* from xml/, generated */

	/*
	 * The same vCPU in its other modes; they differ in name, llvm, pointer_size and tdesc alone. The first is what all else here takes
	 * the vCPU for.
	 */
	const struct arch_mode *modes;
	unsigned nmodes; /* 0: the vCPU has the one description */

	struct arch_regs regs;
	struct arch_walk walk;
	struct arch_trap trap;
	struct arch_debug debug;
	struct arch_exit exit;
	struct arch_step step;
	const struct arch_emulate *emulate; /* NULL: no instruction is carried out here */
	const struct arch_probe *probe;	    /* NULL where there is no host for it yet */
	const struct arch_linux *os;	    /* what Linux has on it; NULL where that is not known here */
};

extern const struct arch arch_aarch64;
extern const struct arch arch_i386;
extern const struct arch arch_i8086;
extern const struct arch arch_loongarch64;
extern const struct arch arch_mips64;
extern const struct arch arch_ppc64le;
extern const struct arch arch_riscv64;
extern const struct arch arch_s390x;
extern const struct arch arch_x86_64;

/* By name; NULL when unknown. */
const struct arch *arch_find(const char *name);

#endif
