/* SPDX-License-Identifier: BSD-2-Clause */
/* Machines in files: what was saved is what is restored, what is zero takes no room, and a file that was spoilt in any way is refused. No KVM. */
#include "host/snapshot.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOW 0x0
#define HIGH 0x100000000
#define SIZE 0x30000
#define TRAP_AT 0x2100

static char path[64];

static void new_ram(struct ram *ram)
{
	char text[200] = "";
	struct refusal why = { text, sizeof(text) };

	if (ram_open(ram) || ram_map(ram, 0, LOW, SIZE, &why) || ram_map(ram, 1, HIGH, SIZE, &why))
		diag("no memory", text);
}

/* In an empty machine the board has put something at its beginning. */
static void fill(struct ram *ram)
{
	strcpy((char *)ram->slot[0].hva + 0x2fff, "across two pages");
	ram->slot[0].hva[TRAP_AT] = 0xcc;
	ram->slot[1].hva[0] = 1;
	ram->slot[1].hva[SIZE - 1] = 2;
}

static void hide(void *arg, uint64_t gpa, void *buf, size_t len)
{
	unsigned *calls = arg;

	++*calls;
	if (gpa <= TRAP_AT && TRAP_AT - gpa < len)
		((uint8_t *)buf)[TRAP_AT - gpa] = 0x90;
}

static const uint64_t numbers[] = { 1, 2, 3 };

/* The same for both ways, as a board tells it. */
static bool tell(struct state *s, uint64_t *number, char *text, size_t *size, size_t most)
{
	return state_value(s, "number", number, sizeof(*number)) && state_sized(s, "text", text, size, most);
}

static int write_machine(int fd, struct ram *ram, unsigned *calls)
{
	char error[200] = "", text[] = "some text";
	struct refusal why = { error, sizeof(error) };
	struct snapshot p = { .fd = -1, .vcpus = 3, .memory = 2 * SIZE, .mode = "i386" };
	struct state s = { .why = &why };
	uint64_t number = numbers[1];
	size_t size = sizeof(text);
	int err;

	ok(tell(&s, &number, text, &size, sizeof(text)), "the state is told");
	err = snapshot_write(&p, fd, ram, &s, hide, calls, &why);
	state_free(&s);
	return err;
}

static int new_file(void)
{
	int fd = memfd_create("machine", 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd;
}

static void test_there_and_back(void)
{
	char error[200] = "", text[32] = "";
	struct refusal why = { error, sizeof(error) };
	int fd = new_file();
	struct ram from, to;
	struct snapshot p;
	struct state s;
	struct stat st;
	unsigned calls = 0;
	uint64_t number = 0;
	size_t size = 0;

	new_ram(&from);
	fill(&from);
	new_ram(&to);
	memset(to.slot[0].hva, 0xff, SIZE);
	memset(to.slot[1].hva, 0xff, SIZE);
	is_int(write_machine(fd, &from, &calls), 0, "a machine is written");
	ok(calls >= 2, "RAM is shown to whoever hides what is not the guest's");
	fstat(fd, &st);
	ok(st.st_blocks * 512 < SIZE, "what is zero takes no room: %lld bytes of %lld", (long long)st.st_blocks * 512,
		(long long)st.st_size);
	is_int(snapshot_open(&p, path, &why), 0, "it is one");
	is_int((int64_t)p.vcpus, 3, "its vCPUs");
	is_int((int64_t)p.memory, 2 * SIZE, "its memory");
	is_str(p.mode, "i386", "its mode");
	is_int(snapshot_load_ram(&p, &to, &why), 0, "RAM is loaded");
	from.slot[0].hva[TRAP_AT] = 0x90;
	ok(!memcmp(from.slot[0].hva, to.slot[0].hva, SIZE) && !memcmp(from.slot[1].hva, to.slot[1].hva, SIZE),
		"... as it was, what was zero as well, and what was hidden is not in it");
	is_int(snapshot_load_state(&p, &s, &why), 0, "the state is read");
	ok(tell(&s, &number, text, &size, sizeof(text)), "... and told");
	is_int((int64_t)number, (int64_t)numbers[1], "... a number");
	is_str(text, "some text", "... a text");
	is_int((int64_t)size, sizeof("some text"), "... of its size");
	is_int((int64_t)(s.n - s.at), 0, "there is nothing more");
	state_free(&s);
	snapshot_close(&p);
	ram_drop(&to);
	ram_map(&to, 0, LOW, SIZE, &why);
	is_int(snapshot_open(&p, path, &why), 0, "once more");
	is_int(snapshot_load_ram(&p, &to, &why), -EINVAL, "a machine with other memory");
	ok(strstr(error, "other memory"), "... %s", error);
	snapshot_close(&p);
	close(fd);
	ram_close(&from);
	ram_close(&to);
}

/* Every length but the right one, and every byte of the header that counts. */
static void test_spoilt(void)
{
	char error[200];
	struct refusal why = { error, sizeof(error) };
	int fd = new_file();
	unsigned calls = 0, taken = 0, silent = 0;
	struct ram ram;
	struct snapshot p;
	struct stat st;

	new_ram(&ram);
	write_machine(fd, &ram, &calls);
	fstat(fd, &st);
	for (off_t size = 0; size < st.st_size; size += size < 100 ? 1 : 4099) {
		ftruncate(fd, size);
		error[0] = '\0';
		taken += !snapshot_open(&p, path, &why);
		silent += !error[0];
		snapshot_close(&p);
	}
	is_int(taken, 0, "no file that was cut is taken");
	is_int(silent, 0, "... and it is said why");
	ftruncate(fd, 0);
	write_machine(fd, &ram, &calls);
	for (off_t at = 0; at < 16; at++) {
		uint8_t byte, other;

		pread(fd, &byte, 1, at);
		other = byte ^ 0x5a;
		pwrite(fd, &other, 1, at);
		taken += !snapshot_open(&p, path, &why);
		snapshot_close(&p);
		pwrite(fd, &byte, 1, at);
	}
	is_int(taken, 0, "none of another format or architecture");
	close(fd);
	ram_close(&ram);
}

static void refused_state(struct state *s, const char *want, const char *error)
{
	char text[32];
	uint64_t number;
	size_t size;

	ok(!tell(s, &number, text, &size, sizeof(text)), "refused: %s", want);
	ok(strstr(error, want), "... %s", error);
	ok(!state_value(s, "number", &number, sizeof(number)), "... and whatever comes behind it");
}

/* From a state that was told, with some of it changed. */
static void test_bad_states(void)
{
	char error[200] = "", text[40] = "a text";
	struct refusal why = { error, sizeof(error) };
	struct state told = { .why = &why };
	uint64_t number = 7;
	size_t size = sizeof(text);

	tell(&told, &number, text, &size, sizeof(text));
	for (size_t n = 0; n < told.n; n += 9) {
		struct state s = { .loads = true, .bytes = told.bytes, .n = n, .why = &why };

		refused_state(&s, "it", error);
	}
	told.at = 0;
	told.loads = true;
	refused_state(&told, "another machine", error);
	told.err = 0;
	told.at = 0;
	memset(told.bytes, 'x', STATE_NAME);
	refused_state(&told, "\"number\" is not as it is here", error);
	state_free(&told);
}

int main(void)
{
	test_there_and_back();
	test_spoilt();
	test_bad_states();
	return done();
}
