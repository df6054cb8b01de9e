/* SPDX-License-Identifier: BSD-2-Clause */
/* Which names are near to one that is none's. */
#include "monitor/nearest.h"
#include "tap.h"

static const struct reg_row rows[] = {
	{ .name = "rax" },
	{ .name = "rbx" },
	{ .name = "cr0" },
	{ .name = "cr2" },
	{ .name = "cr3" },
	{ .name = "SCTLR_EL1" },
	{ .name = "SCTLR_EL2" },
	{ .name = "xmm1" },
	{ .name = "xmm2" },
	{ .name = "xmm3" },
	{ .name = "xmm4" },
	{ .name = "xmm5" },
	{ .name = "xmm6" },
	{ .name = "reg_with_a_name_that_nobody_would_ever_type_in" },
};

#define NROWS (sizeof(rows) / sizeof(*rows))

static void near(const char *name, const char *want)
{
	struct tdesc_reg regs[NROWS];
	struct tdesc d = { .regs = regs, .nregs = NROWS };
	char text[100] = "nothing";

	for (unsigned i = 0; i < NROWS; i++)
		regs[i] = (struct tdesc_reg){ .row = &rows[i] };
	if (!nearest_names(&d, name, text, sizeof(text)))
		strcpy(text, "none");
	is_str(text, want, name);
}

int main(void)
{
	near("RAX", "rax");
	near("rcx", "rax, rbx");
	near("cr1", "cr0, cr2, cr3");
	near("sctlr_el1", "SCTLR_EL1");
	near("sctlr", "SCTLR_EL1, SCTLR_EL2");
	near("SCTRL_EL1", "SCTLR_EL1");
	near("xmm", "xmm1, xmm2, xmm3, xmm4, xmm5");
	near("xmm77", "xmm1, xmm2, xmm3, xmm4, xmm5");
	near("frobnicate", "none");
	near("q", "none");
	near("", "none");
	near("reg_with_a_name_that_nobody_would_ever_type_out", "none");
	return done();
}
