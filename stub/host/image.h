/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image that a machine was loaded from, for debuggers that want its symbols: it is held open, so that a file which takes its place is
 * not taken for it. Only ELF files: debuggers complain of others. And the section with their build ID is shown as one of bytes: by that ID
 * gdb sees that it was given another build than the guest's, and takes the guest's in its place, without a question where it is not at a
 * terminal; a `load` would then load the old one (gdb/exec.c, validate_exec_file()).
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct host_image;

#define IMAGE_HIDDEN 4 /* a linker writes one build ID */

struct image {
	int fd;		   /* -1: there is none */
	struct stat found; /* when it was opened */
	char path[PATH_MAX];
	uint64_t hidden[IMAGE_HIDDEN]; /* where the type of such a section is */
	unsigned nhidden;
};

/* The file at this path (NULL: none), in place of what was kept before. What cannot be had is not kept. */
void image_keep(struct image *image, const char *path);
void image_drop(struct image *image);

/* As host_ops.image and read_image. */
bool image_show(const struct image *image, struct host_image *shown);
ssize_t image_read(const struct image *image, uint64_t offset, void *buf, size_t len);

#endif
