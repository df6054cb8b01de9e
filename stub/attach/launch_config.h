/* SPDX-License-Identifier: BSD-2-Clause */
/* What is to be started: see launch.h. */
#ifndef LAUNCH_CONFIG_H
#define LAUNCH_CONFIG_H

#include <signal.h>

struct launch_config {
	char *const *argv;	  /* the program, looked for in PATH, and its arguments; ends with NULL */
	sigset_t mask;		  /* the signals that it begins with as blocked */
	struct sigaction sigpipe; /* ... and what it does with this one */
	int console;		  /* its standard output; other than 1, it has no standard input, and the terminal stays ours */
};

#endif
