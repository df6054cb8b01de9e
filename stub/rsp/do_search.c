/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be asked about memory without hauling it over the wire: gdb's `find` (qSearch:memory) and `compare-sections` (qCRC), and
 * lldb's `memory region` (qMemoryRegionInfo).
 */
#include <errno.h>
#include <string.h>

#include "crc.h"
#include "find.h"
#include "handlers.h"
#include "view.h"

/*
 * gdb waits two seconds for an answer, three times (`set remotetimeout`), and then takes the answer that comes for that to its next packet.
 * Nothing else that a client says is heard meanwhile.
 */
#define LOOK_MS 800

/* Bytes that have been read and not looked at, at the beginning of session->data. */
struct window {
	uint64_t addr;
	size_t n;
};

static int64_t look_ends(struct session *s)
{
	return s->target.ops->clock_ms(s->target.t) + LOOK_MS;
}

static bool takes_too_long(struct session *s, int64_t end)
{
	return s->target.ops->clock_ms(s->target.t) >= end;
}

static size_t least(size_t a, uint64_t b)
{
	return a < b ? a : (size_t)b;
}

/* More of memory behind what is in the window, up to so many bytes; how many, or -errno. */
static ssize_t read_more(struct session *s, struct window *w, uint64_t left)
{
	ssize_t n = view_memory(s, w->addr + w->n, s->data + w->n, least(sizeof(s->data) - w->n, left));

	if (n > 0)
		w->n += (size_t)n;
	return n;
}

/* What the pattern may begin in is kept. */
static void keep(struct session *s, struct window *w, size_t n)
{
	size_t gone = w->n > n ? w->n - n : 0;

	memmove(s->data, s->data + gone, w->n - gone);
	w->addr += gone;
	w->n -= gone;
}

static int reply_found(struct session *s, uint64_t addr)
{
	reply_text(&s->out, "1,");
	reply_number(&s->out, addr);
	return ANSWERED;
}

/* The first place, 0 for none, or -errno. As far as it goes: gdb's own search, too, ends at a byte that cannot be read. */
static int search(struct session *s, uint64_t addr, uint64_t len, const struct cursor *pattern)
{
	const uint8_t *bytes = (const uint8_t *)pattern->at, *found;
	struct window w = { .addr = addr };
	size_t size = cursor_left(pattern);
	int64_t end = look_ends(s);

	while (len) {
		ssize_t n = read_more(s, &w, len);

		if (n < 0)
			return (int)n;
		found = find_bytes(s->data, w.n, bytes, size);
		if (found)
			return reply_found(s, w.addr + (uint64_t)(found - s->data));
		keep(s, &w, size - 1);
		len -= (uint64_t)n;
		if (len && takes_too_long(s, end))
			return session_refuse(s, ETIME, "not found so far, in %d ms; the search can go on at 0x%llx", LOOK_MS,
				(unsigned long long)w.addr);
	}
	reply_char(&s->out, '0');
	return ANSWERED;
}

int do_search(struct session *s, const struct args *args)
{
	size_t size = cursor_left(&args->rest);

	if (!size || size > sizeof(s->data) / 2)
		return session_refuse(
			s, EINVAL, "a pattern of %zu bytes: at least 1 and at most %zu", size, sizeof(s->data) / 2);
	return search(s, args->n[0], view_clip(args->n[0], args->n[1]), &args->rest);
}

int do_checksum(struct session *s, const struct args *args)
{
	uint64_t addr = args->n[0], len = args->n[1];
	int64_t end = look_ends(s);
	struct crc crc;

	if (len != view_clip(addr, len))
		return session_refuse(s, EFAULT, "the bytes reach beyond the last address");
	crc_begin(&crc);
	while (len) {
		ssize_t n = view_memory(s, addr, s->data, least(sizeof(s->data), len));

		if (n < 0)
			return (int)n;
		crc_add(&crc, s->data, (size_t)n);
		addr += (uint64_t)n;
		len -= (uint64_t)n;
		if (len && takes_too_long(s, end))
			return session_refuse(s, ETIME,
				"a checksum of 0x%llx bytes takes more than %d ms: it has come to 0x%llx",
				(unsigned long long)args->n[1], LOOK_MS, (unsigned long long)addr);
	}
	reply_char(&s->out, 'C');
	reply_number(&s->out, crc.value);
	return ANSWERED;
}

/* lldb takes an answer without permissions for a gap. */
int do_region(struct session *s, const struct args *args)
{
	struct memory_region r;
	int error = s->target.ops->find_region(s->target.t, session_general(s), args->n[0], &r);

	if (error)
		return error;
	reply_text(&s->out, "start:");
	reply_number(&s->out, r.start);
	reply_text(&s->out, ";size:");
	reply_number(&s->out, r.size);
	if (r.mapped) {
		reply_text(&s->out, ";permissions:");
		reply_text(&s->out, r.read ? "r" : "");
		reply_text(&s->out, r.write ? "w" : "");
		reply_text(&s->out, r.execute ? "x" : "");
	}
	reply_char(&s->out, ';');
	return ANSWERED;
}
