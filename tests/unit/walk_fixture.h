/* SPDX-License-Identifier: BSD-2-Clause */
/* A walk of one architecture on a vCPU made by hand, and what is expected of it. Every walk is checked for what walk_check.h knows. */
#ifndef WALK_FIXTURE_H
#define WALK_FIXTURE_H

#include <stdlib.h>

#include "tap.h"
#include "walk_check.h"

static struct walker walker;
static struct fake_vcpu *const f = &walker.f;
static const char *walk_broke; /* the first promise that was */

static int translate(uint64_t va, struct arch_page *page)
{
	int err;
	const char *bad = walk_check(&walker, va, &err, page);

	if (bad && !walk_broke) {
		walk_broke = bad;
		printf("# 0x%" PRIx64 ": %s\n", va, bad);
	}
	walk_once(&walker, va, &(struct arch_page){ 0 }); /* for the counters */
	return err;
}

__attribute__((format(printf, 4, 5))) static void gives(uint64_t va, uint64_t pa, uint64_t size, const char *format, ...)
{
	char name[120];
	struct arch_page page;
	int err = translate(va, &page);
	va_list ap;

	va_start(ap, format);
	vsnprintf(name, sizeof(name), format, ap);
	va_end(ap);
	if (!ok(!err && page.pa == pa && page.size == size, "%s", name))
		printf("# got %d, 0x%" PRIx64 ", size 0x%" PRIx64 "\n", err, page.pa, page.size);
}

/* "rwxu", and - for what is not permitted. */
static inline void permits(uint64_t va, const char *want, const char *name)
{
	static const char letters[] = "rwxu";
	struct arch_page page;
	char got[5] = "";
	int err = translate(va, &page);

	for (unsigned i = 0; i < 4 && !err; i++)
		got[i] = page.access >> i & 1 ? letters[i] : '-';
	if (!ok(!strcmp(got, want), "%s: %s", want, name))
		printf("# got %d, %s\n", err, got);
}

/* Nothing is there, and it is known how far. */
static inline void ends(uint64_t va, int want, uint64_t size, const char *name)
{
	struct arch_page page;
	int err = translate(va, &page);

	if (!ok(err == want && page.size == size, "%s", name))
		printf("# got %d, size 0x%" PRIx64 "\n", err, page.size);
}

static inline void hole(uint64_t va, uint64_t size, const char *name)
{
	ends(va, -EFAULT, size, name);
}

__attribute__((format(printf, 3, 4))) static void fails(uint64_t va, int want, const char *format, ...)
{
	char name[120];
	struct arch_page page;
	va_list ap;

	va_start(ap, format);
	vsnprintf(name, sizeof(name), format, ap);
	va_end(ap);
	is_int(translate(va, &page), want, name);
}

static inline uint64_t random64(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ random();
}

static int walks_done(void)
{
	ok(!walk_broke, "every walk was as arch.h says: %s", walk_broke ? walk_broke : "yes");
	return done();
}

#endif
