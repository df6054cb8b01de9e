/* SPDX-License-Identifier: BSD-2-Clause */
/* Which processes are listed as VMs, and with what: of a /proc that is made up here, as one sees it who is not root. */
#include <errno.h>
#include <sys/wait.h>

#include "fake_proc.h"
#include "attach/vms.h"
#include "tap.h"

#define NOBODY 65534

static char path[] = "/tmp/host_vms.XXXXXX";
static int proc = -1;

/* ---- processes */

static int make_process(const char *pid, const char *comm, const char *stat)
{
	int dir = fake_folder(proc, pid);
	char text[256];

	close(fake_folder(dir, "task"));
	close(fake_folder(dir, "fd"));
	fake_file(dir, "maps", "10000000-18000000 rw-p 00000000 00:00 0\n");
	fake_file(dir, "mem", "");
	fake_file(dir, "comm", comm);
	fake_file(dir, "status", "Name:\tx\nState:\tS (sleeping)\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
	snprintf(text, sizeof(text), "%s (%s) %s\n", pid, comm, stat);
	fake_file(dir, "stat", text);
	return dir;
}

#define SLEEPS "S 1 1 1 0 -1 4194304 1 1 1 1 1 1 1 1 20 0 5 0 100 1 1 1"

static void make_descriptor(int dir, const char *fd, const char *target)
{
	char name[32];

	snprintf(name, sizeof(name), "fd/%s", fd);
	if (symlinkat(target, dir, name))
		abort();
}

static void make_thread(int dir, const char *tid, const char *comm)
{
	char name[32];
	int thread;

	snprintf(name, sizeof(name), "task/%s", tid);
	thread = fake_folder(dir, name);
	fake_file(thread, "comm", comm);
	close(thread);
}

/* A thread that was on this processor last. */
static void make_thread_on(int dir, const char *tid, const char *core)
{
	char name[32], text[256];

	make_thread(dir, tid, "a) R 5 (b\n");
	snprintf(name, sizeof(name), "task/%s/stat", tid);
	snprintf(text, sizeof(text), "%s (a) R 5 (b) " SLEEPS " 26 27 28 29 30 31 32 33 34 35 36 37 17 %s 0 0 0\n", tid, core);
	fake_file(dir, name, text);
}

/* As another user's is: its descriptors can not be listed. */
static void hide(int dir)
{
	if (fchmodat(dir, "fd", 0, 0))
		abort();
	close(dir);
}

static void make_processes(void)
{
	int dir = make_process("7", "sh\n", SLEEPS);

	make_descriptor(dir, "0", "/dev/null");
	close(dir);
	dir = make_process("8", "a) Z 1 (b\n\x1b\"\\c\n", SLEEPS);
	make_descriptor(dir, "3", "anon_inode:kvm-vm");
	make_descriptor(dir, "4", "anon_inode:kvm-vcpu:0");
	make_descriptor(dir, "5", "anon_inode:kvm-vcpu:1");
	if (symlinkat("/usr/bin/v\nmm (deleted)", dir, "exe"))
		abort();
	make_thread_on(dir, "8", "12");
	make_thread_on(dir, "80", "0");
	make_thread_on(dir, "81", "12");
	make_thread_on(dir, "82", "99999999");
	make_thread_on(dir, "83", "x");
	close(dir);
	dir = make_process("9", "empty\n", SLEEPS);
	make_descriptor(dir, "3", "anon_inode:kvm-vm");
	close(dir);
	dir = make_process("10", "qemu\n", "T 1 1 1 0 -1 4194304 1 1 1 1 1 1 1 1 20 0 5 0 100 1 1 1");
	make_thread(dir, "10", "qemu\n");
	make_thread(dir, "11", "CPU 0/KVM\n");
	make_thread(dir, "12", "CPU 1/KVM\n");
	make_thread(dir, "13", "CPU 1/KVM\n");
	make_thread(dir, "14", "CPU 2/TCG\n");
	make_thread(dir, "15", "CPU 99999999999999999999/KVM\n");
	make_thread(dir, "16", "CPU -1/KVM\n");
	make_thread(dir, "x", "CPU 3/KVM\n");
	hide(dir);
	dir = make_process("11", "other\n", SLEEPS);
	make_thread(dir, "17", "vcpu\n");
	make_thread(dir, "18", "vcpu1x\n");
	hide(dir);
	dir = make_process("12", "vcpu0\n", "S 2 0 0 0 -1 2097152 1 1 1 1 1 1 1 1 20 0 5 0 100 1 1 1");
	make_thread(dir, "12", "vcpu0\n");
	hide(dir);
	close(fake_folder(proc, "13"));
	close(make_process("14", "short\n", "S 1 1"));
	close(make_process("x15", "no process\n", SLEEPS));
	fake_file(proc, "16", "no folder");
}

static void check_names(const char *comm, unsigned want)
{
	int dir = make_process("20", "x\n", SLEEPS);
	struct vms_process p;
	struct vms vms;
	unsigned vcpus = 0;

	make_thread(dir, "21", comm);
	hide(dir);
	if (vms_open(&vms, path))
		abort();
	while (vms_next(&vms, &p))
		if (p.pid == 20)
			vcpus = p.vcpus;
	vms_close(&vms);
	is_int(vcpus, want, comm);
	fchmodat(proc, "20/fd", 0755, 0);
	fake_remove(proc, "20");
}

/* ---- */

/* By pid: the folders of a file system that is not /proc are in no order. */
static unsigned read_all(struct vms_process found[], unsigned max, unsigned *hidden)
{
	struct vms_process p;
	struct vms vms;
	unsigned n = 0;

	if (vms_open(&vms, path))
		abort();
	while (vms_next(&vms, &p)) {
		unsigned at = n < max ? n++ : max - 1;

		for (; at && found[at - 1].pid > p.pid; at--)
			found[at] = found[at - 1];
		found[at] = p;
	}
	*hidden = vms.hidden;
	vms_close(&vms);
	return n;
}

static void check_list(void)
{
	struct vms_process p[8] = { 0 };
	unsigned hidden;

	is_int(read_all(p, 8, &hidden), 3, "three processes run a VM, or seem to");
	is_int(p[0].pid, 8, "one that can be looked into");
	is_str(p[0].comm, "a) Z 1 (b??\"\\c", "its name, printable");
	is_str(p[0].exe, "/usr/bin/v?mm (deleted)", "its program");
	is_str(p[0].vmm, "v?mm", "the VMM's name");
	is_str(p[0].user, "root", "its user");
	is_int(p[0].vcpus, 2, "its vCPUs");
	is_int((int64_t)p[0].ram, 128 << 20, "its RAM");
	is_int(p[0].state, 'S', "its state, whatever its name says");
	is_str(p[0].in_state, "sleeping", "in a word");
	is_str(p[0].cores, "0,12", "the processors that its threads were on");
	ok(p[0].age > 0 && p[0].age < 1000000000, "its age");
	ok(!p[0].guess && !p[0].err && !p[0].why[0], "nothing is against attaching to it");
	is_int(p[1].pid, 9, "a VM without a vCPU");
	is_int(p[1].err, -ENODEV, "can not be attached to");
	is_str(p[1].why, "its VM has no vCPU yet", "why not");
	is_str(p[1].vmm, "empty", "without its program's path it goes by its name");
	is_int(p[2].pid, 10, "one that can not be looked into");
	ok(p[2].guess, "is a guess");
	is_str(p[2].cores, "", "of which no processor is known");
	is_int(p[2].vcpus, 2, "by the names of its threads, each number once");
	is_int((int64_t)p[2].ram, 0, "without RAM");
	is_str(p[2].in_state, "stopped", "and with a state");
	is_int(hidden, 1, "one process can not be looked into, and shows nothing");
}

static void check_all(void)
{
	static const struct {
		const char *comm;
		unsigned vcpus;
	} names[] = {
		{ "CPU 0/KVM", 1 },
		{ "CPU 4095/KVM", 1 },
		{ "CPU 4096/KVM", 0 },
		{ "CPU 0/KVMx", 0 },
		{ "kvm-vcpu-3", 1 },
		{ "vcpu12", 1 },
		{ "fc_vcpu 0", 1 },
		{ "crosvm_vcpu2", 1 },
		{ "vcpu 0", 0 },
		{ "vcpu+1", 0 },
		{ "", 0 },
	};

	make_processes();
	check_list();
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		check_names(names[i].comm, names[i].vcpus);
}

int main(void)
{
	struct vms vms;

	if (!mkdtemp(path) || (proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		abort();
	is_int(vms_open(&vms, "/nowhere"), -ENOENT, "there is no /proc");
	if (!geteuid() &&
		(fchown(proc, NOBODY, NOBODY) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		abort();
	check_all();
	fchmodat(proc, "10/fd", 0755, 0);
	fchmodat(proc, "11/fd", 0755, 0);
	fchmodat(proc, "12/fd", 0755, 0);
	fake_remove(AT_FDCWD, path);
	return done();
}
