/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor` commands: one table. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../machine/modes.h"
#include "../run/events.h"
#include "../run/step_plan.h"
#include "commands.h"
#include "dump.h"
#include "linux_command.h"
#include "maps.h"
#include "printer.h"
#include "reset.h"
#include "save.h"
#include "show.h"
#include "tables.h"

static const char *works(bool yes)
{
	return yes ? "works" : "does nothing here";
}

static void say_watch_advice(const struct guest *g, const struct printer *out)
{
	if (g->caps.watch[POINT_WRITE])
		return;
	say(out, "  `watch` needs a watchpoint in hardware; gdb gives up on `continue` without one.\n");
	say(out, "  Tell it to single-step instead: set can-use-hw-watchpoints 0\n");
}

static int do_capabilities(struct machine *m, char **words, const struct printer *out)
{
	struct guest *g = &m->guest;
	const struct capabilities *c = &g->caps;

	(void)words;
	if (c->untried) {
		say(out,
			"It could not be tried what this host's KVM does: /dev/kvm may not be opened here, and the VMM has it open no more.\n");
		say(out, "So breakpoints, watchpoints and steps are refused. Registers, memory and Ctrl-C are there.\n");
		return 0;
	}
	say(out, "What this host's KVM does, as tried at start-up:\n");
	say(out, "single-step           %s%s%s\n", works(step_possible(g)),
		step_is_software(g) ? ", by opcodes planted behind the instruction: KVM does nothing here" : "",
		step_masks(g) ? ", and interrupts wait meanwhile" : "");
	say(out, "planted opcode        %s%s\n", works(c->planted),
		c->planted_by_error ? ", as an error of KVM's instruction emulator" : "");
	if (!c->planted && c->exec)
		say(out, "  `break` takes a debug register instead, of which there are %u.\n", c->exec_slots);
	say(out, "execution breakpoint  %s (%u debug registers)\n", works(c->exec), c->exec_slots);
	say(out, "write watchpoint      %s (%u debug registers%s)\n", works(c->watch[POINT_WRITE]), c->watch_slots,
		c->shared_slots ? ", the same ones" : "");
	say(out, "read watchpoint       %s\n", works(c->watch[POINT_READ]));
	say(out, "access watchpoint     %s\n", works(c->watch[POINT_ACCESS]));
	say_watch_advice(g, out);
	return 0;
}

static int do_mode(struct machine *m, char **words, const struct printer *out)
{
	struct guest *g = &m->guest;
	int err = words[0] ? modes_choose(m, words[0]) : 0;

	if (err)
		return err;
	say(out, "this connection: %s; the next one: %s\n", modes_name(m, m->mode), modes_name(m, m->next_mode));
	if (modes_start(m) && g->arch->nmodes)
		say(out, "The machine is empty: it starts in %s, and `load` fills it.\n", modes_name(m, m->next_mode));
	if (m->next_mode != m->mode)
		say(out, "To connect again, `disconnect` and `target remote`: the guest waits. `detach` lets it run, `target "
			 "remote` alone kills it.\n");
	else if (!words[0])
		for (unsigned i = 0; i < g->arch->nmodes; i++)
			say(out, "%s%s%s", i ? ", " : "there are: ", modes_name(m, i), i + 1 < g->arch->nmodes ? "" : "\n");
	return 0;
}

static int do_why(struct machine *m, char **words, const struct printer *out)
{
	(void)words;
	say(out, "%s\n", m->guest.why[0] ? m->guest.why : "nothing was refused so far");
	return 0;
}

/* How many registers go the same way as the n-th; 0 when an earlier one has told it already. */
static unsigned count_way(const struct guest *g, unsigned n)
{
	const struct tdesc *d = &g->tdesc;
	const char *way = transport_way(&g->transport, d->regs[n].key);
	unsigned count = 0;

	for (unsigned i = 0; i < d->nregs; i++) {
		if (!d->regs[i].key || transport_way(&g->transport, d->regs[i].key) != way)
			continue;
		if (i < n)
			return 0;
		count++;
	}
	return count;
}

