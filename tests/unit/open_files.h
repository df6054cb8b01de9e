/* SPDX-License-Identifier: BSD-2-Clause */
/* How many descriptors this process has: what leaves none behind leaves it as it was. */
#ifndef OPEN_FILES_H
#define OPEN_FILES_H

#include <dirent.h>
#include <stddef.h>

static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

#endif
