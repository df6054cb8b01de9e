/* SPDX-License-Identifier: BSD-2-Clause */
/* A process's VM, by the names of its descriptors and mappings, and its threads. See proc.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc.h"
#include "proc_dir.h"

#define VM_NAME "anon_inode:kvm-vm"
#define VCPU_NAME "anon_inode:kvm-vcpu:"
#define VCPU_NR_MAX 65535 /* KVM_MAX_VCPU_IDS is less everywhere */
#define LINK_MAX_SIZE 64  /* a longer name is no descriptor of KVM's */

/* ---- which descriptors it has */

#define VM_FDS 16 /* so many are told from each other; of more each counts as a VM */

struct found {
	unsigned nvms; /* in vm[], at most VM_FDS */
	int vm[VM_FDS];
	unsigned n, room;
	struct proc_vcpu *vcpu;
};

/* A number, with nothing behind it. */
static bool parse_number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	return isdigit((unsigned char)text[0]) && !*end && !errno && *value <= max;
}

/* KVM's name of a vCPU. A file that somebody calls so shows with its folder, or in brackets. */
static bool is_vcpu(const char *name, unsigned long *nr)
{
	return !strncmp(name, VCPU_NAME, strlen(VCPU_NAME)) && parse_number(name + strlen(VCPU_NAME), VCPU_NR_MAX, nr);
}

static int add_vcpu(struct found *f, unsigned nr, int fd)
{
	if (f->n == f->room) {
		unsigned room = f->room ? 2 * f->room : 16;
		struct proc_vcpu *vcpu = realloc(f->vcpu, room * sizeof(*vcpu));

		if (!vcpu)
			return -ENOMEM;
		f->vcpu = vcpu;
		f->room = room;
	}
	f->vcpu[f->n++] = (struct proc_vcpu){ .nr = nr, .fd = fd };
	return 0;
}

/* Two descriptors of one VM are one VM. Where the kernel does not tell, they are taken for two. */
static bool is_copy(pid_t pid, int fd, int other)
{
	return syscall(SYS_kcmp, pid, pid, KCMP_FILE, (unsigned long)fd, (unsigned long)other) == 0;
}

static void add_vm(struct proc_vm *vm, struct found *f, int fd)
{
	for (unsigned i = 0; i < f->nvms; i++)
		if (is_copy(vm->pid, f->vm[i], fd))
			return;
	vm->vms++;
	if (f->nvms < VM_FDS)
		f->vm[f->nvms++] = fd;
}

static int read_descriptor(struct proc_vm *vm, struct found *f, int fds, const char *name)
{
	char link[LINK_MAX_SIZE];
	unsigned long fd, nr;
	ssize_t n;

	if (!parse_number(name, INT32_MAX, &fd))
		return 0;
	n = proc_dir_link(fds, name, link, sizeof(link));
	if (n == -EACCES || n == -EPERM)
		return -EACCES;
	if (n < 0)
		return 0; /* closed meanwhile */
	if (!strcmp(link, VM_NAME))
		add_vm(vm, f, (int)fd);
	else if (is_vcpu(link, &nr))
		return add_vcpu(f, (unsigned)nr, (int)fd);
	return 0;
}

/* 0, or -errno; -EACCES: it may not be looked into. */
static int read_descriptors(int dir, struct proc_vm *vm, struct found *f)
{
	int fds = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *list = fds < 0 ? NULL : fdopendir(fds);
	struct dirent *entry;

	if (!list) {
		err = errno == EPERM ? -EACCES : errno == ENOENT ? -ESRCH : -errno;
		if (fds >= 0)
			close(fds);
		return err;
	}
	while (!err && (entry = readdir(list)))
		err = read_descriptor(vm, f, fds, entry->d_name);
	closedir(list);
	return err;
}

/* ---- which of them are of one VM */

static int by_nr(const void *a, const void *b)
{
	const struct proc_vcpu *v = a, *w = b;

	if (v->nr != w->nr)
		return v->nr < w->nr ? -1 : 1;
	return v->fd < w->fd ? -1 : v->fd > w->fd;
}

/*
 * Each number once, sorted. A descriptor does not tell its VM; but with several VMs, from the first number on that comes again they are of
 * another one.
 */
