/* SPDX-License-Identifier: BSD-2-Clause */
/* The process of the VMM that is started: its group, its terminal, its standard streams. See launch.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "launch_parts.h"

/* --- the terminal */

/* SIGTTOU would stop whoever is in the background. */
static void set_foreground(int tty, pid_t group)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	tcsetpgrp(tty, group);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static bool keeps_streams(const struct launch *l)
{
	return l->config.console == STDOUT_FILENO;
}

/* -1: there is none, or it is not ours to give away. */
static int open_terminal(const struct launch *l)
{
	int tty = keeps_streams(l) ? open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;

	if (tty >= 0 && tcgetpgrp(tty) != getpgrp()) {
		close(tty);
		return -1;
	}
	return tty;
}

void launch_take_terminal(struct launch *l)
{
	if (l->tty < 0)
		return;
	if (tcgetpgrp(l->tty) == l->root)
		set_foreground(l->tty, getpgrp());
	close(l->tty);
	l->tty = -1;
}

/* --- the child, in which there is one thread, and which calls nothing of the library's but system calls */

static int set_streams(const struct launch *l)
{
	int none;

	if (keeps_streams(l))
		return 0;
	none = open("/dev/null", O_RDONLY);
	return none < 0 || dup2(none, STDIN_FILENO) < 0 || dup2(l->config.console, STDOUT_FILENO) < 0 || close(none) ? -errno
														     : 0;
}

/* begin: has a byte when it is traced, or ends, with us. told: takes -errno. */
__attribute__((noreturn)) static void child_main(const struct launch *l, int begin, int told)
{
	ssize_t n;
	char byte;
	int err;

	do {
		n = read(begin, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(126);
	setpgid(0, 0);
	if (l->tty >= 0)
		set_foreground(l->tty, getpid());
	err = set_streams(l);
	sigaction(SIGPIPE, &l->config.sigpipe, NULL);
	pthread_sigmask(SIG_SETMASK, &l->config.mask, NULL);
	if (!err) {
		execvp(l->config.argv[0], l->config.argv);
		err = -errno;
	}
	if (write(told, &err, sizeof(err)) != sizeof(err))
		_exit(126);
	_exit(err == -ENOENT ? 127 : 126);
}

/* --- ours */

static int fork_with(struct launch *l, const int begin[2], const int told[2])
{
	l->root = fork();
	if (!l->root) {
		close(begin[1]);
		child_main(l, begin[0], told[1]);
	}
	return l->root < 0 ? -errno : 0;
}

int launch_fork(struct launch *l)
{
	int begin[2], told[2], err;

	if (pipe2(begin, O_CLOEXEC))
		return -errno;
	if (pipe2(told, O_CLOEXEC)) {
		err = -errno;
		close(begin[0]);
		close(begin[1]);
		return err;
	}
	l->tty = open_terminal(l);
	err = fork_with(l, begin, told);
	close(begin[0]);
	close(told[1]);
	l->told = told[0];
	if (!err) {
		setpgid(l->root, l->root);
		err = launch_follow(l, l->root);
	}
	if (write(begin[1], "", 1) != 1 && !err)
		err = -errno;
	close(begin[1]);
	return err;
}
