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
static const uint64_t others[] = { PPC_PC, PPC_MSR, 0, PPC_CTR, PPC_LR, KEY_BLOCK(PPC_REGS, 8, 0x20), KEY_BLOCK(PPC_REGS, 8, 0x08) };

#define GPRS 32
#define WORDS 48

static int general(struct view *v, unsigned n, uint64_t *word)
{
	uint64_t key = n < GPRS ? PPC_GPR(n) : n - GPRS < sizeof(others) / sizeof(*others) ? others[n - GPRS] : 0;

	*word = 0;
	return key ? v->get(v, key, word) : 0;
}

const struct arch_linux ppc64_linux = {
	.image = image,
	.linear = image,
	.machine = EM_PPC64,
	.flags = ABI_V2,
	.words = WORDS,
	.general = general,
};
