/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the memory of a guest is: a VM of this test's own, with slots of every kind, is looked at as if it were another process's. What is
 * found is what was set, by each way that this kernel has.
 */
#include "attach/memslots.h"
#include "open_files.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define NOBODY 65534
#define KB 1024ull
#define MB (1024 * KB)

/* ppc64le has no read-only slots. */
#ifdef __powerpc64__
#define ROM 0
#else
#define ROM KVM_MEM_READONLY
#endif

struct vm {
	int kvm, fd;
	struct memslots truth;
	unsigned calls;	      /* ioctls that memslots_find() had executed */
	unsigned refuse_from; /* of these on, none is executed; 0: all are */
};

struct area {
	uint64_t size;
	bool shared;
};

struct place {
	unsigned id;
	uint64_t gpa, size;
	unsigned area; /* of memory */
	uint64_t at;   /* in it */
	uint32_t flags;
};

#define AREAS 5
#define SLOTS 9

/* What KVM is told. */
struct layout {
	const char *name;
	uint64_t page; /* at most so large */
	struct area area[AREAS];
	struct place place[SLOTS];
};

/* clang-format off */
static const struct layout layouts[] = {
	{ "slots of every kind", 64 * KB,
		{ { 96 * MB, true }, { 1 * MB, false }, { 1 * MB, true }, { 128 * KB, false }, { 2 * MB, false } },
		{ { 0, 0x40000000, 64 * MB, 0, 0, 0 },
			{ 1, 0x100000, 640 * KB, 1, 0, 0 },
			{ 2, 0x1a0000, 384 * KB, 1, 640 * KB, ROM }, /* beside the one before */
			{ 3, 0x10000000, 1 * MB, 2, 0, ROM },
			{ 4, 0x20000000, 1 * MB, 2, 0, ROM }, /* the same memory again */
			{ 5, 0x90a0000, 64 * KB, 3, 0, 0 },
			{ 17, 0x80000000, 32 * MB, 0, 64 * MB, KVM_MEM_LOG_DIRTY_PAGES },
			{ 9, 0x82010000, 64 * KB, 3, 64 * KB, 0 }, /* a small hole before it */
			{ 40, 0x2000000000, 2 * MB, 4, 0, 0 } } },
	{ "the slots of a PC", 4 * KB,
		{ { 128 * MB, false }, { 256 * KB, false }, { 16 * MB, false }, { 4 * KB, false } },
		{ { 0, 0, 640 * KB, 0, 0, 0 },
			{ 1, 0xfffc0000, 256 * KB, 1, 0, ROM },
			{ 2, 0x100000, 127 * MB, 0, 1 * MB, 0 },
			{ 3, 0xc0000, 44 * KB, 0, 0xc0000, ROM },
			{ 4, 0xcb000, 12 * KB, 0, 0xcb000, 0 },
			{ 5, 0xce000, 136 * KB, 0, 0xce000, ROM },
			{ 6, 0xf0000, 64 * KB, 0, 0xf0000, 0 },
			{ 7, 0xfd000000, 16 * MB, 2, 0, KVM_MEM_LOG_DIRTY_PAGES },
			{ 8, 0xfeb00000, 4 * KB, 3, 0, 0 } } },
};
/* clang-format on */

