// SPDX-License-Identifier: BSD-2-Clause
/*
 * The module, as a program sees it: requests that are none, addresses that are none, files that are no vCPU, callers that may
 * not, a vCPU that runs, a signal half way. Runs as root in a nested machine that has the module loaded, and unloads it at the end.
 *
 *   many_regs_misuse [N]        numbers its tests from N + 1 on
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/patience.h"
#include "many_regs_setup.h"
#include "tap.h"

/* --- what is no request */

static void test_arguments(struct setup *s)
{
	static const struct {
		const char *name;
		uint32_t n, flags;
		uint64_t errors;
		int want;
	} cases[] = {
		{ "one entry too many", KVM_MANY_REGS_MAX + 1, 0, 0, -E2BIG },
		{ "as many entries as overflow 32 bits of bytes", 0x10000001, 0, 0, -E2BIG },
		{ "n of all ones", UINT32_MAX, KVM_MANY_REGS_GO_ON, 0, -E2BIG },
		{ "a flag that is not there", 1, 2, 0, -EINVAL },
		{ "the highest flag", 1, 1u << 31, 0, -EINVAL },
		{ "errors without going on", 1, 0, 0x1000, -EINVAL },
	};
	uint64_t ids[KVM_MANY_REGS_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_request(s, 1, 0);
		s->req->n = cases[i].n;
		s->req->flags = cases[i].flags;
		s->req->errors = cases[i].errors;
		is_int(many(s, KVM_GET_MANY_REGS, s->req), cases[i].want, cases[i].name);
		is_int(s->req->done, 77, "and done is not written");
	}
	is_int(many(s, KVM_GET_MANY_REGS, scratch_request(s, 0, 0)), 0, "a request for nothing");
	is_int(s->req->done, 0, "which writes done");
	for (uint32_t i = 0; i < KVM_MANY_REGS_MAX; i++)
		ids[i] = scratch_id(i % SCRATCH_IDS);
	is_int(many(s, KVM_GET_MANY_REGS, request(s, ids, KVM_MANY_REGS_MAX)), 0, "as many entries as there may be");
	is_int(s->req->done, KVM_MANY_REGS_MAX, "are all done");
}

static void test_requests(struct setup *s)
{
	static const struct {
		const char *name;
		unsigned long what;
	} cases[] = {
		{ "KVM_GET_ONE_REG of the device", KVM_GET_ONE_REG },
		{ "KVM_RUN of the device", KVM_RUN },
		{ "the number with another size", _IOWR(KVMIO, _IOC_NR(KVM_GET_MANY_REGS), struct kvm_one_reg) },
		{ "the number with another direction", _IOW(KVMIO, _IOC_NR(KVM_GET_MANY_REGS), struct kvm_many_regs) },
		{ "the next number", _IOWR(KVMIO, _IOC_NR(KVM_SET_MANY_REGS) + 1, struct kvm_many_regs) },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(many(s, cases[i].what, scratch_request(s, 1, 0)), -ENOTTY, cases[i].name);
}

/*
 * int 0x80 is a 32-bit program's way into a 64-bit x86 kernel, also from 64-bit code (arch/x86/entry/entry_64_compat.S); ioctl
 * is 54 there. Elsewhere a 32-bit program would be needed.
 */
static void test_32_bit(struct setup *s)
{
#ifdef __x86_64__
	struct kvm_many_regs *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long ret;

	*low = (struct kvm_many_regs){ .done = 77, .vcpu_fd = s->vm.vcpu };
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(54), "b"(s->device), "c"(KVM_GET_MANY_REGS), "d"(low)
			 : "memory", "r8", "r9", "r10", "r11");
	is_int(ret, -ENOTTY, "a 32-bit caller");
	is_int(low->done, 77, "which gets nothing");
	munmap(low, 4096);
#else
	(void)s;
	skip("a 32-bit caller", "there is no 32-bit compiler for this architecture here");
#endif
}

/* --- addresses */

/* A page that can be used, and one behind it that cannot. */
static char *two_pages(size_t size)
{
	char *pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(pages + size, size, PROT_NONE);
	return pages;
}

/* What only a kernel may touch. */
#define KERNEL_ADDRESS ((uint64_t)-0x10000)

