/* SPDX-License-Identifier: BSD-2-Clause */
/* Opcodes in memory: who shares them, what readers and writers see, and what becomes of bytes that the guest has written over them. */
#include <errno.h>
#include <stdlib.h>

#include "memory/planted.h"
#include "sim_host.h"
#include "tap.h"

#define BASE 0x40000000ull
#define RAM 0x4000
#define AT (BASE + 0x1000)
#define NOP 0xd503201f

static const uint8_t brk[] = { 0x00, 0x00, 0x20, 0xd4 };
#define BRK 0xd4200000

static struct sim_host *sim;
static struct planted planted;

static uint32_t in_memory(uint64_t pa)
{
	uint32_t word;

	memcpy(&word, sim->ram + (pa - BASE), sizeof(word));
	return word;
}

static void guest_writes(uint64_t pa, uint32_t word)
{
	memcpy(sim->ram + (pa - BASE), &word, sizeof(word));
}

/* As a reader of `len` bytes from pa on is shown them. */
static uint32_t shown(uint64_t pa, size_t len)
{
	uint32_t word = 0;

	memcpy(&word, sim->ram + (pa - BASE), len);
	planted_hide(&planted, pa, &word, len);
	return word;
}

static struct place *add(uint64_t pa)
{
	struct place *place = NULL;

	planted_add(&planted, pa, brk, sizeof(brk), &place);
	return place;
}

static void begin(void)
{
	planted = (struct planted){ .host = &sim->host };
	memset(sim->ram, 0, RAM);
	guest_writes(AT, NOP);
	guest_writes(AT + 4, NOP);
}

static void test_shared(void)
{
	struct place *first, *second;

	begin();
	first = add(AT);
	second = add(AT);
	ok(first && first == second && in_memory(AT) == BRK, "two share an opcode");
	is_int(shown(AT, 4), NOP, "... which no reader sees");
	planted_drop(&planted, first);
	is_int(in_memory(AT), BRK, "... as long as there is one");
	planted_drop(&planted, second);
	is_int(in_memory(AT), NOP, "then the guest's own is there");
	ok(!planted_at(&planted, AT), "... and nothing is known of it");
}

static void test_guest_writes(void)
{
	struct place *place;

	begin();
	place = add(AT);
	guest_writes(AT, 0x14000000); /* b .; two of its bytes are those of the opcode */
	ok(!planted_is_in(&planted, place), "the guest has written over it");
	is_int(shown(AT, 4), 0x14000000, "... and that is shown");
	is_int(shown(AT, 2), 0, "... of parts, too");
	planted_drop(&planted, place);
	is_int(in_memory(AT), 0x14000000, "... and stays");
	place = add(AT);
	guest_writes(AT, 0x11111111);
	is_int(planted_again(&planted, place), 0, "it can be put in again");
	ok(in_memory(AT) == BRK && shown(AT, 4) == 0x11111111, "... over what the guest has there now");
	guest_writes(AT, 0x22222222);
	ok(add(AT) == place && in_memory(AT) == BRK && shown(AT, 4) == 0x22222222, "... and is, when another one comes");
}

static void test_partial_writes(void)
{
	struct place *place;

	begin();
	place = add(AT);
	is_int(planted_write(&planted, AT + 1, "\xaa\xbb", 2), 2, "two bytes under an opcode are written");
	ok(in_memory(AT) == BRK && shown(AT, 4) == 0xd5bbaa1f, "... and are the guest's; the opcode stays in");
	is_int(planted_write(&planted, AT - 2, "\1\2\3\4", 4), 4, "from in front of it");
	ok(in_memory(AT) == BRK && shown(AT, 4) == 0xd5bb0403 && shown(AT - 4, 4) == 0x02010000, "... and all are right");
	guest_writes(AT, 0x11111111);
	planted_write(&planted, AT, "\xaa", 1);
	is_int(shown(AT, 4), 0x111111aa, "one byte where the guest has written: the others are what the guest wrote");
	is_int(in_memory(AT), BRK, "... and the opcode is in again");
	planted_drop(&planted, place);
	is_int(in_memory(AT), 0x111111aa, "... which goes without a trace");
}

