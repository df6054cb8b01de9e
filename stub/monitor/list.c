/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the VMs of this computer. See list.h. */
#include <stdio.h>
#include <string.h>

#include "../attach/vms.h"
#include "../rsp/json.h"
#include "list.h"
#include "printer.h"

#define SIZE_TEXT 24 /* bytes, of the texts that are made here */

/* ---- in text */

/* Whole units, three digits or more of them where it can be. */
static void size_text(uint64_t bytes, char text[SIZE_TEXT])
{
	static const char units[] = "KMGTP";
	uint64_t size = bytes >> 10;
	unsigned unit = 0;

	while (size >= 10000 && unit < sizeof(units) - 2) {
		size >>= 10;
		unit++;
	}
	snprintf(text, SIZE_TEXT, bytes ? "~%llu%c" : "-", (unsigned long long)size, units[unit]);
}

static void age_text(uint64_t seconds, char text[SIZE_TEXT])
{
	const unsigned long long minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days)
		snprintf(text, SIZE_TEXT, "%llud%02lluh", days, hours % 24);
	else if (hours)
		snprintf(text, SIZE_TEXT, "%lluh%02llum", hours, minutes % 60);
	else if (minutes)
		snprintf(text, SIZE_TEXT, "%llum%02llus", minutes, (unsigned long long)seconds % 60);
	else
		snprintf(text, SIZE_TEXT, "%llus", (unsigned long long)seconds);
}

static void say_text(const struct printer *out, const struct vms_process *p)
{
	char vcpus[SIZE_TEXT], ram[SIZE_TEXT], age[SIZE_TEXT];

	snprintf(vcpus, sizeof(vcpus), "%s%u", p->guess ? "~" : "", p->vcpus);
	size_text(p->ram, ram);
	age_text(p->age, age);
	say(out, "%7d  %-18.40s  %-8.32s  %5s  %7s  %7s  %-8s  ", p->pid, p->vmm, p->user, vcpus, ram, age, p->in_state);
	say(out, p->err ? "no: " : "yes");
	say(out, "%s", p->why);
	say(out, "%s\n", p->guess ? " (seen by the names of its threads)" : "");
}

static void say_end(const struct printer *out, unsigned n, unsigned hidden)
{
	if (!n)
		say(out, "No process runs a VM of KVM's%s.\n", hidden ? ", of those that can be looked into" : "");
	if (hidden)
		say(out,
			"Processes that may not be looked into: %u. A VM of theirs shows by the names of its threads, if at "
			"all.\n",
			hidden);
}

/* ---- in JSON */

static void say_string(const struct printer *out, const char *name, const char *text)
{
	char quoted[3];

	say(out, ",\"%s\":", name);
	say(out, text ? "\"" : "null");
	for (const char *at = text; at && *at; at++) {
		json_char(*at, quoted);
		say(out, "%s", quoted);
	}
	say(out, text ? "\"" : "");
}

static void say_json(const struct printer *out, const struct vms_process *p, bool first)
{
	say(out, "%s{\"pid\":%d", first ? "" : ",\n", p->pid);
	say_string(out, "vmm", p->vmm);
	say_string(out, "comm", p->comm);
	say_string(out, "exe", *p->exe ? p->exe : NULL);
	say(out, ",\"uid\":%u", p->uid);
	say_string(out, "user", p->user);
	say(out, ",\"guess\":%s,\"vms\":%u,\"vcpus\":%u", p->guess ? "true" : "false", p->vms, p->vcpus);
	if (p->ram)
		say(out, ",\"ram\":%llu", (unsigned long long)p->ram);
	else
		say(out, ",\"ram\":null");
	say(out, ",\"age\":%llu", (unsigned long long)p->age);
	say_string(out, "state", p->in_state);
	say(out, ",\"attach\":%s", p->err ? "false" : "true");
	say_string(out, "why", p->err ? p->why : NULL);
	say(out, "}");
}

/* ---- */

int list_vms(bool json, text_fn *print, void *arg, const struct refusal *why)
{
	const struct printer out = { .print = print, .arg = arg };
	struct vms_process p;
	struct vms vms;
	unsigned n = 0;
	int err = vms_open(&vms, "/proc");

	if (err)
		return refuse(why, err, "/proc: %s", strerror(-err));
	if (json)
		say(&out, "[\n");
	else
		say(&out, "%7s  %-18s  %-8s  %5s  %7s  %7s  %-8s  %s\n", "PID", "VMM", "USER", "VCPUS", "RAM", "AGE", "STATE",
			"ATTACH");
	for (; vms_next(&vms, &p); n++) {
		if (json)
			say_json(&out, &p, !n);
		else
			say_text(&out, &p);
	}
	if (json)
		say(&out, "\n]\n");
	else
		say_end(&out, n, vms.hidden);
	vms_close(&vms);
	return 0;
}
