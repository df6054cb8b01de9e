/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fake machine is, and the image that it was loaded from. */
#include "fake_target.h"

void fake_kind(void *t, struct target_kind *k)
{
	struct fake *f = t;

	*k = (struct target_kind){
		.llvm = "pdp11", .pointer_size = 2, .watch_after = true, .watchpoints = f->lacks[POINT_WRITE] ? 0 : 3
	};
}

bool fake_image(void *t, struct target_image *i)
{
	struct fake *f = t;

	*i = (struct target_image){ .path = f->image, .size = FAKE_IMAGE, .inode = 0x123456789a, .mtime = 0x60000001 };
	return f->image[0];
}

/* Each byte is the number of its place. */
ssize_t fake_read_image(void *t, uint64_t offset, void *buf, size_t len)
{
	struct fake *f = t;
	int error = fake_told_to_fail(f, FAKE_READ_IMAGE);

	if (error)
		return error;
	if (offset >= FAKE_IMAGE)
		return 0;
	if (len > FAKE_IMAGE - offset)
		len = FAKE_IMAGE - (size_t)offset;
	for (size_t n = 0; n < len; n++)
		((uint8_t *)buf)[n] = (uint8_t)(offset + n);
	return (ssize_t)len;
}

bool fake_address_bits(void *t, unsigned thread, unsigned *lower, unsigned *upper)
{
	struct fake *f = fake_stopped(t);

	*lower = f->bits[0];
	*upper = f->bits[1] + thread;
	return f->bits[0];
}
