/* SPDX-License-Identifier: BSD-2-Clause */
/* A process's own descriptor of /dev/kvm. See proc.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proc.h"

/* <linux/miscdevice.h>, which is not for programs. */
#define MISC_MAJOR 10
#define KVM_MINOR 232

/* Whatever its path is in that process's file system. */
static bool is_kvm(int fds, const char *name)
{
	struct stat st;

	return !fstatat(fds, name, &st, 0) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(MISC_MAJOR, KVM_MINOR);
}

/* Its number there, or -errno. */
static int find_kvm(pid_t pid)
{
	char path[32];
	DIR *fds;
	struct dirent *entry;
	int found = -ENOENT;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	if (!fds)
		return errno == ENOENT ? -ESRCH : -errno;
	while (found < 0 && (entry = readdir(fds)))
		if (is_kvm(dirfd(fds), entry->d_name))
			found = atoi(entry->d_name);
	closedir(fds);
	return found;
}

int proc_copy_kvm(pid_t pid)
{
	int there = find_kvm(pid), pidfd, fd;

	if (there < 0)
		return there;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -errno;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, there, 0);
	if (fd < 0)
		fd = -errno;
	close(pidfd);
	return fd;
}
