/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log as kernel/printk/ keeps it. From 5.10 on that are three arrays (printk_ringbuffer.h): descriptors, which have the state and
 * the place of each record; infos, with time and length; and a ring of texts. Before it was one ring of records. Where the arrays are,
 * and their layout, is in VMCOREINFO.
 *
 * The kernel may have stopped anywhere, and its memory may be anything: indices are cut to their arrays, as many records are looked at as
 * there can be, and no more text is printed than the ring has room for.
 */
#include "linux_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT_BITS_MAX 24
#define SIZE_BITS_MAX 30
#define TEXT_PIECE 256

/* ---- text, as dmesg prints it */

struct writer {
	const struct printer *out;
	uint64_t ns;   /* of the record */
	uint64_t left; /* bytes of text that may still come */
	size_t n;
	char buf[512];
};

static void flush(struct writer *w)
{
	w->buf[w->n] = '\0';
	if (w->n)
		w->out->print(w->out->arg, w->buf);
	w->n = 0;
}

#define CHARACTER_MAX 5 /* \x1b, and the NUL */

/* As /dev/kmsg has what is not printable. */
static void put_character(struct writer *w, unsigned char c)
{
	if (w->n + CHARACTER_MAX > sizeof(w->buf))
		flush(w);
	if ((c >= ' ' && c <= '~') || c == '\t' || c == '\n')
		w->buf[w->n++] = (char)c;
	else
		w->n += (size_t)snprintf(w->buf + w->n, CHARACTER_MAX, "\\x%02x", c);
}

static void put_time(struct writer *w)
{
	char text[48];

	snprintf(text, sizeof(text), "[%5llu.%06llu] ", (unsigned long long)(w->ns / 1000000000),
		(unsigned long long)(w->ns % 1000000000 / 1000));
	for (const char *c = text; *c; c++)
		put_character(w, (unsigned char)*c);
}

/* A piece of a record's text: each line of it begins with the time. */
static void put_text(struct writer *w, const char *text, size_t len)
{
	for (size_t n = 0; n < len; n++) {
		put_character(w, (unsigned char)text[n]);
		if (text[n] == '\n')
			put_time(w);
	}
}

/* ---- what is known of the kernel's structures */

/* Reads a member of the structure at va. False: VMCOREINFO has no such member, or it can not be read. */
static bool get_member(struct vmcoreinfo *i, uint64_t va, const char *member, unsigned size, uint64_t *value)
{
	char name[80];
	uint64_t offset;

	snprintf(name, sizeof(name), "OFFSET(%s)", member);
	return vmcoreinfo_number(i, name, &offset) && !vmcoreinfo_read_number(i, va + offset, size, value);
}

static bool get_offset(const struct vmcoreinfo *i, const char *member, uint64_t *offset)
{
	char name[80];

	snprintf(name, sizeof(name), "OFFSET(%s)", member);
	return vmcoreinfo_number(i, name, offset);
}

static bool get_size(const struct vmcoreinfo *i, const char *type, uint64_t *size)
{
	char name[80];

	snprintf(name, sizeof(name), "SIZE(%s)", type);
	return vmcoreinfo_number(i, name, size) && *size && *size < TEXT_PIECE;
}

/* ---- from 5.10 on */

struct ring {
	uint64_t count, descs, infos, head, tail; /* of descriptors; head and tail are ids */
	uint64_t size, data;			  /* of texts */
	uint64_t desc_size, state_at, begin_at, next_at;
	uint64_t info_size, time_at, length_at;
};

#define WORD 8
#define STATE_SHIFT 62 /* of prb_desc.state_var; what is below is the id */
#define ID_MASK ((1ull << STATE_SHIFT) - 1)
#define STATE_COMMITTED 1
#define STATE_FINALIZED 2

static bool find_layout(const struct vmcoreinfo *i, struct ring *r)
{
	uint64_t blk, begin, next;

	if (!get_size(i, "prb_desc", &r->desc_size) || !get_size(i, "printk_info", &r->info_size) ||
		!get_offset(i, "prb_desc.state_var", &r->state_at) || !get_offset(i, "prb_desc.text_blk_lpos", &blk) ||
		!get_offset(i, "prb_data_blk_lpos.begin", &begin) || !get_offset(i, "prb_data_blk_lpos.next", &next) ||
		!get_offset(i, "printk_info.ts_nsec", &r->time_at) || !get_offset(i, "printk_info.text_len", &r->length_at))
		return false;
	r->begin_at = blk + begin;
	r->next_at = blk + next;
	return true;
}

