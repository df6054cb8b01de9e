/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process whose /proc/PID is open, so that all that is read is of one process, and none that has its number afterwards.
 */
#ifndef PROC_DIR_H
#define PROC_DIR_H

#include <sys/types.h>

#include "../refuse.h"

/* Opens /proc/PID: a descriptor, or -errno and a sentence. */
int proc_dir_open(pid_t pid, const struct refusal *why);

/*
 * All of a small file: a string with what is in it up to a NUL, to be freed; or NULL, with errno. At most a MiB is read.
 */
char *proc_dir_text(int dir, const char *name);

/* The text behind NAME: in /proc/PID/status, or "". */
const char *proc_dir_field(const char *status, const char *name);

/* In place: '?' for each byte that is no printable ASCII character. */
void proc_dir_printable(char *text);

/* What a file has in one line, as comm: printable, without the newline at its end, cut; "" where there is none. */
void proc_dir_name(int dir, const char *file, char *name, size_t size);

/* The target of a symbolic link, printable: its size, or -errno. */
ssize_t proc_dir_link(int dir, const char *name, char *text, size_t size);

#endif
