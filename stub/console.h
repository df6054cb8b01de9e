/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other end of the guest's console: where what it prints goes, and where what is typed comes from. Nobody waits here, and nothing is read
 * for which the guest's side has no room.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>

#include "refuse.h"
#include "serve/comm.h"
#include "terminal.h"

struct host;

enum console_kind {
	CONSOLE_SILENT, /* nobody types */
	CONSOLE_TERMINAL,
	CONSOLE_PTY,
	CONSOLE_UNIX
};

struct console {
	enum console_kind kind;
	int out;		   /* what the guest prints goes here from the beginning on; -1: nowhere */
	int in;			   /* what is typed comes from here; -1: nobody is there */
	struct terminal *terminal; /* of CONSOLE_TERMINAL */
	bool escape;		   /* ... its last key was C-a */
	struct comm comm;	   /* of CONSOLE_UNIX */
	char pty[64];		   /* of CONSOLE_PTY: the name of the other end */
	int sources;		   /* an epoll descriptor; -1: none */
	struct host *host;
	void (*print)(void *arg, const char *text);
	void *arg;
};

/*
 * `where` as --console has it: pty, unix:PATH, none or a file's name; NULL: what the guest prints goes to `out`, and `in`, if it is a
 * terminal, is typed into (-1: it is not). 0, or -errno and a sentence. The terminal must outlive the console.
 */
int console_set_up(struct console *c, const char *where, int in, int out, struct terminal *terminal, const struct refusal *why);

/* Begins, with a host that vm_open() has opened with our `out`. print: where the user is told something, whole lines. 0 or -errno. */
int console_start(struct console *c, struct host *h, void (*print)(void *arg, const char *text), void *arg);

/* To be polled for POLLIN; -1: there is nothing to be polled. */
int console_fd(const struct console *c);

/* It is readable. False: the user says that the program is to end. */
bool console_dispatch(struct console *c);

/* SIGTSTP, which this thread blocks: stands until SIGCONT; and that, by whoever it was sent. */
void console_suspend(struct console *c);
void console_continue(struct console *c);

/* The terminal is given back, and nothing is to be found at a socket's path. A host prints to `out` until it is closed itself. */
void console_take_down(struct console *c);

#endif
