/* SPDX-License-Identifier: BSD-2-Clause */
/* access.c's functions, for the table in ops.c: what target.h says of memory and points. */
#ifndef ACCESS_H
#define ACCESS_H

#include "../target.h"

ssize_t access_read(void *t, unsigned thread, uint64_t addr, void *buf, size_t len);
int access_write(void *t, unsigned thread, uint64_t addr, const void *buf, size_t len);
ssize_t access_read_phys(void *t, uint64_t addr, void *buf, size_t len);
int access_write_phys(void *t, uint64_t addr, const void *buf, size_t len);
int access_region(void *t, unsigned thread, uint64_t addr, struct memory_region *region);
int access_set_point(
	void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind, const struct point_programs *programs);
int access_clear_point(void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind);

#endif
