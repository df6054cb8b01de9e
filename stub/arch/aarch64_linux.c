/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux on arm64: see linux.h. Names and addresses are those of arch/arm64/kernel/vmcore_info.c and arch/arm64/include/asm/memory.h. */
#include <errno.h>

#include "aarch64.h"
#include "linux.h"

#define EM_AARCH64 183

static bool image(const struct linux_told *told, uint64_t *offset)
{
	return told->number(told, "NUMBER(kimage_voffset)", offset);
}

/* From 5.4 on the map begins the upper half of the address space; before it was behind the kernel, and TCR_EL1_T1SZ was not told. */
static bool linear(const struct linux_told *told, uint64_t *offset)
{
	uint64_t bits, phys, t1sz;

	if (!told->number(told, "NUMBER(VA_BITS)", &bits) || !told->number(told, "NUMBER(PHYS_OFFSET)", &phys) || bits < 16 ||
		bits > 52)
		return false;
	if (!told->number(told, "NUMBER(TCR_EL1_T1SZ)", &t1sz))
		bits--;
	*offset = -(1ull << bits) - phys;
	return true;
}

/* TTBR1_EL1 has bits 51..48 of an address in 5..2. */
static unsigned roots(struct view *v, uint64_t table, struct linux_root *roots)
{
	(void)v;
	roots[0] = (struct linux_root){ A64_TTBR1_EL1, (table & ((1ull << 48) - 1)) | (table >> 48 & 15) << 2 };
	roots[1] = (struct linux_root){ A64_PSTATE, A64_MODE_EL1H };
	return 2;
}

/* The kernel has it in SP_EL0, which is the program's while that runs. */
static int task(struct view *v, uint64_t *task)
{
	uint64_t pstate;
	int err = v->get(v, A64_PSTATE, &pstate);

	if (!err && (pstate & A64_MODE_MASK) != A64_MODE_EL1H)
		err = -ENODATA;
	return err ? err : v->get(v, A64_SP_EL0, task);
}

/* struct user_pt_regs: X0 to X30, the stack pointer, the pc and PSTATE */
static int general(struct view *v, unsigned n, uint64_t *word)
{
	uint64_t key = n < 31 ? A64_X(n) : n == 32 ? A64_PC : A64_PSTATE;
	int err = n == 31 ? aarch64_stack_pointer(v, &key) : 0;

	return err ? err : v->get(v, key, word);
}

#define EIGHT(a, b, c, d, e, f, g, h) "v" #a, "v" #b, "v" #c, "v" #d, "v" #e, "v" #f, "v" #g, "v" #h

static const char *const vectors[] = { EIGHT(0, 1, 2, 3, 4, 5, 6, 7), EIGHT(8, 9, 10, 11, 12, 13, 14, 15),
	EIGHT(16, 17, 18, 19, 20, 21, 22, 23), EIGHT(24, 25, 26, 27, 28, 29, 30, 31), NULL };

/* The same registers of a vCPU with SVE: of each the first 128 bits. */
#define EIGHT_Z(a, b, c, d, e, f, g, h) "z" #a, "z" #b, "z" #c, "z" #d, "z" #e, "z" #f, "z" #g, "z" #h

static const char *const scalable[] = { EIGHT_Z(0, 1, 2, 3, 4, 5, 6, 7), EIGHT_Z(8, 9, 10, 11, 12, 13, 14, 15),
	EIGHT_Z(16, 17, 18, 19, 20, 21, 22, 23), EIGHT_Z(24, 25, 26, 27, 28, 29, 30, 31), NULL };

static const char *const control[] = { "fpsr", "fpcr", NULL };

/* struct user_fpsimd_state */
static const struct linux_note_part fpsimd[] = { { vectors, 0, 16 }, { scalable, 0, 16 }, { control, 512, 4 }, { 0 } };

static const struct linux_note notes[] = { { .type = 2, .size = 528, .parts = fpsimd } };

const struct arch_linux aarch64_linux = {
	.image = image,
	.linear = linear,
	.roots = roots,
	.task = task,
	.machine = EM_AARCH64,
	.words = 34,
	.general = general,
	.notes = notes,
	.nnotes = 1,
};
