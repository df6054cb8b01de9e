/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RAM that goes away behind our back: a file that is cut, memory that is mapped no more, or not for writing. Each is an error, where
 * a plain access would be a signal; and by the file, where there is no process_vm_readv, it is the same.
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

#include "host/memory.h"
#include "tap.h"

#define GPA 0x40000000ull

static size_t page;
static uint8_t pattern[16], bytes[0x40000];

/* Four pages of a file, shared as a VMM shares them with others. */
static struct ram of_file(int *fd)
{
	uint8_t *at;

	*fd = memfd_create("guest", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, (off_t)(4 * page)))
		exit(1);
	at = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (at == MAP_FAILED)
		exit(1);
	memset(at, 0x11, 4 * page);
	return (struct ram){ .self = getpid(), .n = 1, .piece = { { .gpa = GPA, .size = 4 * page, .hva = at } } };
}

/* The last two of four pages are gone. */
static void check_gone(const struct ram *ram)
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
	int fd;
	struct ram ram = of_file(&fd);

	printf("# a file that is cut, by %s\n", by);
	is_int(ram_read(&ram, GPA, bytes, 4 * page), (ssize_t)(4 * page), "at first all is there");
	is_int(ftruncate(fd, (off_t)(2 * page)), 0, "it is cut");
	check_gone(&ram);
	is_int(ftruncate(fd, (off_t)(4 * page)), 0, "it is as long again");
	is_int(ram_read(&ram, GPA + 2 * page, bytes, 2 * page), (ssize_t)(2 * page), "and there");
	close(fd);
	ram_unmap(&ram);
}

static void test_unmapped(const char *by)
{
	int fd;
	struct ram ram = of_file(&fd);

	printf("# memory that is unmapped, by %s\n", by);
	is_int(munmap(ram.piece[0].hva + 2 * page, 2 * page), 0, "it is unmapped");
	check_gone(&ram);
	close(fd);
	ram_unmap(&ram);
}

/* One page of four is mapped no more: what is in front of it and behind it is there. */
static void test_gap(const char *by)
{
	int fd;
	struct ram ram = of_file(&fd);

	printf("# a page amidst that is unmapped, by %s\n", by);
	is_int(munmap(ram.piece[0].hva + page, page), 0, "it is unmapped");
	is_int(ram_read(&ram, GPA, bytes, 4 * page), (ssize_t)page, "a read ends in front of it");
	is_int(ram_read(&ram, GPA + page, bytes, 2 * page), -EIO, "none of it is read");
	is_int(ram_read(&ram, GPA + 2 * page, bytes, 2 * page), (ssize_t)(2 * page), "all is behind it");
	is_int(ram_write(&ram, GPA + 2 * page - 1, pattern, 2), -EIO, "no write begins in it");
	is_int(ram_write(&ram, GPA + 2 * page, pattern, 2), 2, "one behind it does");
	close(fd);
	ram_unmap(&ram);
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
	struct cutter c = { 0 };
	struct ram ram = of_file(&c.fd);
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
	close(c.fd);
	ram_unmap(&ram);
}

/* A hole in a file is zeroes, as it is for the guest; writing fills it. */
static void test_hole(void)
{
	int fd;
	struct ram ram = of_file(&fd);

	is_int(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)page, (off_t)page), 0, "a hole in a file");
	is_int(ram_read(&ram, GPA + page - 1, bytes, 3), 3, "... is read");
	ok(bytes[0] == 0x11 && !bytes[1] && !bytes[2], "... as zeroes");
	is_int(ram_write(&ram, GPA + page, pattern, sizeof(pattern)), sizeof(pattern), "... and written");
	close(fd);
	ram_unmap(&ram);
}

static void test_read_only(void)
{
	int fd;
	struct ram ram = of_file(&fd);

	mprotect(ram.piece[0].hva, 4 * page, PROT_READ);
	is_int(ram_read(&ram, GPA, bytes, 1), 1, "memory that is not for writing is read");
	is_int(ram_write(&ram, GPA, pattern, 1), -EIO, "... and not written");
	mprotect(ram.piece[0].hva, 4 * page, PROT_NONE);
	is_int(ram_read(&ram, GPA, bytes, 1), -EIO, "memory that is not for reading is not read");
	close(fd);
	ram_unmap(&ram);
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
