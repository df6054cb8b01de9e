/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer entry point: an arbitrary agent expression, as a condition and as a command. What is checked, besides what the
 * sanitizers see: it is refused with a sentence, or it runs, and then it ends, prints no more than there is room for, and every
 * failure has a sentence. Registers and memory follow from the last byte.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined -I stub, and stub/agent/*.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"

struct world {
	uint8_t fill;
};

static void require(bool good)
{
	if (!good)
		abort();
}

static size_t reg_size(void *arg, unsigned reg)
{
	(void)arg;
	return reg % 17;
}

static int get_reg(void *arg, unsigned reg, uint64_t *value)
{
	const struct world *w = arg;

	require(reg_size(arg, reg) >= 1 && reg_size(arg, reg) <= 8);
	*value = reg * UINT64_C(0x0101010101010101) * w->fill;
	return reg == w->fill ? -EIO : 0;
}

/* Every 256 bytes the memory ends and begins again. */
static ptrdiff_t get_memory(void *arg, uint64_t addr, void *buf, size_t len)
{
	const struct world *w = arg;
	size_t left = 256 - addr % 256;

	if (addr >> 8 & 1)
		return -EFAULT;
	memset(buf, w->fill, len < left ? len : left);
	return (ptrdiff_t)(len < left ? len : left);
}

static void try(const uint8_t *code, size_t size, enum agent_use use, const struct agent_view *view)
{
	static struct agent_text out;
	char why[AGENT_WHY] = "";
	uint64_t value;
	int err = agent_verify(code, size, use, view, why);

	require(!err || (err == -EINVAL && why[0] && memchr(why, '\0', sizeof(why))));
	if (err)
		return;
	out.len = 0;
	why[0] = '\0';
	err = agent_run(code, view, &out, &value, why);
	require(!err || (err < 0 && why[0] && memchr(why, '\0', sizeof(why))));
	require(out.len <= sizeof(out.text) && !memchr(out.text, '\0', out.len));
	require(use == AGENT_COMMAND || !out.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct world w = { .fill = n ? bytes[n - 1] : 0 };
	const struct agent_view view = { .arg = &w, .reg_size = reg_size, .reg = get_reg, .memory = get_memory };

	try(bytes, n, AGENT_CONDITION, &view);
	try(bytes, n, AGENT_COMMAND, &view);
	return 0;
}