/* Where a part of struct printk_ringbuffer is. */
static bool find_part(const struct vmcoreinfo *i, uint64_t prb, const char *member, uint64_t *va)
{
	uint64_t offset;

	if (!get_offset(i, member, &offset))
		return false;
	*va = prb + offset;
	return true;
}

static bool read_ring(struct vmcoreinfo *i, uint64_t prb, struct ring *r)
{
	uint64_t desc_ring, text_ring, bits, size_bits;

	if (!find_part(i, prb, "printk_ringbuffer.desc_ring", &desc_ring) ||
		!find_part(i, prb, "printk_ringbuffer.text_data_ring", &text_ring))
		return false;
	if (!get_member(i, desc_ring, "prb_desc_ring.count_bits", 4, &bits) ||
		!get_member(i, desc_ring, "prb_desc_ring.descs", WORD, &r->descs) ||
		!get_member(i, desc_ring, "prb_desc_ring.infos", WORD, &r->infos) ||
		!get_member(i, desc_ring, "prb_desc_ring.head_id", WORD, &r->head) ||
		!get_member(i, desc_ring, "prb_desc_ring.tail_id", WORD, &r->tail) ||
		!get_member(i, text_ring, "prb_data_ring.size_bits", 4, &size_bits) ||
		!get_member(i, text_ring, "prb_data_ring.data", WORD, &r->data))
		return false;
	if (bits > COUNT_BITS_MAX || size_bits > SIZE_BITS_MAX || size_bits < 4)
		return false;
	r->count = 1ull << bits;
	r->size = 1ull << size_bits;
	return true;
}

/* Of a record's block, which is an id and the text: where the text is in the ring, and how much there can be. */
static bool find_text(const struct ring *r, uint64_t begin, uint64_t next, uint64_t *at, uint64_t *room)
{
	/* No text: a mark in place of the block. */
	if (begin & 1 || next & 1 || begin == next)
		return false;
	begin &= r->size - 1;
	next &= r->size - 1;
	/* A block that would go over the end begins at the beginning. One that ends at the end has a next of 0. */
	if (next < begin && next)
		begin = 0;
	else if (!next)
		next = r->size;
	*at = begin + WORD;
	*room = next > begin + WORD ? next - begin - WORD : 0;
	return true;
}

static bool print_record_text(struct vmcoreinfo *i, struct writer *w, uint64_t va, uint64_t len)
{
	char text[TEXT_PIECE];

	if (len > w->left)
		return false;
	w->left -= len;
	put_time(w);
	while (len) {
		size_t n = len < sizeof(text) ? len : sizeof(text);

		if (vmcoreinfo_read(i, va, text, n))
			return false;
		put_text(w, text, n);
		va += n;
		len -= n;
	}
	put_character(w, '\n');
	return true;
}

/* One record, unless it is not there any more, or not yet. False: it can not be read. */
static bool print_record(struct vmcoreinfo *i, const struct ring *r, struct writer *w, uint64_t id)
{
	uint64_t index = id & (r->count - 1), desc = r->descs + index * r->desc_size, info = r->infos + index * r->info_size;
	uint64_t state, begin, next, len, at, room;

	if (vmcoreinfo_read_number(i, desc + r->state_at, WORD, &state))
		return false;
	if ((state & ID_MASK) != id || ((state >> STATE_SHIFT) != STATE_COMMITTED && (state >> STATE_SHIFT) != STATE_FINALIZED))
		return true;
	if (vmcoreinfo_read_number(i, desc + r->begin_at, WORD, &begin) ||
		vmcoreinfo_read_number(i, desc + r->next_at, WORD, &next) ||
		vmcoreinfo_read_number(i, info + r->time_at, WORD, &w->ns) ||
		vmcoreinfo_read_number(i, info + r->length_at, 2, &len))
		return false;
	if (!find_text(r, begin, next, &at, &room))
		return true;
	return print_record_text(i, w, r->data + at, len < room ? len : room);
}

