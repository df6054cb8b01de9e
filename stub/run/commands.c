/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor` commands: one table. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

struct printer {
	text_fn *print;
	void *arg;
};

__attribute__((format(printf, 2, 3))) static void say(const struct printer *out, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	out->print(out->arg, text);
}

static const char *works(bool yes)
{
	return yes ? "works" : "does nothing here";
}

static void say_watch_advice(const struct machine *m, const struct printer *out)
{
	if (m->caps.watch[POINT_WRITE])
		return;
	say(out, "  `watch` needs a watchpoint in hardware; gdb gives up on `continue` without one.\n");
	say(out, "  Tell it to single-step instead: set can-use-hw-watchpoints 0\n");
}

static void do_capabilities(struct machine *m, const struct printer *out)
{
	const struct capabilities *c = &m->caps;

	say(out, "What this host's KVM does, as tried at start-up:\n");
	say(out, "single-step           %s\n", works(c->step));
	say(out, "planted opcode        %s%s\n", works(c->planted),
		c->planted_by_error ? ", as an error of KVM's instruction emulator" : "");
	if (!c->planted && c->exec)
		say(out, "  `break` takes a debug register instead, of which there are %u.\n", c->exec_slots);
	say(out, "execution breakpoint  %s (%u debug registers)\n", works(c->exec), c->exec_slots);
	say(out, "write watchpoint      %s (%u debug registers%s)\n", works(c->watch[POINT_WRITE]), c->watch_slots,
		c->shared_slots ? ", the same ones" : "");
	say(out, "read watchpoint       %s\n", works(c->watch[POINT_READ]));
	say(out, "access watchpoint     %s\n", works(c->watch[POINT_ACCESS]));
	say_watch_advice(m, out);
}

static void do_why(struct machine *m, const struct printer *out)
{
	say(out, "%s\n", m->why[0] ? m->why : "nothing was refused so far");
}

static void do_counters(struct machine *m, const struct printer *out)
{
	const struct reg_counters *c = &m->transport.counters;

	say(out, "register ioctls: %llu get, %llu set; values moved: %llu\n", (unsigned long long)c->gets,
		(unsigned long long)c->sets, (unsigned long long)c->values);
}

static void do_help(struct machine *m, const struct printer *out);

static const struct command {
	const char *name, *help;
	void (*run)(struct machine *m, const struct printer *out);
} commands[] = {
	{ "capabilities", "what this host's KVM was seen to do", do_capabilities },
	{ "counters", "register ioctls so far", do_counters },
	{ "help", "this list", do_help },
	{ "why", "the reason of the last refusal", do_why },
};

#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

static void do_help(struct machine *m, const struct printer *out)
{
	(void)m;
	for (unsigned i = 0; i < NCOMMANDS; i++)
		say(out, "%-14s%s\n", commands[i].name, commands[i].help);
}

int commands_run(struct machine *m, const char *line, text_fn *print, void *arg)
{
	struct printer out = { .print = print, .arg = arg };

	for (unsigned i = 0; i < NCOMMANDS; i++)
		if (!strcmp(line, commands[i].name)) {
			commands[i].run(m, &out);
			return 0;
		}
	return -ENOENT;
}
