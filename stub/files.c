/* SPDX-License-Identifier: BSD-2-Clause */
/* See files.h. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int files_open(struct files *f, const char *path, const struct refusal *why)
{
	f->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return f->dir < 0 ? refuse(why, -errno, "--files %s: %s", path, strerror(errno)) : 0;
}

int files_open_path(struct files *f, const char *path, const char **name, const struct refusal *why)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	int len = slash ? (int)(slash - path) + 1 : 1;

	if (len >= PATH_MAX)
		return refuse(why, -ENAMETOOLONG, "%.80s...: %s", path, strerror(ENAMETOOLONG));
	snprintf(dir, sizeof(dir), "%.*s", len, slash ? path : ".");
	*name = slash ? slash + 1 : path;
	f->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return f->dir < 0 ? refuse(why, -errno, "%.200s: %s", path, strerror(errno)) : 0;
}

/* Without a name: then whoever dies while writing leaves nothing. Not every file system can. */
static int open_new(int dir, const char *name)
{
	int fd;

	if (!faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW))
		errno = EEXIST;
	if (errno != ENOENT)
		return -1;
	fd = openat(dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, S_IRUSR | S_IWUSR);
	return fd >= 0 ? fd : openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

int files_create(const struct files *f, const char *name, const struct refusal *why)
{
	int fd;

	if (!f)
		return refuse(why, -EPERM,
			"no file is written: kvm-gdbserver was started without --files DIR, or it is a VMM that has its library");
	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return refuse(why, -EINVAL, "%.80s: a plain name is wanted, of a new file", name);
	fd = open_new(f->dir, name);
	return fd < 0 ? refuse(why, -errno, "%.80s: %s", name, strerror(errno)) : fd;
}

int files_put(int fd, uint64_t at, const void *bytes, size_t n)
{
	if (n > INT64_MAX || at > INT64_MAX - n)
		return -EFBIG;
	while (n) {
		ssize_t done = pwrite(fd, bytes, n, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		bytes = (const char *)bytes + done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	return 0;
}

int files_write(const char *name, int fd, uint64_t at, const void *bytes, size_t n, const struct refusal *why)
{
	int err = files_put(fd, at, bytes, n);

	return err ? refuse(why, err, "%.80s: %s", name, strerror(-err)) : 0;
}

static bool is_named(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_nlink;
}

/* Of one that open_new() made without it; a link takes nobody's place. */
static int give_name(int dir, const char *name, int fd)
{
	char path[32];

	if (is_named(fd))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

int files_end(const struct files *f, const char *name, int fd, int err, const struct refusal *why)
{
	int late = err ? 0 : give_name(f->dir, name, fd);
	bool named = is_named(fd);

	if (late)
		err = refuse(why, late, "%.80s: %s", name, strerror(-late));
	if (close(fd) && !err)
		err = refuse(why, -errno, "%.80s: %s", name, strerror(errno));
	if (err && named)
		unlinkat(f->dir, name, 0);
	return err;
}
