/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory of --files: there, and nowhere else, `monitor` commands write files. Whoever reaches the port can give commands, so a name is
 * a plain one, what is there already is left alone, and no link is followed.
 */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "refuse.h"

struct files {
	int dir;		/* the directory, open */
	bool (*gives_up)(void); /* asked while a long file is written: is whoever writes told to end? Or NULL */
};

/* 0, or -errno and a sentence. */
int files_open(struct files *f, const char *path, const struct refusal *why);

/* The directory of this path, which may be any: *name is what follows it. The same. */
int files_open_path(struct files *f, const char *path, const char **name, const struct refusal *why);

/*
 * A new empty file of mode 0600, open for reading and writing: its descriptor, which is the caller's, or -errno and a sentence. -EPERM: f is
 * NULL, no --files was given; -EINVAL: the name is none, or has a '/'; -EEXIST.
 */
int files_create(const struct files *f, const char *name, const struct refusal *why);

/* All of these bytes, at this place in the file: 0 or -errno. */
int files_put(int fd, uint64_t at, const void *bytes, size_t n);

/* The same, with a sentence. */
int files_write(const char *name, int fd, uint64_t at, const void *bytes, size_t n, const struct refusal *why);

/*
 * Closes one of files_create()'s, in which all is written, or err is what kept that from being so: then it is removed. 0, or err, or -errno
 * and a sentence of what was written late and failed late. Where the file system can, the file has no name until then.
 */
int files_end(const struct files *f, const char *name, int fd, int err, const struct refusal *why);

#endif