static void test_address_of_request(struct setup *s, char *pages, size_t size)
{
	size_t room = sizeof(*s->req) + 3 * sizeof(s->req->reg[0]);
	struct kvm_many_regs *edge = (struct kvm_many_regs *)(void *)(pages + size - room);

	is_int(many(s, KVM_GET_MANY_REGS, NULL), -EFAULT, "a request at address 0");
	is_int(many(s, KVM_GET_MANY_REGS, (void *)KERNEL_ADDRESS), -EFAULT, "a request in the kernel");
	is_int(many(s, KVM_GET_MANY_REGS, (void *)(pages + size - 16)), -EFAULT, "a request that is cut off");

	memcpy(edge, scratch_request(s, 3, 0), room);
	edge->n = SCRATCH_IDS;
	is_int(many(s, KVM_GET_MANY_REGS, edge), -EFAULT, "entries that are cut off");
	is_int(edge->done, 3, "those before are done");

	memcpy(pages, scratch_request(s, 0, 0), sizeof(*s->req));
	mprotect(pages, size, PROT_READ);
	is_int(many(s, KVM_GET_MANY_REGS, (void *)pages), -EFAULT, "done has no place");
	mprotect(pages, size, PROT_READ | PROT_WRITE);
}

static void test_address_of_value(struct setup *s, unsigned long what, uint64_t address, const char *name)
{
	scratch_request(s, SCRATCH_IDS, 0x5000)->reg[2].addr = address;
	is_int(many(s, what, s->req), -EFAULT, name);
	is_int(s->req->done, 2, "those before it are done");
}

static void test_address_of_errors(struct setup *s, uint64_t address, uint32_t tried, const char *name)
{
	scratch_request(s, SCRATCH_IDS, 0);
	s->req->flags = KVM_MANY_REGS_GO_ON;
	s->req->errors = address;
	is_int(many(s, KVM_GET_MANY_REGS, s->req), -EFAULT, name);
	is_int(s->req->done, tried, "done counts those that were tried");
}

static void test_addresses(struct setup *s)
{
	size_t size = sysconf(_SC_PAGESIZE);
	char *pages = two_pages(size);
	uint64_t behind = (uintptr_t)pages + size;

	test_address_of_request(s, pages, size);
	test_address_of_value(s, KVM_GET_MANY_REGS, behind, "get: a value that has no place");
	test_address_of_value(s, KVM_GET_MANY_REGS, KERNEL_ADDRESS, "get: a value in the kernel");
	test_address_of_value(s, KVM_SET_MANY_REGS, behind, "set: a value that is nowhere");
	test_address_of_value(s, KVM_SET_MANY_REGS, KERNEL_ADDRESS, "set: a value in the kernel");
	test_address_of_errors(s, 0, 1, "errors at address 0");
	test_address_of_errors(s, KERNEL_ADDRESS, 1, "errors in the kernel");
	test_address_of_errors(s, behind - 2 * sizeof(int32_t), 3, "errors that are cut off");
	munmap(pages, 2 * size);
}

/* --- files that are no vCPU */

/* Unlike most files it has an ioctl of its own, which must not be reached. */
static int named_fifo(void)
{
	return mkfifo("kvm-vcpu:0", 0600) ? -1 : open("kvm-vcpu:0", O_RDWR);
}

static int reading_end(void)
{
	int ends[2];

	return pipe(ends) ? -1 : ends[0];
}

static void test_files(struct setup *s)
{
	const struct {
		const char *name;
		int fd, want;
	} files[] = {
		{ "/dev/kvm", s->vm.kvm, -ENOTTY },
		{ "the VM", s->vm.fd, -ENOTTY },
		{ "the vCPU's statistics", ioctl(s->vm.vcpu, KVM_GET_STATS_FD, NULL), -ENOTTY },
		{ "the device itself", s->device, -ENOTTY },
		{ "/dev/null", open("/dev/null", O_RDWR), -ENOTTY },
		{ "a pipe", reading_end(), -ENOTTY },
		{ "another anonymous inode", eventfd(0, 0), -ENOTTY },
		{ "a FIFO that is called as a vCPU", named_fifo(), -ENOTTY },
		{ "memory that is called as a vCPU", memfd_create("kvm-vcpu:0", 0), -ENOTTY },
		{ "a directory", open("/", O_RDONLY), -ENOTTY },
		{ "a path", open("/dev/kvm", O_PATH), -EBADF },
		{ "-1", -1, -EBADF },
		{ "a number that is not open", 1000, -EBADF },
	};

	bool touched = false;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		scratch_request(s, 1, 0)->vcpu_fd = files[i].fd;
		if (files[i].want == -ENOTTY && files[i].fd < 0)
			skip(files[i].name, strerror(errno));
		else
			is_int(many(s, KVM_GET_MANY_REGS, s->req), files[i].want, files[i].name);
		touched |= s->req->done != 77;
	}
	ok(!touched, "with all these, done is not written");
}

/* --- who may */

