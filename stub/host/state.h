/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of a VM of our own but for its RAM, as a sequence of named records, on its way into a file or out of it. What there is, and in
 * which order, is told once for both ways: whoever tells it calls the functions below, which save what the VM has, or give it what was
 * saved. The first refusal, with its sentence, is kept, and what comes after it does nothing.
 *
 * Numbers are in the byte order of this computer: a file is of the architecture that wrote it.
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../refuse.h"

#define STATE_NAME 24 /* bytes of a record's name, with its NUL */

struct state {
	bool loads; /* else it saves */
	uint8_t *bytes;
	size_t n, room; /* bytes that there are */
	size_t at;	/* where the next record is that is loaded */
	int err;	/* 0 or -errno */
	const struct refusal *why;
};

/* Of one that saves: frees the bytes. */
void state_free(struct state *s);

/* A record whose size both sides know: `size` bytes from or to value. False: it was refused. */
bool state_value(struct state *s, const char *name, void *value, size_t size);

/*
 * A record of any size up to `most`: *size bytes of value; loaded, *size is the record's. What *size counts is the caller's to check.
 */
bool state_sized(struct state *s, const char *name, void *value, size_t *size, size_t most);

/* What one ioctl reads of this descriptor and another writes, `size` bytes at arg. */
bool state_ioctl(struct state *s, const char *name, int fd, unsigned long get, unsigned long set, void *arg, size_t size);

/* An attribute of a KVM device, 4 or 8 bytes. */
bool state_attr(struct state *s, const char *name, int fd, uint32_t group, uint64_t attr, size_t size);

/*
 * All registers that KVM_GET_REG_LIST has, in its order. One that cannot be written, as it has the value that was saved, is in order; one that
 * has another is refused: this computer is not like the one that the file is from.
 */
bool state_registers(struct state *s, const char *name, int vcpu);

/* Refuses with a sentence, and returns false. The first sentence stays. */
__attribute__((format(printf, 3, 4))) bool state_refuse(struct state *s, int err, const char *format, ...);

#endif
