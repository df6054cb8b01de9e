/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux on 64-bit Power: see linux.h. The kernel and all RAM are in one map (arch/powerpc/include/asm/page.h). */
#include "linux.h"
#include "ppc64.h"

#define EM_PPC64 21
#define ABI_V2 2
#define PAGE_OFFSET 0xc000000000000000ull

static bool image(const struct linux_told *told, uint64_t *offset)
{
	(void)told;
	*offset = PAGE_OFFSET;
	return true;
}

/* struct pt_regs: behind the 32 GPRs; of what only a kernel knows (orig_gpr3, softe, trap, dar, dsisr, result) there is none. */
static const uint64_t others[] = { PPC_PC, PPC_MSR, 0, PPC_CTR, PPC_LR, KEY_BLOCK(PPC_REGS, 8, 0x20),
	KEY_BLOCK(PPC_REGS, 8, 0x08) };

#define GPRS 32
#define WORDS 48

static int general(struct view *v, unsigned n, uint64_t *word)
{
	uint64_t key = n < GPRS ? PPC_GPR(n) : n - GPRS < sizeof(others) / sizeof(*others) ? others[n - GPRS] : 0;

	*word = 0;
	return key ? v->get(v, key, word) : 0;
}

#define EIGHT(prefix, a, b, c, d, e, f, g, h, suffix)                                                               \
	prefix #a suffix, prefix #b suffix, prefix #c suffix, prefix #d suffix, prefix #e suffix, prefix #f suffix, \
		prefix #g suffix, prefix #h suffix
#define THIRTY_TWO(prefix, suffix)                                                                          \
	EIGHT(prefix, 0, 1, 2, 3, 4, 5, 6, 7, suffix), EIGHT(prefix, 8, 9, 10, 11, 12, 13, 14, 15, suffix), \
		EIGHT(prefix, 16, 17, 18, 19, 20, 21, 22, 23, suffix), EIGHT(prefix, 24, 25, 26, 27, 28, 29, 30, 31, suffix)

static const char *const doubles[] = { THIRTY_TWO("f", ""), "fpscr", NULL };
static const char *const vectors[] = { THIRTY_TWO("vr", ""), "vscr", "vrsave", NULL };
static const char *const halves[] = { THIRTY_TWO("vs", "h"), NULL };

static const struct linux_note_part floating[] = { { doubles, 0, 8 }, { 0 } };
static const struct linux_note_part altivec[] = { { vectors, 0, 16 }, { 0 } };
static const struct linux_note_part vsx[] = { { halves, 0, 8 }, { 0 } };

#define NT_PRFPREG 2
#define NT_PPC_VMX 0x100
#define NT_PPC_VSX 0x102

/* elf_fpregset_t; elf_vrregset_t, where little-endian vscr and vrsave come first in their 16 bytes; the halves of vs0 to vs31 that are no f0 to f31 */
static const struct linux_note notes[] = {
	{ .type = NT_PRFPREG, .size = 264, .parts = floating },
	{ .type = NT_PPC_VMX, .linux_name = true, .size = 544, .parts = altivec },
	{ .type = NT_PPC_VSX, .linux_name = true, .size = 256, .parts = vsx },
};

const struct arch_linux ppc64_linux = {
	.image = image,
	.linear = image,
	.machine = EM_PPC64,
	.flags = ABI_V2,
	.words = WORDS,
	.general = general,
	.notes = notes,
	.nnotes = 3,
};