static int do_batch(struct machine *m, char **words, const struct printer *out)
{
	struct guest *g = &m->guest;
	unsigned computed = 0;

	(void)words;
	for (unsigned i = 0; i < g->tdesc.nregs; i++) {
		uint64_t key = g->tdesc.regs[i].key;
		unsigned n = key ? count_way(g, i) : 0;

		computed += !key;
		if (n)
			say(out, "%4u registers by %s\n", n, transport_way(&g->transport, key));
	}
	say(out, "%4u computed from others\n", computed);
	return 0;
}

static void say_counters(const struct printer *out, const struct reg_counters *c, const struct reg_counters *from)
{
	say(out, "register ioctls: %llu get, %llu set; values moved: %llu; from kvm_run: %llu\n",
		(unsigned long long)(c->gets - from->gets), (unsigned long long)(c->sets - from->sets),
		(unsigned long long)(c->values - from->values), (unsigned long long)(c->copies - from->copies));
}

static int do_counters(struct machine *m, char **words, const struct printer *out)
{
	static const struct reg_counters none;

	(void)words;
	say_counters(out, &m->guest.transport.counters, &none);
	say(out, "since the last resume\n  ");
	say_counters(out, &m->guest.transport.counters, &m->counted);
	return 0;
}

/* Of the vCPU whose stop was reported last. */
static int do_registers(struct machine *m, char **words, const struct printer *out)
{
	return show_registers(m->guest.current, words[0], out);
}

static int do_register(struct machine *m, char **words, const struct printer *out)
{
	struct show s = { .to = *out };

	if (!words[0])
		return refuse(&m->guest.refusal, -EINVAL, "which register? A name, or a ONE_REG id in hexadecimal");
	return show_register(m->guest.current, words[0], words[1], 16, "monitor registers", &s);
}

static int refuse_vcpu_event(struct guest *g)
{
	g->stops_at[EVENT_VCPU] = false;
	return refuse(&g->refusal, -EOPNOTSUPP,
		"events: this host's KVM cannot single-step, and so no vCPU can be stopped as it begins");
}

static int choose_event(struct guest *g, const char *name, const char *what)
{
	const char *text;

	if (!what || (strcmp(what, "stop") && strcmp(what, "go")))
		return refuse(&g->refusal, -EINVAL, "events: %s stop, or %s go?", name, name);
	for (unsigned i = 0; i < GUEST_EVENTS; i++)
		if (!strcmp(events_name(i, &text), name)) {
			events_choose(g, i, !strcmp(what, "stop"));
			return g->stops_at[EVENT_VCPU] && !g->caps.step ? refuse_vcpu_event(g) : 0;
		}
	return refuse(&g->refusal, -ENOENT, "there is no event %s; `monitor events` lists them", name);
}

static int do_events(struct machine *m, char **words, const struct printer *out)
{
	int err = words[0] ? choose_event(&m->guest, words[0], words[1]) : 0;

	for (unsigned i = 0; !err && i < GUEST_EVENTS; i++) {
		const char *text, *name = events_name(i, &text);

		say(out, "%-8s %-6s %s\n", name, m->guest.stops_at[i] ? "stop" : "go", text);
	}
	return err;
}

static int do_help(struct machine *m, char **words, const struct printer *out);

#define WORDS_MAX 2
#define COMMAND_MAX 4096 /* characters: the value of any register */

