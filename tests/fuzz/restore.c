/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer entry point: files that `--restore` is given. The input is the state behind a header that is in order, and at times all of the
 * file. What is checked, besides what the sanitizers see: a refusal has its sentence, and no record is larger than its place.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined -I stub -D_GNU_SOURCE, stub/host/snapshot.c, state.c, load.c, ram.c, and stub/refuse.c.
 */
#include "host/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_SIZE 0x1000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static char text[200];
static const struct refusal why = { text, sizeof(text) };

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s (%s)\n", what, text);
	abort();
}

static struct ram *the_ram(void)
{
	static struct ram ram;

	if (!ram.n)
		check(!ram_open(&ram) && !ram_map(&ram, 0, 0, RAM_SIZE, &why), "no memory");
	return &ram;
}

static void hide_nothing(void *arg, uint64_t gpa, void *buf, size_t len)
{
	(void)arg;
	(void)gpa;
	(void)buf;
	(void)len;
}

/* Records as boards have them, until one is refused. */
static void take_state(struct state *s)
{
	uint8_t value[64];
	size_t size;

	while (!s->err) {
		memset(value, 0xa5, sizeof(value));
		if (state_value(s, "mp_state", value, 4))
			check(value[4] == 0xa5, "a record that is larger than its place");
		if (state_sized(s, "MSRs", value, &size, 32))
			check(size <= 32 && value[32] == 0xa5, "a record that is larger than its most");
		if (state_registers(s, "registers", -1))
			check(s->at <= s->n, "a record behind the end");
	}
	check(text[0], "a refusal without a sentence");
}

static void try_file(const char *path)
{
	struct snapshot p;
	struct state s;

	text[0] = '\0';
	if (snapshot_open(&p, path, &why)) {
		check(text[0], "a refusal without a sentence");
		return;
	}
	check(!snapshot_load_ram(&p, the_ram(), &why) || text[0], "a refusal without a sentence");
	text[0] = '\0';
	if (!snapshot_load_state(&p, &s, &why))
		take_state(&s);
	state_free(&s);
	snapshot_close(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct snapshot p = { .fd = -1, .vcpus = 1, .memory = RAM_SIZE };
	struct state s = { .bytes = (uint8_t *)bytes, .n = n };
	int fd = memfd_create("machine", 0);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (n && bytes[0] == 'K')
		check(pwrite(fd, bytes, n, 0) == (ssize_t)n, "no file");
	else
		check(!snapshot_write(&p, fd, the_ram(), &s, hide_nothing, NULL, &why), "no file");
	try_file(path);
	close(fd);
	return 0;
}
