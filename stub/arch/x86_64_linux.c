/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux on x86-64: see linux.h. Names are those of arch/x86/kernel/vmcore_info_64.c, addresses those of Documentation/arch/x86/x86_64/mm.rst. */
#include "linux.h"
#include "x86_64.h"

#define EM_X86_64 62

#define KERNEL_MAP 0xffffffff80000000ull /* __START_KERNEL_map */

/* Behind the hole for hypervisors, and the LDTs that page-table isolation maps. */
#define LINEAR_4 0xffff888000000000ull
#define LINEAR_5 0xff11000000000000ull

static bool image(const struct linux_told *told, uint64_t *offset)
{
	uint64_t base;

	if (!told->number(told, "NUMBER(phys_base)", &base))
		return false;
	*offset = KERNEL_MAP - base;
	return true;
}

/* page_offset_base, which KASLR chooses, is not told. */
static uint64_t linear_least(const struct linux_told *told)
{
	uint64_t five;

	return told->number(told, "NUMBER(pgtable_l5_enabled)", &five) && five == 1 ? LINEAR_5 : LINEAR_4;
}

static unsigned roots(struct view *v, uint64_t table, struct linux_root *roots)
{
	(void)v;
	roots[0] = (struct linux_root){ X86_CR3, table };
	return 1;
}

#define REGS(offset) KEY_BLOCK(X86_REGS, 8, offset)
#define SELECTOR(segment) KEY_BLOCK(X86_SREGS, 2, 24 * (segment) + 12)
#define BASE(segment) KEY_BLOCK(X86_SREGS, 8, 24 * (segment))
#define FS 3
#define GS 4

/* struct user_regs_struct; 0 is orig_rax, which says which system call: none. */
static const uint64_t general_keys[] = { REGS(0x78), REGS(0x70), REGS(0x68), REGS(0x60), REGS(0x38), REGS(0x08), REGS(0x58),
	REGS(0x50), REGS(0x48), REGS(0x40), REGS(0x00), REGS(0x10), REGS(0x18), REGS(0x20), REGS(0x28), 0, X86_RIP, SELECTOR(0),
	X86_RFLAGS, X86_RSP, SELECTOR(5), BASE(FS), BASE(GS), SELECTOR(1), SELECTOR(2), SELECTOR(FS), SELECTOR(GS) };

#define WORDS (sizeof(general_keys) / sizeof(*general_keys))

static int general(struct view *v, unsigned n, uint64_t *word)
{
	*word = UINT64_MAX;
	return general_keys[n] ? v->get(v, general_keys[n], word) : 0;
}

/* What of the extended state is there (XCR0) is where Linux's signal frames and core files have it: struct _fpx_sw_bytes. */
#define XCR0 KEY_BLOCK(X86_XCRS, 8, 16)
#define XCR0_AT 464

/* What each component takes, where it is no less than XSAVE has by itself: that is what a debugger expects the note to end with. */
static const struct {
	unsigned component, size;
} components[] = { { 2, 256 }, { 3, 64 }, { 4, 64 }, { 5, 64 }, { 6, 512 }, { 7, 1024 }, { 9, 8 } };

#define XSAVE_LEAST 576

static size_t xstate_size(struct view *v)
{
	size_t size = XSAVE_LEAST;
	uint64_t xcr0 = 0;

	if (v->get(v, XCR0, &xcr0))
		return size;
	for (size_t i = 0; i < sizeof(components) / sizeof(*components); i++) {
		unsigned n = components[i].component, at;

		if (!(xcr0 >> n & 1) || x86_64_component(v, n, &at) || at + components[i].size > X86_XSAVE_SIZE)
			continue;
		if (at + components[i].size > size)
			size = at + components[i].size;
	}
	return size;
}

#define NT_PRFPREG 2
#define NT_X86_XSTATE 0x202

static const struct linux_note notes[] = {
	{ .type = NT_PRFPREG, .size = 512, .block = X86_XSAVE },
	{ .type = NT_X86_XSTATE,
		.linux_name = true,
		.size_of = xstate_size,
		.block = X86_XSAVE,
		.head_key = XCR0,
		.head_at = XCR0_AT },
};

const struct arch_linux x86_64_linux = {
	.image = image,
	.linear_least = linear_least,
	.roots = roots,
	.machine = EM_X86_64,
	.words = WORDS,
	.general = general,
	.notes = notes,
	.nnotes = 2,
};
