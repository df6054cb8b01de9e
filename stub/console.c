/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See console.h. Each descriptor is asked before it is read, so none has to be O_NONBLOCK, which would be everybody's who has the file. All
 * are watched for what is new (EPOLLET): a terminal that is not ours for now, or a pty that nobody has opened, is ready all the time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "console.h"
#include "host/console.h"

#define CHUNK 256 /* bytes read at once */
#define CONTROL_A 0x01

/* Opening */

static int open_terminal(struct console *c, int in, int out, struct terminal *terminal)
{
	c->out = out;
	if (in >= 0 && isatty(in)) {
		c->kind = CONSOLE_TERMINAL;
		c->terminal = terminal;
		c->in = terminal->fd = in;
	}
	return 0;
}

/* Raw, so that nothing is echoed; and opened once, so that it is seen that nobody has it. */
static int set_up_pty(struct console *c)
{
	struct termios mode;
	int other;

	if (grantpt(c->out) || unlockpt(c->out) || ptsname_r(c->out, c->pty, sizeof(c->pty)) || tcgetattr(c->out, &mode))
		return -errno;
	cfmakeraw(&mode);
	if (tcsetattr(c->out, TCSANOW, &mode))
		return -errno;
	other = open(c->pty, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (other < 0)
		return -errno;
	close(other);
	return 0;
}

static int open_pty(struct console *c, const struct refusal *why)
{
	int err = 0;

	c->kind = CONSOLE_PTY;
	c->in = c->out = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	err = c->out < 0 ? -errno : set_up_pty(c);
	return err ? refuse(why, err, "--console pty: %s", strerror(-err)) : 0;
}

static int open_unix(struct console *c, const char *where, const struct refusal *why)
{
	char error[200];
	int err = comm_open(&c->comm, where, error, sizeof(error));

	c->kind = CONSOLE_UNIX;
	return err ? refuse(why, err, "--console %s", error) : 0;
}

/* One that nobody has at its other end is not waited for. */
static int open_file(struct console *c, const char *name, const struct refusal *why)
{
	c->out = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
	return c->out < 0 ? refuse(why, -errno, "--console %s: %s", name, strerror(errno)) : 0;
}

int console_set_up(struct console *c, const char *where, int in, int out, struct terminal *terminal, const struct refusal *why)
{
	*c = (struct console){ .out = -1, .in = -1, .comm = { .listener = -1 }, .sources = -1 };
	if (!where)
		return open_terminal(c, in, out, terminal);
	if (!strcmp(where, "none"))
		return 0;
	if (!strcmp(where, "pty"))
		return open_pty(c, why);
	return strncmp(where, "unix:", 5) ? open_file(c, where, why) : open_unix(c, where, why);
}

static int watch(struct console *c, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET };

	return fd >= 0 && epoll_ctl(c->sources, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* What the user has to know before anything is typed. */
static void tell(struct console *c)
{
	char text[sizeof(c->pty) + 32];

	if (c->kind == CONSOLE_PTY) {
		snprintf(text, sizeof(text), "Console on %s\n", c->pty);
		c->print(c->arg, text);
	}
	if (c->kind == CONSOLE_TERMINAL && terminal_take(c->terminal))
		c->print(c->arg, "Console on this terminal: C-a x ends, C-a h helps\n");
}

int console_start(struct console *c, struct host *h, void (*print)(void *arg, const char *text), void *arg)
{
	int err;

	c->host = h;
	c->print = print;
	c->arg = arg;
	if (c->kind == CONSOLE_SILENT)
		return 0;
	c->sources = epoll_create1(EPOLL_CLOEXEC);
	if (c->sources < 0)
		return -errno;
	err = watch(c, console_event(h));
	if (!err)
		err = watch(c, c->in);
	if (!err)
		err = watch(c, c->comm.listener);
	tell(c);
	return err;
}

int console_fd(const struct console *c)
{
	return c->sources;
}

/* Reading */

/* As many as there are and `room` for; 0: the other end says nothing more; -EAGAIN: nothing for now. */
static ssize_t read_some(int fd, uint8_t *bytes, size_t room)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (!room || poll(&in, 1, 0) <= 0)
		return -EAGAIN;
	n = read(fd, bytes, room < CHUNK ? room : CHUNK);
	return n < 0 ? -errno : n;
}

static void help(struct console *c)
{
	c->print(c->arg, "C-a x    end the program, and the guest with it\n"
			 "C-a z    suspend it, as a shell's C-z would\n"
			 "C-a C-a  C-a, for the guest\n"
			 "C-a h    this\n");
}

/* The key behind C-a. False: the program is to end. */
static bool obey(struct console *c, uint8_t key)
{
	switch (key) {
	case 'x':
		return false;
	case 'z':
		kill(0, SIGTSTP);
		break;
	case 'h':
		help(c);
		break;
	}
	return true;
}

/* Takes our own keys out: *n bytes are left, for the guest. False: the program is to end. */
static bool filter(struct console *c, uint8_t *bytes, size_t *n)
{
	size_t left = 0;

	for (size_t i = 0; i < *n; i++) {
		bool escaped = c->escape;

		c->escape = !escaped && bytes[i] == CONTROL_A;
		if (!escaped && !c->escape)
			bytes[left++] = bytes[i];
		else if (escaped && bytes[i] == CONTROL_A)
			bytes[left++] = CONTROL_A;
		else if (escaped && !obey(c, bytes[i]))
			return false;
	}
	*n = left;
	return true;
}

static bool read_terminal(struct console *c)
{
	uint8_t bytes[CHUNK];
	size_t n;

	while (terminal_take(c->terminal)) {
		ssize_t got = read_some(c->in, bytes, console_room(c->host));

		if (got <= 0)
			return true;
		n = (size_t)got;
		if (!filter(c, bytes, &n))
			return false;
		console_type(c->host, bytes, n);
	}
	return true;
}

/* What read_some() said last. */
static ssize_t read_plain(struct console *c)
{
	uint8_t bytes[CHUNK];
	ssize_t n;

	while ((n = read_some(c->in, bytes, console_room(c->host))) > 0)
		console_type(c->host, bytes, (size_t)n);
	return n;
}

static bool is_gone(int fd)
{
	struct pollfd client = { .fd = fd };

	return poll(&client, 1, 0) > 0 && client.revents & (POLLHUP | POLLERR);
}

/* One that says nothing more may listen still. One that is gone may have said something that waits to be read. */
static bool read_client(struct console *c)
{
	if (c->in < 0 || read_plain(c) == -EAGAIN || !is_gone(c->in))
		return c->in >= 0;
	console_print_to(c->host, -1);
	close(c->in);
	c->in = -1;
	return false;
}

static void serve_clients(struct console *c)
{
	while (!read_client(c)) {
		c->in = comm_accept(&c->comm);
		if (c->in < 0)
			return;
		watch(c, c->in);
		console_print_to(c->host, c->in);
	}
}

bool console_dispatch(struct console *c)
{
	struct epoll_event ignored[4];

	epoll_wait(c->sources, ignored, sizeof(ignored) / sizeof(ignored[0]), 0);
	switch (c->kind) {
	case CONSOLE_TERMINAL:
		return read_terminal(c);
	case CONSOLE_PTY:
		read_plain(c);
		break;
	case CONSOLE_UNIX:
		serve_clients(c);
		break;
	case CONSOLE_SILENT:
		break;
	}
	return true;
}

/* Job control, and the end */

void console_suspend(struct console *c)
{
	if (c->kind == CONSOLE_TERMINAL)
		terminal_suspend(c->terminal);
}

void console_continue(struct console *c)
{
	if (c->kind == CONSOLE_TERMINAL)
		terminal_retake(c->terminal);
}

void console_take_down(struct console *c)
{
	if (c->kind == CONSOLE_TERMINAL)
		terminal_give_back(c->terminal);
	comm_close(&c->comm);
	if (c->sources >= 0)
		close(c->sources);
	c->sources = -1;
}