static void sort_vcpus(struct proc_vm *vm, struct found *f)
{
	int end = INT32_MAX;
	unsigned n = 0;

	if (f->n)
		qsort(f->vcpu, f->n, sizeof(*f->vcpu), by_nr);
	for (unsigned i = 1; vm->vms > 1 && i < f->n; i++)
		if (f->vcpu[i].nr == f->vcpu[i - 1].nr && f->vcpu[i].fd < end)
			end = f->vcpu[i].fd;
	for (unsigned i = 0; i < f->n; i++)
		if (f->vcpu[i].fd < end && (!n || f->vcpu[n - 1].nr != f->vcpu[i].nr))
			f->vcpu[n++] = f->vcpu[i];
	vm->vcpu = f->vcpu;
	vm->nvcpus = n;
}

/* A VM is made before its vCPUs: of several the last one before the first vCPU, if there is one. */
static void choose_vm(struct proc_vm *vm, const struct found *f)
{
	int first = INT32_MAX, before = -1, lowest = -1;

	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (vm->vcpu[i].fd < first)
			first = vm->vcpu[i].fd;
	for (unsigned i = 0; i < f->nvms; i++) {
		if (f->vm[i] < first && f->vm[i] > before)
			before = f->vm[i];
		if (lowest < 0 || f->vm[i] < lowest)
			lowest = f->vm[i];
	}
	vm->vm_fd = before >= 0 ? before : lowest;
}

/* ---- its mappings */

#define LARGE (256ull << 20) /* bytes: what is RAM beside the largest mapping */
#define PART (16ull << 20)   /* bytes: a thread's stack is less */

struct mapping {
	uint64_t start, end, offset;
	char perms[8], device[32], name[LINK_MAX_SIZE];
	unsigned long long inode;
};

struct scan {
	struct proc_vm *vm;
	uint64_t *run_size;	 /* of each vCPU; 0: not mapped so far */
	struct mapping row;	 /* the mappings of one file, or of none, that the last one ends */
	uint64_t largest, large; /* bytes: the largest such row, and all from LARGE on together */
};

/* As the kernel writes it; a newline in a name is escaped. */
static bool parse_mapping(const char *line, struct mapping *m)
{
	unsigned long long start, end, offset;
	int at = 0;

	if (sscanf(line, "%llx-%llx %7s %llx %31s %llu%n", &start, &end, m->perms, &offset, m->device, &m->inode, &at) != 6)
		return false;
	line += at;
	line += strspn(line, " ");
	snprintf(m->name, sizeof(m->name), "%.*s", (int)strcspn(line, "\n"), line);
	m->start = start;
	m->end = end;
	m->offset = offset;
	return start < end;
}

static uint64_t size_of(const struct mapping *m)
{
	return m->end - m->start;
}

/* The largest mapping that begins with kvm_run: QEMU maps the ring of dirty pages of the same descriptor as well. */
static void scan_vcpu(struct scan *s, const struct mapping *m)
{
	unsigned long nr;
	unsigned low = 0, high = s->vm->nvcpus;

	if (m->offset || !is_vcpu(m->name, &nr))
		return;
	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (s->vm->vcpu[middle].nr < nr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == s->vm->nvcpus || s->vm->vcpu[low].nr != nr || size_of(m) <= s->run_size[low])
		return;
	s->run_size[low] = size_of(m);
}

static bool may_be_ram(const struct mapping *m)
{
	static const char *const others[] = { "[heap]", "[stack]", "anon_inode:" };

	if (m->perms[0] != 'r' || m->perms[1] != 'w')
		return false;
	for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strncmp(m->name, others[i], strlen(others[i])))
			return false;
	return strncmp(m->name, "/dev/", 5) || !strncmp(m->name, "/dev/shm/", 9) || !strncmp(m->name, "/dev/huge", 9);
}

static void end_row(struct scan *s)
{
	uint64_t size = size_of(&s->row);

	if (size > s->largest)
		s->largest = size;
	if (size >= LARGE)
		s->large += size;
	s->row = (struct mapping){ .start = 0 };
}

