/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of slots, which come, move and go; and RAM that goes away behind our back: a file that is cut, memory that is mapped no more,
 * or not for writing. Each is an error, where a plain access would be a signal; and by the file, where there is no process_vm_readv, it
 * is the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/ram.h"
#include "tap.h"

#define GPA 0x40000000ull

static size_t page;
static uint8_t pattern[16], bytes[0x40000];

/* Four pages of a file, shared as a VMM shares them with others. */
static int of_file(struct ram *ram)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	uint8_t *at;

	if (fd < 0 || ftruncate(fd, (off_t)(4 * page)))
		exit(1);
	at = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		exit(1);
	memset(at, 0x11, 4 * page);
	if (ram_open(ram) || ram_set(ram, 0, GPA, 4 * page, at, false))
		exit(1);
	return fd;
}

static void close_file(struct ram *ram, int fd)
{
	munmap(ram->slot[0].hva, 4 * page);
	ram_close(ram);
	close(fd);
}

/* The last two of four pages are gone. */
static void check_gone(struct ram *ram)
{
	is_int(ram_read(ram, GPA, bytes, 4 * page), (ssize_t)(2 * page), "a read ends in front of it");
	is_int(ram_read(ram, GPA + 2 * page - 3, bytes, 16), 3, "... byte for byte");
	is_int(ram_read(ram, GPA + 2 * page, bytes, 1), -EIO, "none of it is read");
	is_int(ram_read(ram, GPA + 4 * page - 1, bytes, 1), -EIO, "... to its end");
	is_int(ram_write(ram, GPA + 3 * page, pattern, sizeof(pattern)), -EIO, "none of it is written");
	is_int(ram_write(ram, GPA + 2 * page - 3, pattern, sizeof(pattern)), 3, "a write ends in front of it");
	is_int(ram_read(ram, GPA + 2 * page - 3, bytes, 3), 3, "what is left");
	ok(!memcmp(bytes, pattern, 3), "... has what was written");
}

static void test_cut(const char *by)
{
	struct ram ram;
	int fd = of_file(&ram);

	printf("# a file that is cut, by %s\n", by);
	is_int(ram_read(&ram, GPA, bytes, 4 * page), (ssize_t)(4 * page), "at first all is there");
	is_int(ftruncate(fd, (off_t)(2 * page)), 0, "it is cut");
	check_gone(&ram);
	is_int(ftruncate(fd, (off_t)(4 * page)), 0, "it is as long again");
	is_int(ram_read(&ram, GPA + 2 * page, bytes, 2 * page), (ssize_t)(2 * page), "and there");
	close_file(&ram, fd);
}

static void test_unmapped(const char *by)
{
	struct ram ram;
	int fd = of_file(&ram);

	printf("# memory that is unmapped, by %s\n", by);
	is_int(munmap(ram.slot[0].hva + 2 * page, 2 * page), 0, "it is unmapped");
	check_gone(&ram);
	close_file(&ram, fd);
}

/* One page of four is mapped no more: what is in front of it and behind it is there. */
static void test_gap(const char *by)
{
	struct ram ram;
	int fd = of_file(&ram);

	printf("# a page amidst that is unmapped, by %s\n", by);
	is_int(munmap(ram.slot[0].hva + page, page), 0, "it is unmapped");
	is_int(ram_read(&ram, GPA, bytes, 4 * page), (ssize_t)page, "a read ends in front of it");
	is_int(ram_read(&ram, GPA + page, bytes, 2 * page), -EIO, "none of it is read");
	is_int(ram_read(&ram, GPA + 2 * page, bytes, 2 * page), (ssize_t)(2 * page), "all is behind it");
	is_int(ram_write(&ram, GPA + 2 * page - 1, pattern, 2), -EIO, "no write begins in it");
	is_int(ram_write(&ram, GPA + 2 * page, pattern, 2), 2, "one behind it does");
	close_file(&ram, fd);
}

