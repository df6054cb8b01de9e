/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two sides can do (qSupported), and the queries that are about nothing else. */
#include <errno.h>
#include <string.h>

#include "handlers.h"
#include "refusal.h"
#include "table.h"

static bool has_software_points(struct session *s)
{
	return s->target.ops->has_points(s->target.t, POINT_SOFTWARE);
}

static bool has_hardware_points(struct session *s)
{
	return s->target.ops->has_points(s->target.t, POINT_HARDWARE);
}

static bool has_programs(struct session *s)
{
	return s->target.ops->has_programs(s->target.t) && (has_software_points(s) || has_hardware_points(s));
}

static bool has_thread_events(struct session *s)
{
	return s->target.ops->has_thread_events(s->target.t);
}

static bool has_list(struct session *s)
{
	return s->list;
}

static bool has_image(struct session *s)
{
	struct target_image image;

	return s->target.ops->image(s->target.t, &image);
}

/* What clients announce, what is said back, and what the machine must have for that. Those that nobody announces come last. */
static const struct {
	const char *announced;
	enum feature feature;
	const char *token;
	bool (*needs)(struct session *s);
} features[] = {
	{ "multiprocess+", FEATURE_MULTIPROCESS, "multiprocess+", NULL },
	{ "swbreak+", FEATURE_SWBREAK, "swbreak+", has_software_points },
	{ "hwbreak+", FEATURE_HWBREAK, "hwbreak+", has_hardware_points },
	{ "error-message+", FEATURE_ERROR_MESSAGE, "error-message+", NULL },
	{ "binary-upload+", FEATURE_BINARY_UPLOAD, NULL, NULL },
	{ "vContSupported+", FEATURE_VCONT, NULL, NULL },
	{ "no-resumed+", FEATURE_NO_RESUMED, "no-resumed+", NULL },
	{ NULL, 0, "ConditionalBreakpoints+", has_programs },
	{ NULL, 0, "BreakpointCommands+", has_programs },
	{ NULL, 0, "QThreadEvents+", has_thread_events },
	{ NULL, 0, "qXfer:exec-file:read+", has_image },
	{ NULL, 0, "qXfer:osdata:read+", has_list },
};

#define FEATURES (sizeof(features) / sizeof(features[0]))

static unsigned feature_named(const struct cursor *name)
{
	for (size_t i = 0; i < FEATURES && features[i].announced; i++) {
		size_t n = strlen(features[i].announced);

		if (n == cursor_left(name) && !memcmp(name->at, features[i].announced, n))
			return features[i].feature;
	}
	return 0;
}

static unsigned parse_features(struct cursor text)
{
	unsigned found = 0;

	while (cursor_left(&text)) {
		struct cursor name = cursor_until(&text, ';');

		found |= feature_named(&name);
		if (cursor_left(&text))
			cursor_next(&text);
	}
	return found;
}

static void reply_token(struct session *s, const char *token)
{
	reply_char(&s->out, ';');
	reply_text(&s->out, token);
}

static void reply_features(struct session *s)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (features[i].token && (!features[i].needs || features[i].needs(s)))
			reply_token(s, features[i].token);
}

static void reply_packets(struct session *s)
{
	for (size_t i = 0; i < packet_rows; i++)
		if (packet_table[i].token)
			reply_token(s, packet_table[i].token);
}

int do_supported(struct session *s, const struct args *args)
{
	s->introduced = true;
	s->features = parse_features(args->rest);
	s->raw_upload = false;
	reply_text(&s->out, "PacketSize=");
	reply_number(&s->out, PACKET_MAX);
	reply_features(s);
	reply_packets(s);
	return ANSWERED;
}

/* This answer is still acknowledged by the client; a '+' means nothing to us anyway. */
int do_no_ack(struct session *s, const struct args *args)
{
	(void)args;
	s->introduced = s->no_ack = true;
	return session_ok(s);
}

/* Always 1: a client that quits then detaches. For 0 it would kill. */
int do_attached(struct session *s, const struct args *args)
{
	(void)args;
	reply_char(&s->out, s->target.launched ? '0' : '1');
	return ANSWERED;
}

int do_monitor(struct session *s, const struct args *args)
{
	struct cursor text = args->rest;
	char *line = (char *)s->data;
	size_t n = cursor_hex(&text, line, sizeof(s->data) - 1);
	int error;

	if (text.bad)
		return session_refuse_malformed(s, text.bad);
	line[n] = '\0';
	if (strlen(line) != n)
		return session_refuse(s, EINVAL, "a command with a zero byte in it");
	console_open(s);
	error = s->target.ops->command(s->target.t, line, console_print, s);
	console_close(s);
	if (error == -ENOSYS)
		return session_refuse(s, ENOSYS, "unknown command: %.100s (`monitor help` lists them)", line);
	if (error < 0)
		return error;
	if (error == COMMAND_RESET) {
		s->has_stop = false;
		s->general = 0;
	}
	if (error == COMMAND_ENDS)
		s->state = SESSION_KILLED;
	reply_start(&s->out);
	return session_ok(s);
}
