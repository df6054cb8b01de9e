/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files, to a client that has none: qXfer:exec-file and vFile ("Host I/O Packets" in GDB's manual). There is one, the ELF image that the
 * guest was loaded from, and it can be read. Debuggers look for many more beside it, and are told, without a word to anybody, that these
 * are not there.
 */
#include <errno.h>
#include <string.h>

#include "handlers.h"

/* The protocol's own numbers ("Errno Values", "Open Flags", "mode_t Values"). */
enum {
	FILE_ENOENT = 2,
	FILE_EBADF = 9,
	FILE_EINVAL = 22,
	FILE_EMFILE = 24,
	FILE_EROFS = 30,
	FILE_EUNKNOWN = 9999
};

#define FILE_RDONLY 0
#define FILE_REGULAR 0100000u

static int refuse_file(struct session *s, unsigned error)
{
	reply_text(&s->out, "F-1,");
	reply_number(&s->out, error);
	return ANSWERED;
}

static int reply_result(struct session *s, uint64_t result)
{
	reply_char(&s->out, 'F');
	reply_number(&s->out, result);
	return ANSWERED;
}

/* The client's own file system, and that of the one process, are this one. */
int do_file_system(struct session *s, const struct args *args)
{
	return !args->n[0] || args->n[0] == s->target.process ? reply_result(s, 0) : refuse_file(s, FILE_EINVAL);
}

/* Is that name the image's? */
static bool names_image(struct session *s, struct cursor name, struct target_image *image)
{
	size_t n = cursor_hex(&name, s->data, sizeof(s->data));

	return !name.bad && s->target.ops->image(s->target.t, image) && strlen(image->path) == n &&
	       !memcmp(image->path, s->data, n);
}

static bool is_open(const struct session *s, uint64_t handle)
{
	return handle < 8 * sizeof(s->files) && s->files & 1u << handle;
}

/* All handles are of the same file; a client may have it open more than once. */
int do_file_open(struct session *s, const struct args *args)
{
	struct target_image image;
	unsigned handle = 0;

	if (!names_image(s, args->word, &image))
		return refuse_file(s, FILE_ENOENT);
	if (args->n[0] != FILE_RDONLY)
		return refuse_file(s, FILE_EROFS);
	while (is_open(s, handle))
		handle++;
	if (handle == 8 * sizeof(s->files))
		return refuse_file(s, FILE_EMFILE);
	s->files |= 1u << handle;
	return reply_result(s, handle);
}

int do_file_close(struct session *s, const struct args *args)
{
	if (!is_open(s, args->n[0]))
		return refuse_file(s, FILE_EBADF);
	s->files &= ~(1u << args->n[0]);
	return reply_result(s, 0);
}

/* With every byte escaped, so much fits behind "F1ffff;". */
#define READ_MAX ((PACKET_MAX - 16) / 2)

int do_file_read(struct session *s, const struct args *args)
{
	size_t len = args->n[1] < READ_MAX ? (size_t)args->n[1] : READ_MAX;
	ssize_t n;

	if (!is_open(s, args->n[0]))
		return refuse_file(s, FILE_EBADF);
	n = s->target.ops->read_image(s->target.t, args->n[2], s->data, len);
	if (n < 0)
		return refuse_file(s, n == -ENOENT ? FILE_ENOENT : FILE_EUNKNOWN);
	reply_result(s, (uint64_t)n);
	reply_char(&s->out, ';');
	reply_binary(&s->out, s->data, (size_t)n);
	return ANSWERED;
}

static size_t put_number(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * (size - 1 - i));
	return size;
}

/* "struct stat" of the protocol, big-endian. Whose the file is, and what it lies on, is no business of a client's. */
static int reply_stat(struct session *s, const struct target_image *image)
{
	const struct {
		uint64_t value;
		size_t size;
	} fields[] = {
		{ 0, 4 },					 /* dev */
		{ image->inode, 4 }, { FILE_REGULAR | 0444, 4 }, /* mode */
		{ 1, 4 },					 /* nlink */
		{ 0, 4 },					 /* uid */
		{ 0, 4 },					 /* gid */
		{ 0, 4 },					 /* rdev */
		{ image->size, 8 }, { 4096, 8 },		 /* blksize */
		{ (image->size + 511) / 512, 8 },		 /* blocks */
		{ image->mtime, 4 },				 /* atime */
		{ image->mtime, 4 }, { image->mtime, 4 },	 /* ctime */
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		n += put_number(s->data + n, fields[i].value, fields[i].size);
	reply_result(s, n);
	reply_char(&s->out, ';');
	reply_binary(&s->out, s->data, n);
	return ANSWERED;
}

int do_file_fstat(struct session *s, const struct args *args)
{
	struct target_image image;

	if (!is_open(s, args->n[0]))
		return refuse_file(s, FILE_EBADF);
	if (!s->target.ops->image(s->target.t, &image))
		return refuse_file(s, FILE_ENOENT);
	return reply_stat(s, &image);
}

int do_file_stat(struct session *s, const struct args *args)
{
	struct target_image image;

	return names_image(s, args->rest, &image) ? reply_stat(s, &image) : refuse_file(s, FILE_ENOENT);
}

/* Whatever else is asked of a file: it is not there. */
int do_file_other(struct session *s, const struct args *args)
{
	(void)args;
	return refuse_file(s, FILE_ENOENT);
}