static int refuse_log(struct vmcoreinfo *i, const char *what)
{
	return refuse(&i->vcpu->guest->refusal, -EFAULT, "the kernel's log: %s", what);
}

static int print_ring(struct vmcoreinfo *i, uint64_t symbol, const struct printer *out)
{
	struct writer w = { .out = out };
	struct ring r = { 0 };
	uint64_t prb;
	bool good;

	if (!find_layout(i, &r))
		return refuse_log(i, "VMCOREINFO does not have all of its layout");
	if (vmcoreinfo_read_number(i, symbol, WORD, &prb) || !read_ring(i, prb, &r))
		return refuse_log(i, "its ring can not be read, or is none");
	w.left = r.size;
	good = true;
	for (uint64_t id = r.tail & ID_MASK, n = 0; good && n < r.count; id = (id + 1) & ID_MASK, n++) {
		good = print_record(i, &r, &w, id);
		if (id == (r.head & ID_MASK))
			break;
	}
	flush(&w);
	return good ? 0 : refuse_log(i, "it ends here: what follows is not in memory, or is no record");
}

/* ---- before 5.10 */

struct old_ring {
	uint64_t data, size, first, next;
	bool round; /* the end was met */
	uint64_t head_size, time_at, len_at, text_len_at;
};

static bool read_symbol(struct vmcoreinfo *i, const char *name, unsigned size, uint64_t *value)
{
	uint64_t va;

	return vmcoreinfo_number(i, name, &va) && !vmcoreinfo_read_number(i, va, size, value);
}

static bool read_old_ring(struct vmcoreinfo *i, struct old_ring *r)
{
	return read_symbol(i, "SYMBOL(log_buf)", WORD, &r->data) && read_symbol(i, "SYMBOL(log_buf_len)", 4, &r->size) &&
	       read_symbol(i, "SYMBOL(log_first_idx)", 4, &r->first) && read_symbol(i, "SYMBOL(log_next_idx)", 4, &r->next) &&
	       get_size(i, "printk_log", &r->head_size) && get_offset(i, "printk_log.ts_nsec", &r->time_at) &&
	       get_offset(i, "printk_log.len", &r->len_at) && get_offset(i, "printk_log.text_len", &r->text_len_at) &&
	       r->size <= 1ull << SIZE_BITS_MAX;
}

/* The record at `at`, which moves to the next. A length of 0 is the end of the ring, which is met once. */
static bool print_old_record(struct vmcoreinfo *i, struct old_ring *r, struct writer *w, uint64_t *at)
{
	uint64_t va = r->data + *at, len, text_len;

	if (*at + r->head_size > r->size || vmcoreinfo_read_number(i, va + r->len_at, 2, &len))
		return false;
	if (!len) {
		bool again = r->round;

		r->round = true;
		*at = 0;
		return !again;
	}
	if (vmcoreinfo_read_number(i, va + r->text_len_at, 2, &text_len) ||
		vmcoreinfo_read_number(i, va + r->time_at, WORD, &w->ns))
		return false;
	if (len < r->head_size || len > r->size - *at || text_len > len - r->head_size)
		return false;
	*at += len;
	return print_record_text(i, w, va + r->head_size, text_len);
}

static int print_old_ring(struct vmcoreinfo *i, const struct printer *out)
{
	struct writer w = { .out = out };
	struct old_ring r = { 0 };
	bool good = true;

	if (!read_old_ring(i, &r))
		return refuse_log(i, "VMCOREINFO does not tell where it is, or it is not there");
	w.left = r.size;
	for (uint64_t at = r.first; good && at != r.next;)
		good = print_old_record(i, &r, &w, &at);
	flush(&w);
	return good ? 0 : refuse_log(i, "it ends here: what follows is not in memory, or is no record");
}

int linux_log_print(struct vmcoreinfo *i, const struct printer *out)
{
	uint64_t prb;

	if (i->vcpu->guest->arch->pointer_size != WORD)
		return refuse_log(i, "only that of a 64-bit kernel is known");
	return vmcoreinfo_number(i, "SYMBOL(prb)", &prb) ? print_ring(i, prb, out) : print_old_ring(i, out);
}
