/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns how slots are found by questions (memslots_ask.h). Where free addresses end a slot begins. Where it lies in the VMM,
 * and how large it is, is guessed by the VMM's mappings and by the slots that are known already, until KVM says that a guess
 * is right.
 */
#include "memslots_queries.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>

#include "memslots_ask.h"
#include "memslots_maps.h"

#define IDS 512			/* from 0 on: VMMs number their slots so */
#define SCAN_MAX 65536		/* sizes or addresses that are tried one by one */
#define SHORT_SCAN_MAX 1024	/* sizes at each mapping */
#define PLACE_MAX 100000	/* ioctls for one slot: a tenth of a second */
#define PASSES 4		/* what is found in one helps in the next */
#define LARGE_PAGE (2ull << 20) /* what VMMs align RAM to, within a larger mapping */

struct id {
	unsigned nr;
	uint32_t flags; /* whether it has dirty logging */
	bool placed;
};

struct search {
	struct ask ask;
	struct maps maps;
	struct id id[IDS];
	unsigned ids;
	struct memslots *found;

	/* The slot that is looked for now: it begins at gpa. */
	uint64_t gpa;
	uint64_t run; /* bytes from there to a page that is free */
	struct memslot guess[ASK_BATCH];
	unsigned guesses;
	bool is_found;
};

/* ---- guesses ---- */

static void take(struct search *s, const struct memslot *slot)
{
	s->is_found = true;
	s->guess[0] = *slot;
	for (unsigned i = 0; i < s->ids; i++)
		if (s->id[i].nr == slot->id)
			s->id[i].placed = true;
}

static int try_guesses(struct search *s)
{
	int n = s->guesses ? ask_exact(&s->ask, s->guess, s->guesses) : 0;
	unsigned guesses = s->guesses;

	s->guesses = 0;
	if (n < 0)
		return n;
	if ((unsigned)n < guesses)
		take(s, &s->guess[n]);
	return 0;
}

/* The slot lies at hva and is so large: by whichever id. */
static int guess(struct search *s, uint64_t hva, uint64_t size)
{
	uint64_t page = s->ask.vm->page_size;
	bool may = size && hva % page == 0 && size % page == 0 && size <= s->run && size <= maps_length(&s->maps, hva);
	int err = 0;

	for (unsigned i = 0; may && !err && !s->is_found && i < 2 * s->ids; i++) {
		const struct id *id = &s->id[i / 2];

		if (id->placed)
			continue;
		s->guess[s->guesses++] = (struct memslot){ .id = id->nr,
			.gpa = s->gpa,
			.size = size,
			.hva = hva,
			.flags = id->flags | (i % 2 ? KVM_MEM_READONLY : 0) };
		if (s->guesses == ASK_BATCH)
			err = try_guesses(s);
	}
	return err;
}

/* As the slots that are known: in one piece with them, behind them, before them, or the same memory once more. */
static int guess_by_slots(struct search *s)
{
	int err = 0;

	for (unsigned i = s->found->n; i-- && !err && !s->is_found;) {
		const struct memslot *known = &s->found->slot[i];
		const uint64_t hva[] = { known->hva + (s->gpa - known->gpa), known->hva + known->size, known->hva - s->run,
			known->hva };

		for (unsigned k = 0; k < sizeof(hva) / sizeof(hva[0]) && !err; k++)
			err = guess(s, hva[k], s->run);
		if (!err)
			err = guess(s, known->hva, known->size);
	}
	return err;
}

/* A mapping, at either end; or all of it. */
static int guess_by_mapping(struct search *s, const struct mapping *m)
{
	uint64_t size = m->end - m->start;
	int err = guess(s, m->start, s->run);

	if (!err && size != s->run)
		err = guess(s, m->start, size);
	if (!err && size > s->run)
		err = guess(s, m->end - s->run, s->run);
	if (!err && size > s->run && m->start % LARGE_PAGE)
		err = guess(s, (m->start + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1), s->run);
	return err;
}

static int guess_by_each(struct search *s, bool own)
{
	int err = 0;

	for (unsigned i = 0; i < s->maps.n && !err && !s->is_found; i++)
		if (s->maps.at[i].own == own && s->maps.at[i].readable)
			err = guess_by_mapping(s, &s->maps.at[i]);
	return err;
}

static int guess_by_mappings(struct search *s)
{
	return guess_by_each(s, false);
}

static int guess_by_own_mappings(struct search *s)
{
	return guess_by_each(s, true);
}

/* One size after the other at hva: slots lie beside each other, and none knows where this one ends. */
static int scan_sizes(struct search *s, uint64_t hva, uint64_t most)
{
	uint64_t page = s->ask.vm->page_size, length = maps_length(&s->maps, hva);
	int err = 0;

	for (uint64_t n = 1; n <= most && n * page < s->run && n * page <= length && !err && !s->is_found; n++)
		err = guess(s, hva, n * page);
	return err;
}

static int scan_sizes_by_slots(struct search *s)
{
	uint64_t before = 0;
	int err = 0;

	for (unsigned i = s->found->n; i-- && !err && !s->is_found;) {
		const struct memslot *known = &s->found->slot[i];
		uint64_t hva = known->hva + (s->gpa - known->gpa);

		if (hva != before)
			err = scan_sizes(s, hva, SCAN_MAX);
		before = hva;
		if (!err)
			err = scan_sizes(s, known->hva + known->size, SCAN_MAX);
	}
	return err;
}