static const struct command {
	const char *name, *arguments, *help;
	unsigned words; /* at most so many behind the name */
	bool guest;	/* asks for the guest's state: not when it has ended */
	int (*run)(struct machine *m, char **words, const struct printer *out);
} commands[] = {
	{ "batch", "", "by which calls registers are read and written", 0, false, do_batch },
	{ "capabilities", "", "what this host's KVM was seen to do", 0, false, do_capabilities },
	{ "cont", "", "whether the guest runs; it is `continue` that lets it", 0, true, do_go },
	{ "counters", "", "register ioctls, in all and since the last resume", 0, false, do_counters },
	{ "dump", "FILE [virtual]",
		"a core file of the whole machine, in the directory of --files; virtual: also by the page tables", 2, true,
		do_dump },
	{ "events", "[EVENT stop|go]", "at what of the guest's doing the machine stops, for this connection", 2, false,
		do_events },
	{ "exit", "", "ends the guest, and its VMM", 0, false, do_exit },
	{ "gdb_sync", "", "the next `stepi` executes nothing, so that gdb looks at all again", 0, true, do_gdb_sync },
	{ "go", "", "as cont", 0, true, do_go },
	{ "gpa2hva", "ADDRESS", "what scripts ask QEMU for; here, no address of ours is told", 1, false, do_gpa2hva },
	{ "gva2gpa", "ADDRESS", "the guest-physical address of a virtual one, as QEMU prints it", 1, true, do_gva2gpa },
	{ "halt", "", "whether the guest stands", 0, true, do_halt },
	{ "help", "", "this list", 0, false, do_help },
	{ "info", "mem|registers|version", "what scripts written for QEMU ask for, as QEMU prints it", 1, false, do_info },
	{ "linux", "[log]", "where a Linux kernel runs, as gdb needs it to load its vmlinux; log: what it has logged", 1, true,
		do_linux },
	{ "memory-map", "[refresh]", "RAM and devices, by guest-physical addresses; refresh: where they are is looked for anew",
		1, false, do_memory_map },
	{ "mode", "[MODE]", "as what the next connection is to have the vCPU described, where there are several ways", 1, true,
		do_mode },
	{ "page-tables", "[ADDRESS]", "the entries that lead to a virtual address, or to the next instruction", 1, true,
		do_page_tables },
	{ "quit", "", "as exit", 0, false, do_exit },
	{ "register", "NAME-or-ID [VALUE]", "one register, or any ONE_REG id; VALUE (hexadecimal) sets it", 2, true,
		do_register },
	{ "registers", "[GROUP]", "every register, with where KVM keeps it and its fields", 1, true, do_registers },
	{ "reset", "[halt|init|run]", "the guest starts over, and stands at its entry", 1, false, do_reset },
	{ "save", "FILE", "this machine as it stands, for --restore FILE", 1, true, do_save },
	{ "shutdown", "", "as exit", 0, false, do_exit },
	{ "stop", "", "as halt", 0, true, do_halt },
	{ "system_reset", "", "as reset", 0, false, do_reset },
	{ "translate", "ADDRESS", "where a virtual address is, and what its page tables permit", 1, true, do_translate },
	{ "why", "", "the reason of the last refusal", 0, false, do_why },
	{ "xp", "/[N][x][b|h|w|g] ADDRESS", "guest-physical memory, in hexadecimal", 2, true, do_xp },
};

#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

static int do_help(struct machine *m, char **words, const struct printer *out)
{
	(void)m;
	(void)words;
	for (unsigned i = 0; i < NCOMMANDS; i++)
		say(out, "%-12s %-24s %s\n", commands[i].name, commands[i].arguments, commands[i].help);
	return 0;
}

static int run(struct machine *m, const struct command *c, char *rest, const struct printer *out)
{
	struct guest *g = &m->guest;
	char *words[WORDS_MAX + 1] = { NULL }, *state, *word = strtok_r(rest, " ", &state);
	unsigned n = 0;

	for (; word && n < c->words; word = strtok_r(NULL, " ", &state))
		words[n++] = word;
	if (word)
		return refuse(&g->refusal, -EINVAL, "%s: too many words; `monitor help` shows what it takes", c->name);
	if (c->guest && g->ended)
		return refuse(&g->refusal, -ESRCH, "the guest has ended");
	return c->run(m, words, out);
}

int commands_run(struct machine *m, const char *line, text_fn *print, void *arg)
{
	struct printer out = { .print = print, .arg = arg };
	size_t len = strcspn(line, " /"); /* xp/4x: as in gdb, a format follows without a blank */
	char rest[COMMAND_MAX];

	if (strlen(line) >= sizeof(rest))
		return refuse(&m->guest.refusal, -E2BIG, "a command has at most %d characters", COMMAND_MAX - 1);
	snprintf(rest, sizeof(rest), "%s", line + len);
	for (unsigned i = 0; i < NCOMMANDS; i++)
		if (strlen(commands[i].name) == len && !strncmp(line, commands[i].name, len))
			return run(m, &commands[i], rest, &out);
	return -ENOSYS;
}
