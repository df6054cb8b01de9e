/* SPDX-License-Identifier: BSD-2-Clause */
/* See program_multi.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/attach.h"
#include "attach/vms.h"
#include "monitor/commands.h"
#include "program_multi.h"
#include "run/step_plan.h"

struct multi {
	struct target_list list;
	struct multi_config config;
	text_fn *log;
	void *log_arg;
	char why[256];	    /* of the last refusal */
	char sentence[256]; /* of the one under way */

	/* As of the last look. */
	struct vms_process *vm;
	unsigned n, room;
};

/* The list */

static int refuse_look(struct multi *multi, int err, const char **why)
{
	snprintf(multi->sentence, sizeof(multi->sentence), "/proc: %s", strerror(-err));
	*why = multi->sentence;
	return err;
}

static bool make_room(struct multi *multi)
{
	unsigned room = multi->n < multi->room ? multi->room : 2 * multi->room + 16;
	struct vms_process *vm = room == multi->room ? multi->vm : reallocarray(multi->vm, room, sizeof(*vm));

	if (!vm)
		return false;
	multi->vm = vm;
	multi->room = room;
	return true;
}

static int look(void *arg, const char **why)
{
	struct multi *multi = arg;
	struct vms vms;
	int err = vms_open(&vms, "/proc");

	if (err)
		return refuse_look(multi, err, why);
	for (multi->n = 0; !err; multi->n++) {
		err = make_room(multi) ? 0 : -ENOMEM;
		if (err || !vms_next(&vms, &multi->vm[multi->n]))
			break;
	}
	vms_close(&vms);
	return err ? refuse_look(multi, err, why) : 0;
}

static const char *state_of(const struct vms_process *vm)
{
	if (vm->err)
		return vm->why;
	return vm->guess ? "a guess by thread names" : vm->in_state;
}

static bool vm_at(void *arg, unsigned n, struct target_vm *vm)
{
	const struct multi *multi = arg;
	const struct vms_process *p = &multi->vm[n];

	if (n >= multi->n)
		return false;
	*vm = (struct target_vm){
		.process = (uint32_t)p->pid,
		.vmm = p->vmm,
		.user = p->user,
		.command = *p->exe ? p->exe : p->comm,
		.cores = p->cores,
		.state = state_of(p),
		.vcpus = p->vcpus,
		.ram = p->ram,
	};
	return true;
}

/* `monitor`, before there is a machine to ask */

static int list_vms(struct multi *multi, text_fn *print, void *to)
{
	const char *why;
	int err = look(multi, &why);
	char line[512];

	if (err)
		return err;
	for (unsigned i = 0; i < multi->n; i++) {
		const struct vms_process *p = &multi->vm[i];

		snprintf(line, sizeof(line), "%-8d %-16s %-12s %3u vCPUs  %s\n", (int)p->pid, p->vmm, p->user, p->vcpus,
			state_of(p));
		print(to, line);
	}
	if (!multi->n)
		print(to, "no process of this computer runs a VM, as far as can be seen\n");
	return COMMAND_DONE;
}

static int tell_why(struct multi *multi, text_fn *print, void *to)
{
	print(to, *multi->why ? multi->why : "nothing was refused");
	print(to, "\n");
	return COMMAND_DONE;
}

static int help(struct multi *multi, text_fn *print, void *to);

static const struct {
	const char *name;
	int (*run)(struct multi *multi, text_fn *print, void *to);
	const char *help;
} commands[] = {
	{ "help", help, "this list; there are more commands when a VM is attached to" },
	{ "vms", list_vms, "the VMs that there are, as `info os vms` has them: `attach PID` attaches to one" },
	{ "why", tell_why, "the reason of the last refusal" },
};

#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

static int help(struct multi *multi, text_fn *print, void *to)
{
	char line[160];

	(void)multi;
	for (unsigned i = 0; i < NCOMMANDS; i++) {
		snprintf(line, sizeof(line), "%-12s %s\n", commands[i].name, commands[i].help);
		print(to, line);
	}
	return COMMAND_DONE;
}

static int command(void *arg, const char *line, text_fn *print, void *to)
{
	for (unsigned i = 0; i < NCOMMANDS; i++)
		if (!strcmp(line, commands[i].name))
			return commands[i].run(arg, print, to);
	return -ENOSYS;
}

static const char *why(void *arg)
{
	const struct multi *multi = arg;

	return multi->sentence;
}

static void refused(void *arg, const char *sentence)
{
	struct multi *multi = arg;
	char text[300];

	snprintf(multi->why, sizeof(multi->why), "%s", sentence);
	snprintf(text, sizeof(text), "refused: %s", sentence);
	if (multi->log)
		multi->log(multi->log_arg, text);
}

/* Opening, and for struct server_config */

static void promise(struct target_list *list, const struct multi_config *config)
{
	const struct capabilities *caps = &config->caps;
	const struct points points = { .caps = caps };
	const struct guest guest = { .caps = *caps, .arch = config->arch };

	for (enum point_type type = 0; type < POINT_TYPES; type++)
		list->points[type] = points_possible(&points, type);
	list->programs = step_possible(&guest);
	list->thread_events = caps->step;
}

static struct machine *new_machine(const struct multi *multi, struct host *host, char *error, size_t size)
{
	const struct multi_config *c = &multi->config;
	struct machine *m = malloc(sizeof(*m));

	if (!m)
		snprintf(error, size, "%s", strerror(ENOMEM));
	if (m && !machine_open(m, host, c->arch, &c->caps, c->batch, error, size)) {
		machine_set_commands(m, commands_run);
		return m;
	}
	free(m);
	return NULL;
}

int multi_attach(struct multi *multi, uint64_t process, struct machine **m, char *error, size_t size)
{
	const struct attach_config config = { .pid = (pid_t)process };
	struct host *host = attach_open(&config, error, size);

	*m = host ? new_machine(multi, host, error, size) : NULL;
	if (host && !*m)
		host->ops->close(host);
	return *m ? 0 : -EIO;
}

void multi_detach(struct machine *m)
{
	struct host *host = m->guest.host;

	machine_leave(m);
	machine_close(m);
	host->ops->close(host);
	free(m);
}

struct multi *multi_open(const struct multi_config *config)
{
	struct multi *multi = calloc(1, sizeof(*multi));

	if (!multi)
		return NULL;
	multi->config = *config;
	multi->list = (struct target_list){
		.arg = multi,
		.look = look,
		.vm = vm_at,
		.command = command,
		.why = why,
		.refused = refused,
	};
	promise(&multi->list, config);
	return multi;
}

void multi_close(struct multi *multi)
{
	free(multi->vm);
	free(multi);
}

void multi_set_log(struct multi *multi, text_fn *log, void *arg)
{
	multi->log = log;
	multi->log_arg = arg;
}

const struct target_list *multi_list(const struct multi *multi)
{
	return &multi->list;
}
