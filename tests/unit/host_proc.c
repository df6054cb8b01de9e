/* SPDX-License-Identifier: BSD-2-Clause */
/* What is made of a /proc/PID: of folders made up here, whose names and mappings no process has to be honest about. */
#include <errno.h>

#include "fake_proc.h"
#include "attach/proc.h"
#include "attach/proc_dir.h"
#include "tap.h"

static char why[256];
static const struct refusal refusal = { why, sizeof(why) };

/* ---- a folder that looks like /proc/PID */

static int fake_dir = -1, fake_fds = -1;

static void fake_fd(const char *name, const char *target)
{
	if (symlinkat(target, fake_fds, name))
		abort();
}

static void fake_nth(int fd, const char *format, unsigned nr)
{
	char name[16], target[64];

	snprintf(name, sizeof(name), "%d", fd);
	snprintf(target, sizeof(target), format, nr);
	fake_fd(name, target);
}

static void fake_vcpu(int fd, unsigned nr)
{
	fake_nth(fd, "anon_inode:kvm-vcpu:%u", nr);
}

static void fake_vm(int fd)
{
	fake_nth(fd, "anon_inode:kvm-vm", 0);
}

/* No shell and no path that is made up: only what is in fake_dir. */
static void fake_nothing(void)
{
	static const char *const names[] = { "fd", "maps", "status", "link" };

	if (fake_fds >= 0)
		close(fake_fds);
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		fake_remove(fake_dir, names[i]);
	fake_fds = fake_folder(fake_dir, "fd");
	fake_file(fake_dir, "maps", "");
}

static int find(struct proc_vm *vm)
{
	why[0] = '\0';
	return proc_find_vm_in(fake_dir, 1234, vm, &refusal);
}

/* The vCPUs, each as NR:FD, and the size of kvm_run. */
static const char *vcpus_of(const struct proc_vm *vm)
{
	static char text[512];
	size_t at = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < vm->nvcpus && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%u:%d ", vm->vcpu[i].nr, vm->vcpu[i].fd);
	snprintf(text + at, sizeof(text) - at, "0x%zx", vm->run_size);
	return text;
}

static void check_vcpus(const char *want, const char *name)
{
	struct proc_vm vm;
	int err = find(&vm);

	is_str(err ? why : vcpus_of(&vm), want, name);
	if (!err)
		proc_free(&vm);
}

/* ---- what a VMM's looks like */

static void check_qemu(void)
{
	struct proc_vm vm;

	fake_nothing();
	fake_fd("0", "/dev/null");
	fake_fd("3", "socket:[77]");
	fake_vm(9);
	fake_vcpu(11, 1);
	fake_vcpu(10, 0);
	fake_file(fake_dir, "status", "Name:\tqemu\\nTgid:\t9\nState:\tS (sleeping)\nTgid:\t1234\n");
	fake_file(fake_dir, "maps",
		"7f0000000000-7f0000003000 rw-s 00000000 00:10 1038                       anon_inode:kvm-vcpu:1\n"
		"7f0000010000-7f0000050000 rw-s 00040000 00:10 1038                       anon_inode:kvm-vcpu:0\n"
		"7f0000060000-7f0000063000 rw-s 00000000 00:10 1038                       anon_inode:kvm-vcpu:0\n"
		"7f0000070000-7f0000071000 rw-s 00000000 00:10 1038                       anon_inode:kvm-vcpu:0\n");
	is_int(find(&vm), 0, "a VMM as QEMU");
	is_int(vm.pid, 1234, "its pid");
	is_int(vm.vm_fd, 9, "the VM's descriptor");
	is_int(vm.vms, 1, "one VM");
	is_str(vcpus_of(&vm), "0:10 1:11 0x3000", "its vCPUs by number, and their kvm_run: not the dirty ring");
	is_int((int64_t)vm.run_size, 0x3000, "the size of kvm_run");
	proc_free(&vm);
}

static void check_absent(void)
{
	struct proc_vm vm;

	fake_nothing();
	fake_fd("1", "/dev/null");
	is_int(find(&vm), -ENODEV, "a process without a VM");
	is_str(why, "process 1234 runs no VM of KVM's", "the sentence");
	fake_vm(5);
	is_int(find(&vm), -ENODEV, "a VM without a vCPU");
	is_str(why, "the VM of process 1234 has no vCPU yet", "its sentence");
	is_int(vm.vms, 1, "the VM is counted all the same");
	fake_file(fake_dir, "status", "Name:\tx\nTgid:\t99\n");
	is_int(find(&vm), -ESRCH, "a thread");
	is_str(why, "1234 is a thread of process 99", "is told from its process");
	fake_nothing();
	fake_vcpu(4, 0);
	is_int(find(&vm), 0, "a VM whose descriptor is closed");
	is_int(vm.vm_fd, -1, "it has none");
	is_int(vm.vms, 0, "and is not counted");
	is_int((int64_t)vm.run_size, 0, "nothing is mapped");
	proc_free(&vm);
}