/* What another process gets from a request for one register: its errno, and done. */
static int from_another_process(struct setup *s, uint32_t flags)
{
	int32_t error = 1;
	int status;

	fflush(stdout);
	if (!fork()) {
		scratch_request(s, 1, 0x7000);
		s->req->flags = flags;
		s->req->errors = flags ? (uintptr_t)&error : 0;
		status = many(s, KVM_SET_MANY_REGS, s->req);
		_exit(s->req->done == 0 && error == 1 ? -status : 0);
	}
	wait(&status);
	return -WEXITSTATUS(status);
}

static bool opens_for_a_user(void)
{
	int status;

	fflush(stdout);
	if (!fork())
		_exit(setuid(1000) || open(KVM_MANY_REGS_DEVICE, O_RDWR) >= 0 || errno != EACCES);
	wait(&status);
	return status != 0;
}

static void test_others(struct setup *s)
{
	struct stat st = { 0 };

	is_int(many(s, KVM_SET_MANY_REGS, scratch_request(s, 1, 0x6000)), 0, "this process's vCPU");
	is_int(from_another_process(s, 0), -EIO, "another process's vCPU");
	is_int(from_another_process(s, KVM_MANY_REGS_GO_ON), -EIO, "another process's vCPU, and no going on past that");
	is_int(scratch(s, 0), 0x6000, "nothing was set there");
	ok(!stat(KVM_MANY_REGS_DEVICE, &st) && S_ISCHR(st.st_mode) && (st.st_mode & 07777) == 0600 && !st.st_uid,
		"the node is root's, mode 0600");
	ok(!opens_for_a_user(), "nobody else can open it");
}

/* --- a vCPU that runs */

struct thread {
	pthread_t id;
	struct setup *s;
	atomic_int tid;
	atomic_bool ended;
	int ret;
};

static void ignore(int signal)
{
	(void)signal;
}

static void *run_vcpu(void *arg)
{
	struct thread *t = arg;

	t->ret = ioctl(t->s->vm.vcpu, KVM_RUN, 0) ? -errno : 0;
	t->ended = true;
	return NULL;
}

static void *get_scratches(void *arg)
{
	struct thread *t = arg;

	t->tid = gettid();
	t->ret = many(t->s, KVM_GET_MANY_REGS, t->s->req);
	t->ended = true;
	return NULL;
}

static void begin(struct thread *t, struct setup *s, void *(*body)(void *))
{
	t->s = s;
	t->tid = 0;
	t->ended = false;
	pthread_create(&t->id, NULL, body, t);
}

/* Kicks until it is out, for a signal that comes before KVM_RUN does nothing. */
static void end(struct thread *t)
{
	while (!t->ended) {
		pthread_kill(t->id, SIGUSR1);
		usleep(10000);
	}
	pthread_join(t->id, NULL);
}

#define A_WHILE 300000 /* microseconds */

/* A sleep that no ordinary signal ends shows as D (proc(5), /proc/PID/stat). */
static bool sleeps(const struct thread *t)
{
	return thread_state(t->tid) == 'D';
}

/* One that came before the vCPU ran was answered at once. */
static bool waits(struct thread *asker, struct setup *s)
{
	scratch_request(s, SCRATCH_IDS, 0);
	begin(asker, s, get_scratches);
	if (comes_true(asker->ended || sleeps(asker)) && !asker->ended)
		return true;
	end(asker);
	return false;
}

/* The vCPU runs, and a request for its registers waits for it. */
static bool begin_both(struct thread *runner, struct thread *asker, struct setup *s)
{
	begin(runner, s, run_vcpu);
	return comes_true(waits(asker, s)) && !runner->ended;
}

static void test_wait(struct setup *s)
{
	struct thread runner, asker;

	signal(SIGUSR1, ignore);
	ok(begin_both(&runner, &asker, s), "a vCPU that runs is waited for");
	pthread_kill(asker.id, SIGUSR1);
	usleep(A_WHILE);
	ok(!runner.ended && !asker.ended, "and an ordinary signal does not end that");
	end(&runner);
	is_int(runner.ret, -EINTR, "a kick brings it out");
	pthread_join(asker.id, NULL);
	is_int(asker.ret, -EINTR, "then the signal ends the request");
	is_int(s->req->done, 1, "after one entry");

	ok(begin_both(&runner, &asker, s), "once more");
	end(&runner);
	pthread_join(asker.id, NULL);
	is_int(asker.ret, 0, "without a signal, the request is done after the wait");
	is_int(s->req->done, SCRATCH_IDS, "all of it");
}

/* --- a signal half way: an entry's value is on a page that userfaultfd holds back until the signal is sent */

