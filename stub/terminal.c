/* SPDX-License-Identifier: BSD-2-Clause */
/* See terminal.h. */
#include <pthread.h>
#include <unistd.h>

#include "terminal.h"

static bool is_in_foreground(const struct terminal *t)
{
	return t->fd >= 0 && tcgetpgrp(t->fd) == getpgrp();
}

/* Each key for itself and at once, C-c and its like too. What is printed is left as it was: lines of ours end as they did. */
static struct termios raw(struct termios mode)
{
	mode.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	mode.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	mode.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	mode.c_cflag |= CS8;
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	return mode;
}

bool terminal_take(struct terminal *t)
{
	if (!is_in_foreground(t))
		t->taken = false;
	else if (!t->taken && !tcgetattr(t->fd, &t->before)) {
		struct termios mode = raw(t->before);

		t->taken = true;
		tcsetattr(t->fd, TCSANOW, &mode);
	}
	return t->taken;
}

void terminal_retake(struct terminal *t)
{
	struct termios mode = raw(t->before);

	if (terminal_take(t))
		tcsetattr(t->fd, TCSANOW, &mode);
}

void terminal_give_back(struct terminal *t)
{
	if (t->taken && is_in_foreground(t)) {
		tcflush(t->fd, TCIFLUSH);
		tcsetattr(t->fd, TCSANOW, &t->before);
	}
	t->taken = false;
}

void terminal_suspend(struct terminal *t)
{
	sigset_t stop;

	terminal_give_back(t);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	pthread_kill(pthread_self(), SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	terminal_take(t);
}
