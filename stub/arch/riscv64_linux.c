/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux on riscv64: see linux.h. Names are those of arch/riscv/kernel/vmcore_info.c. */
#include "linux.h"
#include "riscv64.h"

#define EM_RISCV 243
#define EF_RISCV_FLOAT_ABI_DOUBLE 4 /* without it gdb takes no floating-point registers from a core file */
#define RV_TP RV_X(4)
#define RV_SSCRATCH RV_CSR(3)

static bool image(const struct linux_told *told, uint64_t *offset)
{
	return told->number(told, "NUMBER(va_kernel_pa_offset)", offset);
}

static bool linear(const struct linux_told *told, uint64_t *offset)
{
	uint64_t base, phys;

	if (!told->number(told, "NUMBER(PAGE_OFFSET)", &base) || !told->number(told, "NUMBER(phys_ram_base)", &phys))
		return false;
	*offset = base - phys;
	return true;
}

/* How many levels there are is the mode of satp. */
static unsigned roots(struct view *v, uint64_t table, struct linux_root *roots)
{
	uint64_t satp;

	if (v->get(v, RV_SATP, &satp) || !(satp >> 60))
		return 0;
	roots[0] = (struct linux_root){ RV_SATP, (satp & 15ull << 60) | table >> 12 };
	roots[1] = (struct linux_root){ RV_MODE, RV_MODE_S };
	return 2;
}

/* The kernel has it in tp, and in sscratch while a program runs. */
static int task(struct view *v, uint64_t *task)
{
	uint64_t mode;
	int err = v->get(v, RV_MODE, &mode);

	return err ? err : v->get(v, mode == RV_MODE_S ? RV_TP : RV_SSCRATCH, task);
}

/* struct user_regs_struct, which KVM's begins as: the pc, then x1 to x31 */
static int general(struct view *v, unsigned n, uint64_t *word)
{
	return v->get(v, RV_X(n), word);
}

static const char *const doubles[] = { "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1",
	"fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8",
	"ft9", "ft10", "ft11", NULL };
static const char *const control[] = { "fcsr", NULL };

/* union __riscv_fp_state, with extension Q's room */
static const struct linux_note_part floating[] = { { doubles, 0, 8 }, { control, 256, 4 }, { 0 } };

static const struct linux_note notes[] = { { .type = 2, .size = 528, .parts = floating } };

const struct arch_linux riscv64_linux = {
	.image = image,
	.linear = linear,
	.roots = roots,
	.task = task,
	.machine = EM_RISCV,
	.flags = EF_RISCV_FLOAT_ABI_DOUBLE,
	.words = 32,
	.general = general,
	.notes = notes,
	.nnotes = 1,
};
