/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake_list.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_list.h"
#include "rsp/attach.h"

static int look(void *arg, const char **why)
{
	struct fake_list *f = arg;

	*why = "there is no /proc";
	if (f->fail)
		return -f->fail;
	f->looks++;
	f->seen = f->vms;
	return 0;
}

static bool vm(void *arg, unsigned n, struct target_vm *vm)
{
	const struct fake_list *f = arg;

	if (n >= f->seen)
		return false;
	*vm = n ? (struct target_vm){ 0x200 + n, "crosvm", "pat", "crosvm run <img> & \"log\"", "", "traced by process 7", 2,
		0 }
		: (struct target_vm){ 0x1f, "qemu", "root", "qemu -m 1G", "0,3", "runs", 4, 1u << 30 };
	return true;
}

static int command(void *arg, const char *line, text_fn *print, void *to)
{
	struct fake_list *f = arg;

	if (!strcmp(line, "why")) {
		print(to, f->why);
		return COMMAND_DONE;
	}
	if (!strcmp(line, "fail"))
		return -EPERM;
	return -ENOSYS;
}

static const char *why(void *arg)
{
	(void)arg;
	return "the list says so";
}

static void refused(void *arg, const char *sentence)
{
	struct fake_list *f = arg;

	snprintf(f->why, sizeof(f->why), "%s", sentence);
}

void fake_list_init(struct fake_list *f)
{
	*f = (struct fake_list){ .vms = 2 };
	f->list = (struct target_list){ .arg = f, .look = look, .vm = vm, .command = command, .why = why, .refused = refused };
}

static void offer(struct fake_list *f, struct session *s)
{
	session_init(s, s->send, s->send_arg);
	session_offer(s, &f->list);
}

static void attach(struct session *s, struct fake *fake)
{
	struct target target;

	fake->process = (uint32_t)s->wanted;
	fake->foreign = true;
	fake->running = false;
	target = fake_target(fake);
	session_attached(s, &target);
	fake->running = s->state == SESSION_RUNNING;
}

/*
 *	offer		a new client, of whom nothing is known, may choose
 *	attach		the client gets what it wants
 *	refuse ERROR	it does not, for this errno value
 *	fail ERROR	looks are refused; 0: no more
 *	vms NUMBER	so many there are
 *	looks NUMBER	so many were taken
 *	can		all kinds of points, programs and thread events
 */
bool fake_list_direct(struct fake_list *f, struct session *s, struct fake *target, const char *words)
{
	char word[16];
	int number = 0;

	if (sscanf(words, "%15s %d", word, &number) < 1)
		return false;
	if (!strcmp(word, "offer"))
		offer(f, s);
	else if (!strcmp(word, "attach"))
		attach(s, target);
	else if (!strcmp(word, "refuse"))
		session_not_attached(s, number, "no such VM");
	else if (!strcmp(word, "fail"))
		f->fail = number;
	else if (!strcmp(word, "vms"))
		f->vms = (unsigned)number;
	else if (!strcmp(word, "can"))
		f->list.points[POINT_SOFTWARE] = f->list.points[POINT_HARDWARE] = f->list.programs = f->list.thread_events =
			true;
	else
		return !strcmp(word, "looks") && f->looks == (unsigned)number;
	return true;
}