/* Somebody else cuts the file and lengthens it, again and again, until it is told to end. */
struct cutter {
	int fd;
	atomic_bool end;
	atomic_uint cuts;
};

static void *cut_again(void *arg)
{
	struct cutter *c = arg;

	while (!c->end && !ftruncate(c->fd, (off_t)page) && !ftruncate(c->fd, (off_t)(4 * page)))
		c->cuts++;
	return NULL;
}

#define ENCOUNTERS 100
#define PATIENCE 3000000 /* cuts */

/* While it is read and written: at every moment at least one page is there, and at most four are. Until that was met often enough. */
static void test_race(const char *by)
{
	static uint8_t to[4 * 0x10000];
	struct ram ram;
	struct cutter c = { .fd = of_file(&ram) };
	pthread_t thread;
	bool good = page <= 0x10000;
	unsigned cut = 0;

	printf("# a file that is cut meanwhile, by %s\n", by);
	if (pthread_create(&thread, NULL, cut_again, &c))
		exit(1);
	while (good && cut < ENCOUNTERS && c.cuts < PATIENCE) {
		ssize_t n = ram_read(&ram, GPA, to, 4 * page), last = ram_read(&ram, GPA + 3 * page, to, 1);
		ssize_t written = ram_write(&ram, GPA + page - 1, pattern, 2);

		good = n >= (ssize_t)page && n <= (ssize_t)(4 * page) && (last == 1 || last == -EIO) &&
		       (written == 1 || written == 2);
		cut += n < (ssize_t)(4 * page) || last < 0 || written < 2;
	}
	c.end = true;
	pthread_join(thread, NULL);
	ok(good, "what is read and written is what was there");
	ok(cut >= ENCOUNTERS, "... which was less at times");
	close_file(&ram, c.fd);
}

/* A hole in a file is zeroes, as it is for the guest; writing fills it. */
static void test_hole(void)
{
	struct ram ram;
	int fd = of_file(&ram);

	is_int(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)page, (off_t)page), 0, "a hole in a file");
	is_int(ram_read(&ram, GPA + page - 1, bytes, 3), 3, "... is read");
	ok(bytes[0] == 0x11 && !bytes[1] && !bytes[2], "... as zeroes");
	is_int(ram_write(&ram, GPA + page, pattern, sizeof(pattern)), sizeof(pattern), "... and written");
	close_file(&ram, fd);
}

static void test_read_only(void)
{
	struct ram ram;
	int fd = of_file(&ram);

	mprotect(ram.slot[0].hva, 4 * page, PROT_READ);
	is_int(ram_read(&ram, GPA, bytes, 1), 1, "memory that is not for writing is read");
	is_int(ram_write(&ram, GPA, pattern, 1), -EIO, "... and not written");
	mprotect(ram.slot[0].hva, 4 * page, PROT_NONE);
	is_int(ram_read(&ram, GPA, bytes, 1), -EIO, "memory that is not for reading is not read");
	close_file(&ram, fd);
}

/* ---- the table ---- */

static void is_gpas(struct ram *ram, const uint64_t *want, unsigned n, const char *name)
{
	struct ram_slot s;
	bool good = true;

	for (unsigned i = 0; i < n; i++)
		good &= ram_nth(ram, i, &s) && s.gpa == want[i];
	ok(good && !ram_nth(ram, n, &s), "%s", name);
}