/* RAM that was mapped at once is in parts where it has been advised or protected differently. Stacks may lie in a row with it. */
static bool goes_on(const struct mapping *row, const struct mapping *m)
{
	if (m->start != row->end || m->inode != row->inode || strcmp(m->device, row->device))
		return false;
	return m->inode ? m->offset == row->offset + size_of(row) : size_of(m) >= PART && size_of(row) >= PART;
}

static void scan_ram(struct scan *s, const struct mapping *m)
{
	if (!may_be_ram(m)) {
		end_row(s);
	} else if (goes_on(&s->row, m)) {
		s->row.end = m->end;
	} else {
		end_row(s);
		s->row = *m;
	}
}

/* One mapping of all vCPUs is as good as the smallest. */
static void end_scan(struct scan *s)
{
	struct proc_vm *vm = s->vm;

	end_row(s);
	vm->ram = (s->large ? s->large : s->largest) & ~((1ull << 20) - 1);
	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (s->run_size[i] && (!vm->run_size || s->run_size[i] < vm->run_size))
			vm->run_size = s->run_size[i];
}

static int read_mappings(int dir, struct proc_vm *vm)
{
	int fd = openat(dir, "maps", O_RDONLY | O_CLOEXEC);
	FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
	struct scan s = { .vm = vm, .run_size = calloc(vm->nvcpus + 1, sizeof(*s.run_size)) };
	struct mapping m;
	char *line = NULL;
	size_t room = 0;
	int err = maps ? 0 : errno == EPERM ? -EACCES : errno == ENOENT ? -ESRCH : -errno;

	if (!s.run_size)
		err = -ENOMEM;
	while (!err && getline(&line, &room, maps) >= 0) {
		if (!parse_mapping(line, &m))
			continue;
		scan_vcpu(&s, &m);
		scan_ram(&s, &m);
	}
	if (!err)
		end_scan(&s);
	free(line);
	free(s.run_size);
	if (maps)
		fclose(maps);
	else if (fd >= 0)
		close(fd);
	return err;
}

/* ---- all of it */

/* Threads have a folder in /proc as well. */
static int check_leader(int dir, pid_t pid, const struct refusal *why)
{
	char *status = proc_dir_text(dir, "status");
	int leader = status ? atoi(proc_dir_field(status, "Tgid:")) : 0;

	free(status);
	if (leader && leader != pid)
		return refuse(why, -ESRCH, "%d is a thread of process %d", pid, leader);
	return 0;
}

static int say_failure(int dir, pid_t pid, int err, const struct refusal *why)
{
	char reason[256] = "";

	if (err == -ESRCH)
		return refuse(why, err, "there is no process %d", pid);
	if (err != -EACCES)
		return refuse(why, err, "process %d: %s", pid, strerror(-err));
	proc_forbidden(dir, &(struct refusal){ reason, sizeof(reason) });
	return refuse(why, err, "process %d may not be looked into: %s", pid, reason);
}

int proc_find_vm_in(int dir, pid_t pid, struct proc_vm *vm, const struct refusal *why)
{
	struct found f = { .n = 0 };
	int err = check_leader(dir, pid, why);

	*vm = (struct proc_vm){ .pid = pid, .vm_fd = -1 };
	if (err)
		return err;
	err = read_descriptors(dir, vm, &f);
	sort_vcpus(vm, &f);
	choose_vm(vm, &f);
	if (!err && vm->nvcpus)
		err = read_mappings(dir, vm);
	if (!err && !vm->nvcpus)
		err = refuse(
			why, -ENODEV, vm->vms ? "the VM of process %d has no vCPU yet" : "process %d runs no VM of KVM's", pid);
	else if (err)
		err = say_failure(dir, pid, err, why);
	if (err)
		proc_free(vm);
	return err;
}

int proc_find_vm(pid_t pid, struct proc_vm *vm, const struct refusal *why)
{
	int dir = proc_dir_open(pid, why), err;

	*vm = (struct proc_vm){ .pid = pid, .vm_fd = -1 };
	if (dir < 0)
		return dir;
	err = proc_find_vm_in(dir, pid, vm, why);
	close(dir);
	return err;
}

void proc_free(struct proc_vm *vm)
{
	free(vm->vcpu);
	vm->vcpu = NULL;
	vm->nvcpus = 0;
}
