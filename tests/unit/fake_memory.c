/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of the fake machine. See fake_target.h. */
#include <errno.h>
#include <string.h>

#include "fake_target.h"

/* rsp/ promises never to ask for a range that wraps around; a transcript would see this error. */
static int check_range(struct fake *f, uint64_t addr, size_t len)
{
	return !len || len - 1 > UINT64_MAX - addr ? fake_refused(f, EDOM, "a range that is none") : 0;
}

ssize_t fake_read_mem(void *t, unsigned thread, uint64_t addr, void *buf, size_t len)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_READ_MEM);

	if (!error)
		error = fake_check_reg(f, thread, 0);
	if (!error)
		error = check_range(f, addr, len);
	if (f->endless)
		addr %= f->readable;
	if (!error && addr >= f->readable)
		error = fake_refused(f, EFAULT, "nothing is there");
	if (error)
		return error;
	if (len > f->readable - addr)
		len = f->readable - addr;
	memcpy(buf, f->memory + addr, len);
	return (ssize_t)len;
}

int fake_write_mem(void *t, unsigned thread, uint64_t addr, const void *buf, size_t len)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_WRITE_MEM);

	if (!error)
		error = fake_check_reg(f, thread, 0);
	if (!error)
		error = check_range(f, addr, len);
	if (!error && (addr >= FAKE_MEMORY || len > FAKE_MEMORY - addr))
		error = fake_refused(f, EFAULT, "nothing is there");
	if (error)
		return error;
	memcpy(f->memory + addr, buf, len);
	f->changes++;
	return 0;
}

/* Both halves change places; an access across the middle ends there. */
#define HALF (FAKE_MEMORY / 2)

ssize_t fake_read_phys(void *t, uint64_t addr, void *buf, size_t len)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_READ_PHYS);

	if (error)
		return error;
	if (addr < FAKE_MEMORY && len > HALF - addr % HALF)
		len = HALF - addr % HALF;
	return fake_read_mem(t, 1, addr < FAKE_MEMORY ? addr ^ HALF : addr, buf, len);
}

int fake_write_phys(void *t, uint64_t addr, const void *buf, size_t len)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_WRITE_PHYS);

	return error ? error : fake_write_mem(t, 1, addr < FAKE_MEMORY ? addr ^ HALF : addr, buf, len);
}

int fake_find_region(void *t, unsigned thread, uint64_t addr, struct memory_region *r)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_FIND_REGION);

	if (!error)
		error = fake_check_reg(f, thread, 0);
	if (addr >= FAKE_MEMORY)
		*r = (struct memory_region){ .start = FAKE_MEMORY, .size = UINT64_MAX - FAKE_MEMORY };
	else
		*r = (struct memory_region){ .start = addr & HALF,
			.size = HALF,
			.mapped = true,
			.read = true,
			.write = addr >= HALF,
			.execute = addr < HALF };
	return error;
}
