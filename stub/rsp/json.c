/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads in JSON, as lldb takes them: in an answer of their own, or, without their registers, hexadecimal in a stop reply. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "json.h"
#include "view.h"

struct json {
	struct session *s;
	bool hex; /* as pairs of digits */
};

__attribute__((format(printf, 2, 3))) static void json_format(const struct json *j, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	reply_formatted(&j->s->out, j->hex, format, ap);
	va_end(ap);
}

void json_char(char c, char quoted[3])
{
	bool escaped = c == '"' || c == '\\';

	quoted[0] = escaped ? '\\' : c < ' ' || c > '~' ? '?' : c;
	quoted[1] = escaped ? c : '\0';
	quoted[2] = '\0';
}

static void json_text(const struct json *j, const char *name, const char *text)
{
	char quoted[3];

	json_format(j, ",\"%s\":\"", name);
	for (; *text; text++) {
		json_char(*text, quoted);
		json_format(j, "%s", quoted);
	}
	json_format(j, "\"");
}

/* Of a step or a signal lldb wants no more than the number: it knows who was to step. */
static void json_reason(const struct json *j)
{
	const struct stop *stop = &j->s->stop;
	char address[24];

	json_format(j, ",\"signal\":%u", session_stop_signal(j->s));
	if (stop->kind == STOP_SWBREAK || stop->kind == STOP_HWBREAK)
		json_text(j, "reason", "breakpoint");
	if (stop->kind != STOP_WATCH)
		return;
	snprintf(address, sizeof(address), "%" PRIu64, stop->addr);
	json_text(j, "reason", "watchpoint");
	json_text(j, "description", address);
}

static void json_name(const struct json *j, unsigned thread)
{
	char name[THREAD_TEXT_MAX], text[THREAD_TEXT_MAX], both[2 * THREAD_TEXT_MAX + 2];

	view_thread_texts(j->s, thread, name, text);
	snprintf(both, sizeof(both), "%s%s%s", name, *text ? ", " : "", text);
	json_text(j, "name", both);
}

static void json_registers(const struct json *j, unsigned thread)
{
	struct session *s = j->s;
	unsigned regs[EXPEDITED_MAX];
	unsigned n = s->target.ops->expedited(s->target.t, thread, regs, EXPEDITED_MAX);
	const char *before = "";

	json_format(j, ",\"registers\":{");
	for (unsigned i = 0; i < n && i < EXPEDITED_MAX; i++) {
		ssize_t size = s->target.ops->read_reg(s->target.t, thread, regs[i], s->data, sizeof(s->data));

		if (size <= 0)
			continue;
		json_format(j, "%s\"%u\":\"", before, regs[i]);
		reply_hex(&s->out, s->data, (size_t)size);
		json_format(j, "\"");
		before = ",";
	}
	json_format(j, "}");
}

/* Numbers are decimal. */
static void write_threads(const struct json *j, bool all)
{
	unsigned n = session_threads(j->s);
	const char *before = "";

	json_format(j, "[");
	for (unsigned thread = 1; thread <= n && !j->s->out.overflow; thread++) {
		if (!session_has_thread(j->s, thread))
			continue;
		json_format(j, "%s{\"tid\":%u", before, thread);
		before = ",";
		if (session_stopped_here(j->s, thread))
			json_reason(j);
		if (all) {
			json_name(j, thread);
			json_registers(j, thread);
		}
		json_format(j, "}");
	}
	json_format(j, "]");
}

void json_threads(struct session *s)
{
	write_threads(&(struct json){ .s = s }, true);
}

/* In pairs of digits, {"tid":4096} and a comma, and the reason of one of them. Too many threads are left to be asked for. */
#define THREAD_SIZE (2 * 13)
#define REASON_SIZE (2 * 100)

void reply_reasons(struct session *s)
{
	unsigned n = session_threads(s);

	if (!s->lists_threads || n < 2 || n > (reply_room(&s->out) / 2 - REASON_SIZE) / THREAD_SIZE)
		return;
	reply_text(&s->out, "jstopinfo:");
	write_threads(&(struct json){ .s = s, .hex = true }, false);
	reply_char(&s->out, ';');
}
