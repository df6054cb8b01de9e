/* SPDX-License-Identifier: BSD-2-Clause */
/* A folder that looks like /proc/PID, or /proc, for what reads one. All is done beneath an open folder of its own. */
#ifndef FAKE_PROC_H
#define FAKE_PROC_H

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Removes dir's entry `name`, whatever it is, and what is in it. */
__attribute__((unused)) static void fake_remove(int dir, const char *name)
{
	int fd;
	DIR *list;
	struct dirent *entry;

	if (!unlinkat(dir, name, 0))
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	list = fd < 0 ? NULL : fdopendir(fd);
	if (!list)
		return;
	while ((entry = readdir(list)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			fake_remove(fd, entry->d_name);
	closedir(list);
	unlinkat(dir, name, AT_REMOVEDIR);
}

/* A file with this text in it, in place of one of that name. */
__attribute__((unused)) static void fake_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

/* A folder, open. */
__attribute__((unused)) static int fake_folder(int dir, const char *name)
{
	int fd;

	if (mkdirat(dir, name, 0755))
		abort();
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		abort();
	return fd;
}

#endif
