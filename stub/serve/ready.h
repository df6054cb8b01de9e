/* SPDX-License-Identifier: BSD-2-Clause */
/* What one descriptor is ready for, and the time. */
#ifndef READY_H
#define READY_H

#include <stdbool.h>
#include <stdint.h>

/* Is there something to be read, or the end of it, within so many milliseconds (0: now)? */
bool readable(int fd, int wait_ms);

/* Is there room for something, within so many milliseconds? */
bool writable(int fd, int wait_ms);

/* Milliseconds of a clock that only goes forward. */
int64_t now_ms(void);

#endif