static void test_slots(void)
{
	static uint8_t there[0x300];
	static const uint64_t sorted[] = { 0x1000, 0x2000, 0x4000, 0x8000 }, moved[] = { 0x1000, 0x2000, 0x6000, 0x8000 };
	static const uint64_t gone[] = { 0x1000, 0x6000, 0x8000 };
	struct ram ram;
	struct ram_slot s;

	memset(there, 0x22, sizeof(there));
	ram_open(&ram);
	is_int(ram_read(&ram, 0x1000, bytes, 1), -EFAULT, "an empty table has no RAM");
	is_int(ram_set(&ram, 3, 0, 0, NULL, false), 0, "a slot goes that is not there");
	is_int(ram_set(&ram, 7, 0x4000, 0x1000, NULL, false), 0, "one slot");
	is_int(ram_set(&ram, 1, 0x1000, 0x1000, NULL, true), 0, "one below it");
	is_int(ram_set(&ram, 9, 0x8000, 0x1000, NULL, false), 0, "one above it");
	is_int(ram_set(&ram, 2, 0x2000, 0x100, there, false), 0, "one between them");
	is_gpas(&ram, sorted, 4, "they are known by address");
	ok(ram_nth(&ram, 0, &s) && s.read_only && s.nr == 1 && s.size == 0x1000, "with what they are");
	is_int(ram_read(&ram, 0x20f0, bytes, 0x100), 0x10, "a read ends with its slot");
	is_int(ram_set(&ram, 4, 0x3fff, 2, NULL, false), -EEXIST, "none is over the first byte of another");
	is_int(ram_set(&ram, 4, 0x4fff, 2, NULL, false), -EEXIST, "nor over the last");
	is_int(ram_set(&ram, 4, 0, 0x10000, NULL, false), -EEXIST, "nor over all of them");
	is_int(ram_set(&ram, 4, UINT64_MAX, 2, NULL, false), -EINVAL, "nor beyond all addresses");
	is_int(ram_set(&ram, 4, UINT64_MAX, 1, NULL, false), 0, "up to the last one");
	is_int(ram_set(&ram, 4, 0, 0, NULL, false), 0, "and that goes");
	is_int(ram_set(&ram, 7, 0x8800, 0x1000, NULL, false), -EEXIST, "a slot is not moved over another");
	is_gpas(&ram, sorted, 4, "and remains where it was");
	is_int(ram_set(&ram, 7, 0x4800, 0x1000, NULL, false), 0, "it is moved over itself");
	is_int(ram_set(&ram, 7, 0x6000, 0x1000, NULL, false), 0, "and elsewhere");
	is_gpas(&ram, moved, 4, "and is there");
	is_int(ram_set(&ram, 2, 0, 0, NULL, false), 0, "one goes");
	is_gpas(&ram, gone, 3, "and the others are there");
	is_int(ram_read(&ram, 0x2000, bytes, 1), -EFAULT, "it is no RAM any more");
	ram_close(&ram);
}

/* More than there is room for at first, from above; each is where it belongs. */
static void test_many_slots(void)
{
	static uint8_t there[1000];
	struct ram ram;
	bool good = true;

	ram_open(&ram);
	for (unsigned i = 0; i < sizeof(there); i++) {
		unsigned at = (i * 7) % sizeof(there); /* each once, in no order */

		there[at] = (uint8_t)(at * 13);
		good &= !ram_set(&ram, at, 0x1000 * at, 1, &there[at], false);
	}
	for (unsigned i = 0; good && i < sizeof(there); i++)
		good = ram_read(&ram, 0x1000 * i, bytes, 2) == 1 && bytes[0] == there[i];
	ok(good, "a thousand slots");
	ok(ram_find(&ram, 0x1000, 1) && !ram_find(&ram, 0x1000, 2) && !ram_find(&ram, 0x1001, 1), "each by its address only");
	is_int((int64_t)ram_size(&ram), sizeof(there), "and of so many bytes in all");
	ram_close(&ram);
}

/* ---- slots that come, move and go while they are read and written ---- */

struct mover {
	struct ram *ram;
	atomic_bool end, bad;
	atomic_uint moves;
};

/* What was at an address before is unmapped: nobody is to be reading there. */
static void *move_again(void *arg)
{
	struct mover *m = arg;

	while (!m->end) {
		uint8_t *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED)
			break;
		memset(at, 0x33, page);
		m->bad |= ram_set(m->ram, 5, GPA + page * (m->moves % 3), page, at, false) != 0;
		m->bad |= ram_set(m->ram, 5, 0, 0, NULL, false) != 0;
		munmap(at, page);
		m->moves++;
	}
	return NULL;
}