static void test_lifted(void)
{
	struct place *place, *end;

	begin();
	place = add(AT);
	planted_lift(&planted, place);
	ok(in_memory(AT) == NOP && planted_is_lifted(place), "lifted, it is out");
	end = add(AT);
	ok(end == place && in_memory(AT) == BRK, "a step that ends there has one put in");
	planted_drop(&planted, end);
	is_int(in_memory(AT), NOP, "... and out");
	guest_writes(AT, 0x33333333);
	planted_again(&planted, place);
	ok(in_memory(AT) == BRK && shown(AT, 4) == 0x33333333, "what the guest has written meanwhile is under it");
	planted_drop(&planted, place);
	is_int(in_memory(AT), 0x33333333, "... in the end as well");
}

static ssize_t write_nothing(struct host *h, uint64_t gpa, const void *buf, size_t len)
{
	(void)h, (void)gpa, (void)buf, (void)len;
	return -EFAULT;
}

static void test_refused(void)
{
	struct host_ops read_only = *sim->host.ops;
	const struct host_ops *before = sim->host.ops;
	struct place *place = NULL;
	unsigned n = 0;

	begin();
	add(AT);
	is_int(planted_add(&planted, AT + 2, brk, 4, &place), -EBUSY, "no two opcodes overlap");
	is_int(planted_possible(&planted, AT - 3, brk, 4), -EBUSY, "... from in front");
	is_int(planted_possible(&planted, AT, (const uint8_t *)"\x70\x00\x20\xe1", 4), -EBUSY, "... or are different ones");
	is_int(planted_possible(&planted, AT + 4, brk, 4), 0, "neighbours are none of these");
	is_int(planted_add(&planted, BASE + RAM - 2, brk, 4, &place), -EFAULT, "there has to be RAM");
	read_only.write_mem = write_nothing;
	sim->host.ops = &read_only;
	is_int(planted_add(&planted, AT + 8, brk, 4, &place), -EROFS, "... that can be written");
	sim->host.ops = before;
	ok(!planted_at(&planted, AT + 8) && !place, "what is refused is not there");
	while (add(BASE + 4 * n))
		n++;
	ok(n >= 256 && planted_possible(&planted, BASE + 4 * n, brk, 4) == -ENOSPC, "there is an end to it: %u", n);
	ok(planted_possible(&planted, AT, brk, 4) == 0, "... but not for those that are there");
}

static void test_written_anew(void)
{
	struct place *same, *other, *empty;

	begin();
	guest_writes(AT + 0x100, 0x12345678);
	same = add(AT);
	other = add(AT + 0x100);
	empty = add(AT + 0x200);
	planted_remember(&planted);
	memset(sim->ram, 0, RAM);
	guest_writes(AT, NOP);
	guest_writes(AT + 4, NOP);
	guest_writes(AT + 0x100, 0x12345679);
	planted_reloaded(&planted);
	ok(same->known && !other->known && !empty->known, "code is known again, other code and none are not");
	planted_drop(&planted, other);
	planted_drop(&planted, empty);
	ok(in_memory(AT) == NOP && in_memory(AT + 0x100) == 0x12345679 && !in_memory(AT + 0x200),
		"memory is as it was written");
	is_int(planted_again(&planted, same), 0, "where the code is the opcode goes");
	is_int(in_memory(AT), BRK, "... back in");
	planted_forget(&planted);
	ok(in_memory(AT) == BRK && !planted_at(&planted, AT), "all is forgotten, and left");
}

int main(void)
{
	sim = sim_open(arch_find("aarch64"), 1, BASE, RAM);
	if (!sim)
		return 1;
	test_shared();
	test_guest_writes();
	test_partial_writes();
	test_lifted();
	test_refused();
	test_written_anew();
	return done();
}