/* Each with pages around it that are nobody's, so that it stays a mapping by itself. */
static uint8_t *map_area(uint64_t size, bool shared)
{
	int fd = shared ? memfd_create("ram", MFD_CLOEXEC) : -1;
	uint8_t *room = mmap(NULL, size + 2 * MB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;

	if (room == MAP_FAILED || (shared && ftruncate(fd, (off_t)size)))
		return NULL;
	at = mmap(room + 1 * MB, size, PROT_READ | PROT_WRITE,
		MAP_FIXED | MAP_NORESERVE | (shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS), fd, 0);
	if (shared)
		close(fd);
	return at == MAP_FAILED ? NULL : at;
}

static int set_slot(struct vm *vm, const struct memslot *s)
{
	struct kvm_userspace_memory_region r = {
		.slot = s->id, .flags = s->flags, .guest_phys_addr = s->gpa, .memory_size = s->size, .userspace_addr = s->hva
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r) < 0 ? -errno : 0;
}

static bool open_vm(struct vm *vm)
{
	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm->fd = vm->kvm < 0 ? -1 : ioctl(vm->kvm, KVM_CREATE_VM, 0);
	return vm->fd >= 0;
}

static bool fill_vm(struct vm *vm, const struct layout *layout)
{
	uint8_t *memory[AREAS];
	bool good = true;

	for (unsigned i = 0; i < AREAS && layout->area[i].size; i++)
		good = (memory[i] = map_area(layout->area[i].size, layout->area[i].shared)) && good;
	for (unsigned i = 0; good && i < SLOTS; i++) {
		const struct place *p = &layout->place[i];
		struct memslot s = { p->id, p->gpa, p->size, (uintptr_t)memory[p->area] + p->at, p->flags };

		good = !set_slot(vm, &s) && !memslots_add(&vm->truth, &s);
	}
	return good;
}

static int execute(void *arg, struct host_call *calls, unsigned n)
{
	struct vm *vm = arg;

	for (unsigned i = 0; i < n; i++, vm->calls++) {
		if (vm->refuse_from && vm->calls >= vm->refuse_from)
			return -ESRCH;
		calls[i].ret = ioctl(vm->fd, calls[i].request, calls[i].arg);
		calls[i].err = calls[i].ret < 0 ? -errno : 0;
	}
	return 0;
}

static struct memslots_vm ask_for(struct vm *vm)
{
	return (struct memslots_vm){ .pid = getpid(),
		.vm_fd = vm->fd,
		.vm_copy = vm->fd,
		.page_size = (unsigned)sysconf(_SC_PAGESIZE),
		.calls = execute,
		.arg = vm,
		.occupied = vm->truth.slot[5].gpa + 8 };
}

static bool are_equal(const struct memslots *a, const struct memslots *b)
{
	bool equal = a->n == b->n;

	for (unsigned i = 0; equal && i < a->n; i++) {
		const struct memslot *s = &a->slot[i], *t = &b->slot[i];

		equal = s->id == t->id && s->gpa == t->gpa && s->size == t->size && s->hva == t->hva && s->flags == t->flags;
	}
	return equal;
}

static void show(const struct memslots *slots)
{
	for (unsigned i = 0; i < slots->n; i++) {
		const struct memslot *s = &slots->slot[i];

		printf("# %u: 0x%" PRIx64 ", 0x%" PRIx64 " bytes at 0x%" PRIx64 ", flags %u\n", s->id, s->gpa, s->size, s->hva,
			s->flags);
	}
	printf("# %u missing, by %s\n", slots->missing, slots->source ? slots->source : "nothing");
}

static bool is_table(const struct memslots *got, const struct memslots *want, const char *name)
{
	bool good = ok(are_equal(got, want) && !got->missing, "%s", name);

	if (!good)
		show(got);
	return good;
}

static double milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

/* memslots_find(), with its time. */
static int find(const struct memslots_vm *from, struct memslots *slots, char *text, size_t size)
{
	double before = milliseconds();
	int err;

	text[0] = 0;
	err = memslots_find(from, slots, &(struct refusal){ text, size });
	printf("# %.2f ms%s%s\n", milliseconds() - before, err ? ": " : "", text);
	return err;
}

/* ---- BPF ---- */

/* The VMM has only begun. */
static void test_empty(struct vm *vm, const struct layout *layout)
{
	struct memslots_vm from = {
		.pid = getpid(), .vm_fd = vm->fd, .vm_copy = vm->fd, .page_size = (unsigned)sysconf(_SC_PAGESIZE)
	};
	struct memslots slots = { 0 };
	char text[400];
	int err = find(&from, &slots, text, sizeof(text));

	if (err == -ENXIO)
		is_str(text, "the VM has no memory yet", "a VM without slots");
	if (!ok(fill_vm(vm, layout), "a VM with slots"))
		return;
	if (err == -ENXIO) {
		ok(memslots_changed(&slots), "has come by them");
		is_int(find(&from, &slots, text, sizeof(text)), 0, "which are looked for again");
		is_table(&slots, &vm->truth, "and found");
	}
	memslots_free(&slots);
}

/* A slot goes and comes again, moves, and has dirty logging no more. */
static void test_changes(struct vm *vm, const struct memslots_vm *from, struct memslots *slots)
{
	struct memslot *s = &vm->truth.slot[0], gone = *s;
	char text[400];

	gone.size = 0;
	ok(!memslots_changed(slots), "nothing has changed");
	is_int(set_slot(vm, &gone), 0, "a slot goes");
	ok(memslots_changed(slots), "which is noticed");
	is_int(find(from, slots, text, sizeof(text)), 0, "looked at again");
	is_int(slots->n, SLOTS - 1, "there is one less");
	ok(!memslots_changed(slots), "and nothing has changed since");
	is_int(set_slot(vm, s), 0, "it comes again");
	ok(memslots_changed(slots), "which is noticed");
	s->gpa += 0x400000000;
	gone.size = s->size;
	is_int(set_slot(vm, s), 0, "it is moved");
	is_int(find(from, slots, text, sizeof(text)), 0, "looked at again");
	ok(memslots_at(slots, s->gpa + s->size - 1) && !memslots_at(slots, gone.gpa), "it is found where it is");
	ok(!memslots_changed(slots), "and nothing has changed since");
	s->gpa = gone.gpa;
	is_int(set_slot(vm, s), 0, "it is moved back");
}

static void test_bpf(struct vm *vm)
{
	struct memslots_vm from = ask_for(vm);
	struct memslots slots = { 0 };
	unsigned files = open_files();
	char text[400];
	int err;

	from.calls = NULL;
	err = find(&from, &slots, text, sizeof(text));
	if (err) {
		ok(strstr(text, "/sys/kernel/btf/vmlinux") || strstr(text, "BPF"), "a refusal says what is missing");
		skip("slots by BPF", text);
		memslots_free(&slots);
		return;
	}
	is_table(&slots, &vm->truth, "BPF finds the slots that were set");
	is_str(slots.source, "BPF, from the kernel", "and that is where they come from");
	test_changes(vm, &from, &slots);
	memslots_free(&slots);
	is_int(open_files(), files, "no descriptor stays open");
	from.vm_copy = vm->kvm;
	ok(find(&from, &slots, text, sizeof(text)) == -EOPNOTSUPP && strstr(text, "a descriptor of the VM"),
		"what is no VM's is refused");
	memslots_free(&slots);
}

/* ---- queries ---- */

/* This kernel has no question that it refuses; the sentence names what else there is. */
static void is_without_questions(const char *text)
{
	ok(strstr(text, "cannot be asked without"), "KVM cannot be asked here");
	ok(strstr(text, "CAP_BPF and CAP_PERFMON") || strstr(text, "BPF is not to be used"),
		"and the refusal says what BPF wants");
	ok(strstr(text, "--ram GPA:SIZE:HVA"), "and that one can tell");
}

static void test_queries(struct vm *vm, bool no_bpf, bool knows_one)
{
	struct memslots_vm from = ask_for(vm);
	struct memslots watch = { 0 };
	struct memslots slots = { 0 };
	unsigned files = open_files();
	char text[400];
	int err;

	from.calls = NULL;
	memslots_find(&from, &watch, &(struct refusal){ text, sizeof(text) }); /* by BPF, where there is that */
	from.calls = execute;
	from.no_bpf = no_bpf;
	if (!knows_one)
		from.occupied = UINT64_MAX;
	vm->calls = 0;
	err = find(&from, &slots, text, sizeof(text));
	printf("# %u ioctls\n", vm->calls);
	if (err) {
		is_without_questions(text);
	} else {
		is_table(&slots, &vm->truth, "queries find the slots that were set");
		is_str(slots.source, "what KVM refuses", "and that is where they come from");
		ok(!memslots_changed(&slots), "whether they change is not known");
	}
	if (watch.bpf)
		ok(!memslots_changed(&watch), "and never changed KVM's table");
	memslots_free(&watch);
	memslots_free(&slots);
	is_int(open_files(), files, "no descriptor stays open");
}

/* What the kernel has is still what was set. */
static void test_untouched(struct vm *vm)
{
	struct memslots_vm from = ask_for(vm);
	struct memslots slots = { 0 };
	char text[400];

	from.calls = NULL;
	if (find(&from, &slots, text, sizeof(text)))
		skip("the slots are as before", text);
	else
		is_table(&slots, &vm->truth, "the slots are as before");
	memslots_free(&slots);
}

/* The process goes while it is asked: after so many ioctls. */
static void test_gone(struct vm *vm)
{
	struct memslots_vm from = ask_for(vm);
	struct memslots slots = { 0 };
	char text[400];
	unsigned calls = vm->calls;
	int err = -ESRCH;

	from.no_bpf = true;
	for (unsigned n = 1; n < calls && err == -ESRCH; n = n * 8 + 1) {
		vm->calls = 0;
		vm->refuse_from = n;
		err = memslots_find(&from, &slots, &(struct refusal){ text, sizeof(text) });
	}
	vm->refuse_from = 0;
	ok((err == -ESRCH || calls < 10) && !slots.n, "a process that goes while it is asked has no slots");
	memslots_free(&slots);
}

static void test_layout(const struct layout *layout, struct vm *vm)
{
	printf("# %s\n", layout->name);
	if (!ok(open_vm(vm), "a VM"))
		return;
	test_empty(vm, layout);
	test_bpf(vm);
	test_queries(vm, true, false);
	test_queries(vm, true, true);
	test_untouched(vm);
	test_gone(vm);
	test_untouched(vm);
}

/* Last of all: there is no way back. */
static bool is_nobody(void)
{
	return !geteuid() && !setgid(NOBODY) && !setuid(NOBODY) && !prctl(PR_SET_DUMPABLE, 1);
}

int main(void)
{
	struct vm vm[sizeof(layouts) / sizeof(layouts[0])] = { 0 };
	unsigned n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if ((uint64_t)sysconf(_SC_PAGESIZE) <= layouts[i].page)
			test_layout(&layouts[i], &vm[n++]);
	if (is_nobody())
		test_queries(&vm[0], false, true);
	else
		skip("queries of a user without rights", "this user is none who could become one");
	for (unsigned i = 0; i < n; i++)
		memslots_free(&vm[i].truth);
	return done();
}
