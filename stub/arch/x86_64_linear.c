/* SPDX-License-Identifier: BSD-2-Clause */
/* What is at a linear address, and the instruction at the pc as bytes. */
#include <string.h>

#include "x86_64.h"

int x86_64_read_linear(struct view *v, uint64_t va, uint8_t *to, size_t len)
{
	int err = 0;

	while (len && !err) {
		struct arch_page page;
		size_t n;

		err = x86_64_translate(v, va, &page);
		n = !err && page.size < len ? page.size : len;
		if (!err)
			err = v->read_phys(v, page.pa, to, n);
		va += n;
		to += n;
		len -= n;
	}
	return err;
}

int x86_64_read_words(struct view *v, uint64_t va, unsigned width, unsigned n, uint64_t *word)
{
	uint8_t bytes[5 * 8];
	int err = x86_64_read_linear(v, va, bytes, (size_t)n * width);

	for (unsigned i = 0; !err && i < n; i++) {
		word[i] = 0;
		for (unsigned at = width; at-- > 0;)
			word[i] = word[i] << 8 | bytes[i * width + at];
	}
	return err;
}

/* Where the next page cannot be read, the instruction ends in this page, or faults. */
size_t x86_64_read_code(struct view *v, uint8_t code[X86_INSN_MAX])
{
	struct arch_page page;
	uint64_t va;
	size_t n;

	if (x86_64_code_address(v, &va) || x86_64_translate(v, va, &page))
		return 0;
	n = page.size < X86_INSN_MAX ? page.size : X86_INSN_MAX;
	if (v->read_phys(v, page.pa, code, n))
		return 0;
	return n == X86_INSN_MAX || x86_64_read_linear(v, va + n, code + n, X86_INSN_MAX - n) ? n : X86_INSN_MAX;
}

bool x86_64_is_prefix(uint8_t byte, bool is_64_bit)
{
	return memchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf2\xf3", byte, 10) || (is_64_bit && (byte & 0xf0) == 0x40); /* REX */
}