static void test_moves(void)
{
	struct ram ram;
	struct mover m = { .ram = &ram };
	unsigned met = 0, missed = 0;
	pthread_t thread;

	ram_open(&ram);
	if (pthread_create(&thread, NULL, move_again, &m))
		exit(1);
	while (!m.bad && (met < ENCOUNTERS || missed < ENCOUNTERS) && m.moves < PATIENCE) {
		ssize_t n = ram_read(&ram, GPA + page, bytes, 8);

		m.bad |= n != 8 && n != -EFAULT;
		m.bad |= n == 8 && bytes[7] != 0x33;
		met += n == 8;
		missed += n < 0;
	}
	m.end = true;
	pthread_join(thread, NULL);
	ok(!m.bad, "a slot that comes and goes is read whole, or is not there");
	ok(met >= ENCOUNTERS && missed >= ENCOUNTERS, "... and each was so at times");
	ram_close(&ram);
}

/* ---- memory that somebody else moves ---- */

struct owner {
	uint8_t byte;
	ssize_t says;
	unsigned calls;
	size_t len;
};

static ssize_t owner_reads(void *opaque, uint64_t gpa, void *buf, size_t len)
{
	struct owner *o = opaque;

	(void)gpa;
	o->calls++;
	o->len = len;
	*(uint8_t *)buf = o->byte;
	return o->says;
}

static ssize_t owner_writes(void *opaque, uint64_t gpa, const void *buf, size_t len)
{
	struct owner *o = opaque;

	(void)gpa;
	o->calls++;
	o->len = len;
	o->byte = *(const uint8_t *)buf;
	return o->says;
}

static void test_owner(void)
{
	struct owner o = { .byte = 0x44, .says = 1 };
	struct ram ram;

	ram_open(&ram);
	ram.read = owner_reads;
	ram.write = owner_writes;
	ram.opaque = &o;
	ram_set(&ram, 0, GPA, 0x100, NULL, false);
	is_int(ram_read(&ram, GPA + 0x100, bytes, 1), -EFAULT, "the owner of memory is not asked for what is no RAM");
	is_int(ram_write(&ram, GPA - 1, bytes, 1), -EFAULT, "nor to write it");
	is_int(o.calls, 0, "not once");
	is_int(ram_read(&ram, GPA + 0xf0, bytes, 0x20), 1, "it is asked for RAM");
	is_int((int64_t)o.len, 0x10, "in one slot");
	is_int(bytes[0], 0x44, "and fills it in");
	is_int(ram_write(&ram, GPA, pattern, 4), 1, "it is told to write");
	is_int(o.byte, 0x77, "this");
	o.says = -EFAULT;
	is_int(ram_read(&ram, GPA, bytes, 1), -EFAULT, "it may refuse");
	o.says = 0;
	is_int(ram_read(&ram, GPA, bytes, 1), -EIO, "nothing is an error");
	o.says = 5;
	is_int(ram_read(&ram, GPA, bytes, 4), -EIO, "so is more than was asked for");
	ram_close(&ram);
}

/* From here on both calls are ENOSYS, as on a kernel without them. */
static bool forbid(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_writev, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(*filter), .filter = filter };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	memset(pattern, 0x77, sizeof(pattern));
	test_cut("process_vm_readv");
	test_unmapped("process_vm_readv");
	test_gap("process_vm_readv");
	test_race("process_vm_readv");
	test_slots();
	test_many_slots();
	test_moves();
	test_owner();
	test_hole();
	test_read_only();
	if (forbid()) {
		test_cut("the file");
		test_unmapped("the file");
		test_gap("the file");
		test_race("the file");
	} else {
		skip("by the file", "no seccomp filter can be set here");
	}
	return done();
}