static void check_several(void)
{
	struct proc_vm vm;

	fake_nothing();
	fake_vm(3);
	fake_vcpu(4, 0);
	fake_vcpu(5, 1);
	fake_vcpu(6, 0);
	fake_vcpu(7, 1);
	check_vcpus("0:4 1:5 0x0", "copies of the vCPUs' descriptors: the lowest");
	fake_vm(8);
	check_vcpus("0:4 1:5 0x0", "two VMs: those of the first");
	fake_vcpu(9, 2);
	check_vcpus("0:4 1:5 0x0", "and none of the second");
	is_int(find(&vm), 0, "two VMs");
	is_int(vm.vms, 2, "are counted");
	is_int(vm.vm_fd, 3, "the VM is the one in front of the first vCPU");
	proc_free(&vm);
	fake_nothing();
	fake_vm(3);
	fake_vm(4);
	fake_vcpu(5, 0);
	is_int(find(&vm), 0, "an empty VM, and another one");
	is_int(vm.vm_fd, 4, "the VM is the one in front of the first vCPU");
	proc_free(&vm);
}

/* ---- what a process can do to be a trouble */

static void check_names(void)
{
	static const char *const others[] = { "anon_inode:kvm-vcpu:", "anon_inode:kvm-vcpu:-1", "anon_inode:kvm-vcpu:1x",
		"anon_inode:kvm-vcpu:65536", "anon_inode:kvm-vcpu:99999999999999999999", "anon_inode:kvm-vcpu: 1",
		"/tmp/anon_inode:kvm-vcpu:1", "anon_inode:kvm-vcpu:1 (deleted)", "anon_inode:kvm-vcpu:1\n", "\n\x1b[2J\xff",
		"anon_inode:kvm-vcpu-stats:1" };
	char name[16];

	fake_nothing();
	fake_vm(3);
	fake_vcpu(4, 65535);
	for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++) {
		snprintf(name, sizeof(name), "%u", 10 + i);
		fake_fd(name, others[i]);
	}
	fake_fd("-5", "anon_inode:kvm-vcpu:1");
	fake_fd("5x", "anon_inode:kvm-vcpu:1");
	fake_fd("99999999999", "anon_inode:kvm-vcpu:1");
	fake_file(fake_dir, "maps",
		"\n\n\xff\xfe\n7f0000000000\n7f0000003000-7f0000000000 rw-s 00000000 00:10 1 anon_inode:kvm-vcpu:65535\n"
		"7f0000000000-7f0000003000 rw-s 00000000 00:10 1 /tmp/anon_inode:kvm-vcpu:65535\n"
		"7f0000000000-7f0000003000 rw-s 00000000 00:10 1 anon_inode:kvm-vcpu:1\n"
		"7f0000000000-7f0000003000 rwxp-and-much-more 00000000 00:10 1 anon_inode:kvm-vcpu:65535\n"
		"7f0000000000-7f0000003000 rw-s 00000000 00:10-and-much-more-than-there-can-be 1 anon_inode:kvm-vcpu:65535\n"
		"7f0000004000-7f0000006000 rw-s 00000000 00:10 1 anon_inode:kvm-vcpu:65535");
	check_vcpus("65535:4 0x2000", "names that look like KVM's, numbers that are none");
}

static void check_long_lines(void)
{
	size_t size = 1u << 20;
	char *text = malloc(size + 256);
	int at = sprintf(text, "7f0000000000-7f0000003000 rw-s 00000000 00:10 1 /");

	memset(text + at, 'a', size);
	strcpy(text + size, "\n7f0000004000-7f0000006000 rw-s 00000000 00:10 1 anon_inode:kvm-vcpu:0\n");
	fake_nothing();
	fake_vm(3);
	fake_vcpu(4, 0);
	fake_file(fake_dir, "maps", text);
	check_vcpus("0:4 0x2000", "a mapping with a name of a MiB");
	free(text);
}