static int scan_sizes_by_mappings(struct search *s)
{
	int err = 0;

	for (unsigned i = 0; i < s->maps.n && !err && !s->is_found; i++)
		if (!s->maps.at[i].own && s->maps.at[i].readable)
			err = scan_sizes(s, s->maps.at[i].start, SHORT_SCAN_MAX);
	return err;
}

/* One address after the other, within one mapping. */
static int scan_addresses(struct search *s)
{
	uint64_t page = s->ask.vm->page_size;
	int err = 0;

	for (unsigned i = 0; i < s->maps.n && !err && !s->is_found; i++) {
		const struct mapping *m = &s->maps.at[i];

		if (m->own || !m->readable || m->end - m->start <= s->run || (m->end - m->start - s->run) / page > SCAN_MAX)
			continue;
		for (uint64_t hva = m->start; hva <= m->end - s->run && !err && !s->is_found; hva += page)
			err = guess(s, hva, s->run);
	}
	return err;
}

/* From the likely to the unlikely; the unlikely only where it is worth some time. */
static int place_slot(struct search *s, bool thorough)
{
	static int (*const ways[])(struct search *) = { guess_by_slots, guess_by_mappings, guess_by_own_mappings, try_guesses,
		scan_sizes_by_slots, scan_sizes_by_mappings, scan_addresses, try_guesses };
	unsigned n = thorough ? sizeof(ways) / sizeof(ways[0]) : 4;
	int err = 0;

	s->is_found = false;
	s->guesses = 0;
	s->ask.left = PLACE_MAX;
	for (unsigned i = 0; i < n && !err && !s->is_found; i++)
		err = ways[i](s);
	return err == -E2BIG ? 0 : err;
}

/* ---- the table ---- */

/* x86's KVM has slots of its own; so what is left when all ids have their place is none of the VMM's. */
static bool has_unplaced(const struct search *s)
{
	for (unsigned i = 0; i < s->ids; i++)
		if (!s->id[i].placed)
			return true;
	return false;
}

/* The slot at s->gpa, if it is not known yet, and where to look for the next. */
static int find_slot(struct search *s, bool thorough, uint64_t *next)
{
	const struct memslot *known = memslots_at(s->found, s->gpa);
	int err = known ? 0 : ask_end(&s->ask, s->gpa, next);

	s->run = *next - s->gpa;
	if (!err && !known)
		err = place_slot(s, thorough);
	if (err)
		return err;
	if (known) {
		*next = known->gpa + known->size;
	} else if (s->is_found) {
		*next = s->gpa + s->guess[0].size;
		err = memslots_add(s->found, &s->guess[0]);
	} else {
		s->found->missing += has_unplaced(s);
	}
	return err;
}

static int find_slots(struct search *s, bool thorough)
{
	uint64_t next = 0;
	int err = ask_first(&s->ask, 0, &s->gpa);

	s->found->missing = 0;
	while (!err && s->gpa < s->ask.end) {
		err = find_slot(s, thorough, &next);
		if (!err)
			err = ask_first(&s->ask, next, &s->gpa);
	}
	if (!err && next)
		s->ask.end = next; /* for the next time */
	return err;
}

/* Again, as long as that finds more. */
static int find_all_slots(struct search *s)
{
	unsigned before = 0;
	int err = find_slots(s, false);

	for (unsigned i = 1; i < PASSES && !err && s->found->missing && (i == 1 || s->found->n > before); i++) {
		before = s->found->n;
		err = find_slots(s, true);
	}
	return err;
}

/* An id whose dirty logging cannot be told is left out: what is asked about it could turn that off. */
static int add_id(struct search *s, unsigned nr)
{
	int log = ask_dirty_log(&s->ask, nr);

	if (log >= 0)
		s->id[s->ids++] = (struct id){ .nr = nr, .flags = log ? KVM_MEM_LOG_DIRTY_PAGES : 0 };
	return log < 0 && log != -EPROTO ? log : 0;
}

static int find_ids(struct search *s)
{
	unsigned id[ASK_BATCH];
	bool exists[ASK_BATCH];
	int err = ask_dirty_log(&s->ask, s->ask.id); /* of no slot it has to say: none */

	for (unsigned first = 0; first < IDS && !err; first += ASK_BATCH) {
		for (unsigned i = 0; i < ASK_BATCH; i++)
			id[i] = first + i;
		err = ask_ids(&s->ask, id, exists, ASK_BATCH);
		for (unsigned i = 0; i < ASK_BATCH && !err; i++)
			err = exists[i] ? add_id(s, id[i]) : 0;
	}
	return err > 0 ? -EPROTO : err;
}

static int refuse_search(const struct refusal *why, int err)
{
	if (err == -ENOTRECOVERABLE)
		return refuse(why, err, "KVM made a slot that it was expected to refuse, which was taken away again");
	if (err == -EPROTO || err == -EEXIST)
		return refuse(why, err, "KVM's answers do not go together: the VMM may be changing its memory");
	return refuse(why, err, "KVM cannot be asked in the VMM's process: %s", strerror(-err));
}

int memslots_queries_read(const struct memslots_vm *vm, struct memslots *slots, const struct refusal *why)
{
	struct search s = { .found = slots };
	int err = ask_open(&s.ask, vm, why);

	if (err)
		return err;
	err = maps_read(vm->pid, &s.maps);
	if (!err)
		err = find_ids(&s);
	if (!err)
		err = find_all_slots(&s);
	maps_free(&s.maps);
	if (err)
		return refuse_search(why, err);
	if (!slots->n)
		return refuse(why, -ENXIO, "KVM tells that there is memory, but not where in the VMM's process");
	return 0;
}
