/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `monitor` commands that start the guest over, or end it, in the words of OpenOCD, QEMU and gdbserver: configurations of IDEs send
 * these. A debugger that waits for no stop takes the guest for stopped, so it stands after each of them, and the answer says so.
 */
#include <errno.h>
#include <string.h>

#include "../run/due.h"
#include "reset.h"

/* Nothing that a stub says has gdb look again at what it has read at this stop. */
static void say_how_to_look(const struct printer *out)
{
	say(out, "gdb shows what it has read before, until: maint flush register-cache (before gdb 11: flushregs), maint flush "
		 "dcache\n");
}

static int refuse_running(struct guest *g)
{
	return refuse(&g->refusal, -EBUSY, "the machine is running: `interrupt -a` stops it");
}

/* What `load` has put into an empty machine would be lost, and is as fresh as it can be: IDEs load first and reset then. */
static bool is_untouched(const struct guest *g)
{
	return !g->host->has_image && !g->host->restored && !g->started && !g->host->borrowed;
}

static int start_over(struct guest *g, const struct printer *out)
{
	int err;

	if (guest_running(g))
		return refuse_running(g);
	if (is_untouched(g)) {
		say(out, "The guest has not run yet, and stands with what was loaded: `continue` lets it run.\n");
		return 0;
	}
	err = due_reset(g);
	if (err)
		return err;
	say(out, "The guest is reset: it stands %s, and `continue` lets it run.\n",
		g->host->borrowed    ? "as its VMM starts it"
		: g->host->restored  ? "as it was saved"
		: g->host->has_image ? "at its entry, the image read again"
				     : "at its entry, its memory empty for `load`");
	say_how_to_look(out);
	return COMMAND_RESET;
}

int do_reset(struct machine *m, char **words, const struct printer *out)
{
	static const char *const kinds[] = { "halt", "init", "run" };

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!words[0] || !strcmp(words[0], kinds[i]))
			return start_over(&m->guest, out);
	return refuse(&m->guest.refusal, -EINVAL,
		"reset %.40s: there are reset halt, reset init and reset run, which all leave it standing", words[0]);
}

int do_halt(struct machine *m, char **words, const struct printer *out)
{
	(void)words;
	if (guest_running(&m->guest))
		return refuse_running(&m->guest);
	say(out, "The guest stands.\n");
	return 0;
}

int do_go(struct machine *m, char **words, const struct printer *out)
{
	(void)words;
	if (guest_running(&m->guest))
		say(out, "The guest runs.\n");
	else
		say(out, "The guest stands: `continue` lets it run, so that the debugger knows.\n");
	return 0;
}

int do_exit(struct machine *m, char **words, const struct printer *out)
{
	(void)words;
	if (!m->may_end)
		return refuse(&m->guest.refusal, -EOPNOTSUPP,
			"the VMM does not let its guest be ended from here: `detach` leaves it running");
	say(out, "The guest is to end, and its VMM with it.\n");
	return COMMAND_ENDS;
}

/* OpenOCD's way to have gdb look again at all: `stepi` comes to a stop, and nothing was executed. */
int do_gdb_sync(struct machine *m, char **words, const struct printer *out)
{
	(void)words;
	if (guest_running(&m->guest))
		return refuse_running(&m->guest);
	m->guest.step_is_none = true;
	say(out, "The next `stepi` executes nothing: gdb looks at the guest again.\n");
	return 0;
}