static void check_many(void)
{
	struct proc_vm vm;
	bool sorted = true;

	fake_nothing();
	for (int fd = 0; fd < 3000; fd++)
		fake_nth(fd, "socket:[%u]", 7);
	for (int fd = 3000; fd < 3100; fd++)
		fake_vm(fd);
	for (int fd = 4000; fd < 8000; fd++)
		fake_vcpu(fd, 8000 - (unsigned)fd);
	is_int(find(&vm), 0, "thousands of descriptors");
	is_int(vm.nvcpus, 4000, "all vCPUs");
	is_int(vm.vms, 100, "all VMs");
	for (unsigned i = 0; i < vm.nvcpus; i++)
		sorted &= vm.vcpu[i].nr == i + 1 && vm.vcpu[i].fd == 7999 - (int)i;
	ok(sorted, "by number");
	proc_free(&vm);
}

/* ---- how much RAM it seems to have */

static void check_ram(const char *maps, uint64_t mib, const char *name)
{
	struct proc_vm vm;

	fake_nothing();
	fake_vm(3);
	fake_vcpu(4, 0);
	fake_file(fake_dir, "maps", maps);
	if (is_int(find(&vm), 0, name))
		is_int((int64_t)vm.ram, (int64_t)(mib << 20), name);
	proc_free(&vm);
}

static void check_sizes(void)
{
	check_ram("", 0, "RAM: no mapping, no guess");
	check_ram("10000000-18000000 rw-p 00000000 00:00 0\n20000000-20800000 rw-p 00000000 00:00 0\n", 128,
		"RAM: the largest mapping");
	check_ram("10000000-10800000 rw-p 00000000 00:00 0\n10800000-18800000 rw-p 00000000 00:00 0\n", 128,
		"RAM: without the stack beside it");
	check_ram("10000000-14000000 rw-p 00000000 00:00 0\n14000000-18000000 rw-p 00000000 00:00 0\n", 128, "RAM: in parts");
	check_ram("10000000-14000000 rw-s 00000000 00:01 7 /memfd:ram (deleted)\n14000000-14001000 rw-s 04000000 00:01 7 "
		  "/memfd:ram\n"
		  "14001000-18000000 rw-s 04001000 00:01 7 /memfd:ram (deleted)\n",
		128, "RAM: of a file, in parts");
	check_ram("100000000-1c0000000 rw-p 00000000 00:00 0\n200000000-240000000 rw-p 00000000 00:00 0\n"
		  "300000000-301000000 rw-p 00000000 00:00 0\n",
		4096, "RAM: below and above a hole");
	check_ram("10000000-18000000 r--p 00000000 fe:00 9 /usr/lib/x\n20000000-28000000 rw-p 00000000 00:00 0 [heap]\n"
		  "30000000-38000000 rw-s 00000000 00:05 8 /dev/dri/card0\n40000000-41000000 rw-s 00000000 00:05 9 "
		  "/dev/shm/ram\n",
		16, "RAM: no library, no heap, no device");
	check_ram("10000000-30000000 ---p 00000000 00:00 0\n", 0, "RAM: not what is only reserved");
}

/* ---- reading */

static void check_text(void)
{
	char *status, text[16];
	const char *all = "Name:\ta\\nUid:\t7\nUid:\t1\t2\t3\t4\nEmpty:\n\nLast:\tx";

	fake_file(fake_dir, "status", all);
	status = proc_dir_text(fake_dir, "status");
	is_str(status, all, "a file as it is");
	is_int(atoi(proc_dir_field(status, "Uid:")), 1, "a field, not what the name says");
	is_str(proc_dir_field(status, "Last:"), "x", "the last line, without an end");
	is_str(proc_dir_field(status, "Nothing:"), "", "a field that is not there");
	free(status);
	ok(!proc_dir_text(fake_dir, "nothing") && errno == ENOENT, "a file that is not there");
	ok(!proc_dir_text(fake_dir, "fd"), "a folder is no file");
	symlinkat("a\nb\x1b\x80z", fake_dir, "link");
	is_int(proc_dir_link(fake_dir, "link", text, sizeof(text)), 6, "a link");
	is_str(text, "a?b??z", "is made printable");
	is_int(proc_dir_link(fake_dir, "link", text, 4), 3, "a link that is longer");
	is_str(text, "a?b", "is cut");
	is_int(proc_dir_link(fake_dir, "fd", text, sizeof(text)), -EINVAL, "what is no link");
}

int main(void)
{
	char path[] = "/tmp/host_proc.XXXXXX";

	if (!mkdtemp(path) || (fake_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		abort();
	check_qemu();
	check_absent();
	check_several();
	check_names();
	check_long_lines();
	check_many();
	check_sizes();
	check_text();
	fake_remove(AT_FDCWD, path);
	return done();
}
