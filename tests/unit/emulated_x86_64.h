/* SPDX-License-Identifier: BSD-2-Clause */
/* What emulated.c needs of x86-64: a vCPU in 64-bit mode, whose addresses are guest-physical ones, and random instructions. */
#ifndef EMULATED_X86_64_H
#define EMULATED_X86_64_H

#include "arch/x86_64.h"

#define ARCH arch_x86_64
#define TABLES 0x0000 /* from the beginning of RAM */
#define STATUS 0x8d5
#define KEYS 18
#define NOP_SIZE 1

static uint64_t keys[KEYS];
static const unsigned sp_number = 6, pc_number = 16, flags_number = 17;

static void find_keys(void)
{
	for (unsigned i = 0; i < 16; i++)
		keys[i] = KEY_BLOCK(X86_REGS, 8, 8 * i);
	keys[pc_number] = X86_RIP;
	keys[flags_number] = X86_RFLAGS;
}

/* One page of 2 MiB, accessed and dirty. */
static int start(struct regfile *f, struct host *h, uint64_t base)
{
	uint64_t entry[] = { (base + TABLES + 0x1000) | 0x23, (base + TABLES + 0x2000) | 0x23, 0xe3 };
	const struct view_value values[] = {
		{ X86_CR3, base + TABLES }, { X86_CR4, 0x20 }, { X86_EFER, 0x500 }, { X86_CR0, 0x80000011 }, { X86_CS_L, 1 },
		{ KEY_BLOCK(X86_SREGS, 1, 0x11), 0 }, /* cs.db */
	};

	for (unsigned i = 0; i < 3; i++)
		h->ops->write_mem(h, base + TABLES + 0x1000 * i, &entry[i], sizeof(entry[i]));
	return regfile_set_all(f, values, sizeof(values) / sizeof(values[0]));
}

static uint64_t flags_of(uint64_t random)
{
	return (random & STATUS) | 2;
}

/* One of this row, as often as not with REX, and an operand on the stack. */
static size_t write_insn(uint8_t *code, uint32_t mask, uint32_t value)
{
	uint32_t opcode = (value & mask) | ((uint32_t)random_word() & ~mask & 0xff);
	size_t n = 0;

	if (!(random_word() & 7))
		code[n++] = 0x66;
	if (random_word() & 3)
		code[n++] = (uint8_t)(0x40 | (random_word() & 15));
	if (opcode >> 8)
		code[n++] = 0x0f;
	code[n++] = (uint8_t)opcode;
	for (size_t i = n; i < X86_INSN_MAX; i++)
		code[i] = (uint8_t)random_word();
	if (!(random_word() & 3)) {
		code[n] = (uint8_t)((code[n] & 0x38) | 0x44);
		code[n + 1] = 0x24;
	}
	return X86_INSN_MAX;
}

static const struct {
	const char *name;
	uint8_t code[8];
} others[] = { { "endbr64", { 0xf3, 0x0f, 0x1e, 0xfa, 0x90, 0x90, 0x90, 0x90 } }, { 0 } };

#endif
