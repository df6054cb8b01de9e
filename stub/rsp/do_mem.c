/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory, virtual or physical: m M x X. A read that is too long for a packet, or that meets an unreadable byte, is answered short, as gdb takes it. */
#include <errno.h>

#include "handlers.h"
#include "refusal.h"
#include "view.h"

/* At most max bytes into session->data; how many, or -errno. */
static ssize_t read_memory(struct session *s, const struct args *args, size_t max)
{
	uint64_t len = view_clip(args->n[0], args->n[1] < max ? args->n[1] : max);

	return len ? view_memory(s, args->n[0], s->data, (size_t)len) : 0;
}

static int write_memory(struct session *s, const struct args *args, const void *bytes, size_t n)
{
	uint64_t addr = args->n[0], len = args->n[1];
	int error;

	if (len != n)
		return session_refuse(s, EINVAL, "the length says %llu bytes, the packet has %zu", (unsigned long long)len, n);
	if (!n)
		return session_ok(s);
	if (n - 1 > UINT64_MAX - addr)
		return session_refuse(s, EFAULT, "the bytes reach beyond the last address");
	if (s->physical)
		error = s->target.ops->write_phys(s->target.t, addr, bytes, n);
	else
		error = s->target.ops->write_mem(s->target.t, session_general(s), addr, bytes, n);
	return error ? error : session_ok(s);
}

int do_read_hex(struct session *s, const struct args *args)
{
	ssize_t n = read_memory(s, args, PACKET_MAX / 2);

	if (n < 0)
		return (int)n;
	reply_hex(&s->out, s->data, (size_t)n);
	return ANSWERED;
}

int do_write_hex(struct session *s, const struct args *args)
{
	struct cursor text = args->rest;
	size_t n = cursor_hex(&text, s->data, sizeof(s->data));

	if (text.bad)
		return session_refuse_malformed(s, text.bad);
	return write_memory(s, args, s->data, n);
}

/*
 * Two protocols have an `x`. gdb's answer begins with 'b', and a stub offers it as binary-upload+ in its qSupported reply; newer
 * lldbs read that offer and follow. Older lldbs do not; they ask for nothing first, want OK for that, and bare bytes ever after.
 */
int do_read_binary(struct session *s, const struct args *args)
{
	ssize_t n = read_memory(s, args, PACKET_MAX - 1);

	if (n < 0)
		return (int)n;
	if (!args->n[1] && !(s->features & FEATURE_BINARY_UPLOAD)) {
		s->raw_upload = true;
		return session_ok(s);
	}
	if (!s->raw_upload)
		reply_char(&s->out, 'b');
	reply_binary(&s->out, s->data, (size_t)n);
	return ANSWERED;
}

int do_write_binary(struct session *s, const struct args *args)
{
	return write_memory(s, args, args->rest.at, cursor_left(&args->rest));
}
