/* SPDX-License-Identifier: BSD-2-Clause */
/* The directory of --files: new files in it, whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "tap.h"

static struct files files;
static char error[256], dir[] = "/tmp/files.XXXXXX";
static const struct refusal why = { error, sizeof(error) };

static bool is_there(const char *name)
{
	return !faccessat(files.dir, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

static void refused(const char *name, int err, const char *test)
{
	error[0] = '\0';
	is_int(files_create(&files, name, &why), err, test);
	ok(error[0] != '\0', "... %s", error);
}

static void test_names(void)
{
	char name[300];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	is_int(files_create(NULL, "x", &why), -EPERM, "without --files");
	ok(strstr(error, "--files") != NULL, "... %s", error);
	refused("", -EINVAL, "no name");
	refused("../x", -EINVAL, "a directory above");
	refused("/tmp/x", -EINVAL, "any path");
	refused("a/x", -EINVAL, "a directory below");
	refused(".", -EINVAL, "the directory itself");
	refused("..", -EINVAL, "... and the one above");
	refused(name, -ENAMETOOLONG, "too long a name");
	is_int(symlinkat("/tmp/nowhere.files", files.dir, "link"), 0, "(a link that leads nowhere)");
	refused("link", -EEXIST, "... is not followed");
	is_int(unlinkat(files.dir, "link", 0), 0, "(it is gone)");
}

static void test_whole(void)
{
	int fd = files_create(&files, "a", &why);
	struct stat st = { 0 };
	char bytes[8] = { 0 };

	ok(fd >= 0, "a file is made");
	is_int(files_write("a", fd, 1 << 20, "there", 5, &why), 0, "... written to");
	is_int(files_end(&files, "a", fd, 0, &why), 0, "... and kept");
	is_int(fstatat(files.dir, "a", &st, AT_SYMLINK_NOFOLLOW), 0, "it has its name");
	ok(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0600 && st.st_nlink == 1, "... mode 0600, and no other");
	ok(st.st_size == (1 << 20) + 5 && st.st_blocks * 512 < 1 << 19, "... what was not written takes no room");
	fd = openat(files.dir, "a", O_RDONLY);
	ok(pread(fd, bytes, 5, 1 << 20) == 5 && !strcmp(bytes, "there"), "... and the rest is there");
	close(fd);
	refused("a", -EEXIST, "it is not written over");
}

static void test_nothing_half(void)
{
	struct rlimit limit, before;
	int fd = files_create(&files, "b", &why);

	is_int(files_write("b", fd, 0, "half", 4, &why), 0, "a file is written to");
	is_int(files_end(&files, "b", fd, -EINTR, &why), -EINTR, "... and given up");
	ok(!is_there("b"), "... nothing is left of it");

	fd = files_create(&files, "c", &why);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 100;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	is_int(files_write("c", fd, 90, "more than ten", 13, &why), -EFBIG, "a file that is too long");
	is_int(files_write("c", fd, UINT64_MAX - 2, "x", 1, &why), -EFBIG, "... and longer than any");
	setrlimit(RLIMIT_FSIZE, &before);
	files_end(&files, "c", fd, -EFBIG, &why);
	ok(!is_there("c"), "... nothing is left of it");

	fd = files_create(&files, "d", &why);
	is_int(files_write("d", fd, 0, "ours", 4, &why), 0, "a file is written to");
	is_int(mkdirat(files.dir, "d", 0700) && errno != EEXIST, 0, "(its name is another's by then)");
	files_end(&files, "d", fd, 0, &why);
	ok(is_there("d"), "... which stays");
}

static void test_path(void)
{
	struct files f;
	const char *name;
	char path[80];

	snprintf(path, sizeof(path), "%s/e", dir);
	is_int(files_open_path(&f, path, &name, &why), 0, "a path");
	is_str(name, "e", "... its last part");
	is_int(files_end(&f, name, files_create(&f, name, &why), 0, &why), 0, "... is made");
	ok(is_there("e"), "... in its directory");
	is_int(files_open_path(&f, "e", &name, &why), 0, "one without a directory");
	is_str(name, "e", "... is all of it");
	is_int(files_open_path(&f, "/nowhere/at/all", &name, &why), -ENOENT, "a directory that is none");
	ok(strstr(error, "/nowhere/at/all") != NULL, "... %s", error);
}

int main(void)
{
	char command[80];

	is_int(files_open(&files, "/nowhere/at/all", &why), -ENOENT, "a directory that is none");
	is_int(files_open(&files, "/dev/null", &why), -ENOTDIR, "... a file");
	if (!mkdtemp(dir) || files_open(&files, dir, &why))
		return 1;
	test_names();
	test_whole();
	test_nothing_half();
	test_path();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	is_int(system(command), 0, "(they are gone)");
	return done();
}
