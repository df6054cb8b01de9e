/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the files of an open /proc/PID. See proc_dir.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc_dir.h"

#define TEXT_MAX (1u << 20) /* bytes: /proc/PID/status names up to 65536 groups */

int proc_dir_open(pid_t pid, const struct refusal *why)
{
	char path[32];
	int dir;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = pid > 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir >= 0)
		return dir;
	if (pid > 0 && errno != ENOENT && errno != ESRCH)
		return refuse(why, -errno, "%s: %s", path, strerror(errno));
	return refuse(why, -ESRCH, "there is no process %d", pid);
}

/* Reads on until the file ends or the text is full. How many bytes it is, or -1 with errno. */
static ssize_t read_all(int fd, char **text)
{
	size_t size = 0, room = 0;
	ssize_t n;

	do {
		if (size + 1 >= room) {
			char *more = realloc(*text, room = room ? 2 * room : 4096);

			if (!more)
				return -1;
			*text = more;
		}
		n = read(fd, *text + size, room - 1 - size);
		if (n > 0)
			size += (size_t)n;
	} while ((n > 0 && size < TEXT_MAX) || (n < 0 && errno == EINTR));
	(*text)[size] = '\0';
	return n < 0 ? -1 : (ssize_t)size;
}

char *proc_dir_text(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), err;
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (read_all(fd, &text) < 0) {
		err = errno;
		free(text);
		text = NULL;
		errno = err;
	}
	err = errno;
	close(fd);
	errno = err;
	return text;
}

/* A name in the first line can not look like another line: the kernel escapes newlines in it. */
const char *proc_dir_field(const char *status, const char *name)
{
	size_t size = strlen(name);

	for (const char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, size))
			return line + size + strspn(line + size, "\t ");
	}
	return "";
}

void proc_dir_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void proc_dir_name(int dir, const char *file, char *name, size_t size)
{
	char *text = proc_dir_text(dir, file);
	size_t n = text ? strlen(text) : 0;

	if (n && text[n - 1] == '\n')
		n--;
	snprintf(name, size, "%.*s", (int)n, text ? text : "");
	proc_dir_printable(name);
	free(text);
}

ssize_t proc_dir_link(int dir, const char *name, char *text, size_t size)
{
	ssize_t n = readlinkat(dir, name, text, size - 1);

	text[n < 0 ? 0 : n] = '\0';
	if (n < 0)
		return -errno;
	proc_dir_printable(text);
	return n;
}
