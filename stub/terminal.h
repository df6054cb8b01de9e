/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal that the guest's console is typed into: raw while it is ours, and as it was found at all other times. It is ours while we are
 * its foreground process group; otherwise it is neither set nor read. Whoever calls this ignores SIGTTIN and SIGTTOU.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <termios.h>

struct terminal {
	int fd;		       /* of whoever opened it; -1: there is none */
	struct termios before; /* as it was found */
	sig_atomic_t taken;    /* it is set raw, and `before` says how it was */
};

/* Takes the terminal, where we may and have not; true: it is ours. To be asked each time before it is read. */
bool terminal_take(struct terminal *t);

/* Sets it raw again, where it is ours: somebody else may have set it meanwhile, the shell for one. */
void terminal_retake(struct terminal *t);

/* As it was found, and without what was typed and not read: that was for the guest. Also out of a signal's handler. */
void terminal_give_back(struct terminal *t);

/* By SIGTSTP, which this thread blocks: the terminal is given back, and the process stands until SIGCONT. */
void terminal_suspend(struct terminal *t);

#endif