struct holder {
	pthread_t id, target;
	int uffd;
	size_t page_size;
	uint64_t value; /* what the page begins with */
};

static void *signal_and_release(void *arg)
{
	struct holder *h = arg;
	struct uffd_msg message;
	uint64_t *page = calloc(1, h->page_size);
	struct uffdio_copy copy = { .len = h->page_size, .src = (uintptr_t)page };

	if (read(h->uffd, &message, sizeof(message)) != sizeof(message))
		return NULL;
	pthread_kill(h->target, SIGUSR1);
	*page = h->value;
	copy.dst = message.arg.pagefault.address & -h->page_size;
	ioctl(h->uffd, UFFDIO_COPY, &copy);
	free(page);
	return NULL;
}

/* A page that is missing, held by h. */
static char *held_page(struct holder *h, uint64_t value)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *page;

	*h = (struct holder){ .target = pthread_self(), .page_size = sysconf(_SC_PAGESIZE), .value = value };
	page = mmap(NULL, h->page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)page;
	range.range.len = h->page_size;
	h->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (h->uffd < 0 || ioctl(h->uffd, UFFDIO_API, &api) || ioctl(h->uffd, UFFDIO_REGISTER, &range))
		return NULL;
	pthread_create(&h->id, NULL, signal_and_release, h);
	return page;
}

static void let_go(struct holder *h, char *page)
{
	pthread_join(h->id, NULL);
	munmap(page, h->page_size);
	close(h->uffd);
}

#define HALF_WAY 3

static void test_signal_in(struct setup *s, unsigned long what, uint32_t flags, const char *name)
{
	int32_t errors[SCRATCH_IDS];
	struct holder h;
	char *page = held_page(&h, 0x9000 + HALF_WAY);

	if (!ok(page, "%s: a page is held back", name))
		return;
	memset(errors, POISON, sizeof(errors));
	scratch_request(s, SCRATCH_IDS, 0x9000)->reg[HALF_WAY].addr = (uintptr_t)page;
	s->req->flags = flags;
	s->req->errors = flags ? (uintptr_t)errors : 0;
	is_int(many(s, what, s->req), -EINTR, name);
	is_int(s->req->done, HALF_WAY + 1, "the entry that it came in is the last that is done");
	ok(!flags || (!errors[HALF_WAY] && errors[HALF_WAY + 1]), "and the last whose error is noted");
	let_go(&h, page);
}

static void test_signal(struct setup *s)
{
	many(s, KVM_SET_MANY_REGS, scratch_request(s, SCRATCH_IDS, 0x8000));
	test_signal_in(s, KVM_SET_MANY_REGS, 0, "set: a signal");
	is_int(scratches(s, 0x9000), HALF_WAY + 1, "those are set");
	is_int(scratch(s, HALF_WAY + 1), 0x8000 + HALF_WAY + 1, "the next one is not");
	test_signal_in(s, KVM_GET_MANY_REGS, 0, "get: a signal");
	test_signal_in(s, KVM_GET_MANY_REGS, KVM_MANY_REGS_GO_ON, "get: a signal, and no going on past that");
	memmove(s->req->reg, s->req->reg + s->req->done, (SCRATCH_IDS - s->req->done) * sizeof(s->req->reg[0]));
	s->req->n -= s->req->done;
	s->req->flags = 0;
	s->req->errors = 0;
	is_int(many(s, KVM_GET_MANY_REGS, s->req), 0, "the rest can be asked for then");
}

/* --- the end */

static int unload(void)
{
	return syscall(SYS_delete_module, "kvm_many_regs", O_NONBLOCK) ? -errno : 0;
}

static void test_unload(struct setup *s)
{
	int ret = unload();

	ok(ret == -EAGAIN || ret == -EBUSY, "the module stays while its device is open: %s", strerror(-ret));
	is_int(many(s, KVM_GET_MANY_REGS, scratch_request(s, 1, 0)), 0, "and works");
	close(s->device);
	is_int(unload(), 0, "it goes when that is closed");
	ok(access(KVM_MANY_REGS_DEVICE, F_OK) && errno == ENOENT, "and the node with it");
}

int main(int argc, char **argv)
{
	static struct setup s;

	tap_count = argc > 1 ? atoi(argv[1]) : 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!is_int(set_up(&s), 0, "a vCPU, and the device"))
		return 1;
	test_arguments(&s);
	test_requests(&s);
	test_32_bit(&s);
	test_addresses(&s);
	test_files(&s);
	test_others(&s);
	test_wait(&s);
	test_signal(&s);
	test_unload(&s);
	vm_close(&s.vm);
	return tap_failures != 0;
}
