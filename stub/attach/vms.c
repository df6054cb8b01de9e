/* SPDX-License-Identifier: BSD-2-Clause */
/* Goes through all processes. See vms.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proc_dir.h"
#include "vms.h"

/* ---- what everybody may see of a process */

#define PF_KTHREAD 0x200000ul /* of the kernel's <linux/sched.h> */

struct stat_line {
	char state;
	unsigned long flags;
	unsigned long long start; /* ticks since the computer was booted */
};

/* Behind the name, which may hold anything. */
static bool read_stat(int dir, struct stat_line *stat)
{
	char *text = proc_dir_text(dir, "stat"), *behind = text ? strrchr(text, ')') : NULL;
	int n = 0;

	if (behind)
		n = sscanf(behind, ") %c %*d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			&stat->state, &stat->flags, &stat->start);
	free(text);
	return n == 3;
}

#define CORES_MAX 8192 /* NR_CPUS is no more anywhere */

/* The processor that a thread was on last: the 39th field of its line. Its name may hold anything, and its state is the third. */
static unsigned core_of(int dir, pid_t tid)
{
	char path[32], *text, *at;
	unsigned core = CORES_MAX;

	snprintf(path, sizeof(path), "task/%d/stat", tid);
	text = proc_dir_text(dir, path);
	at = text ? strrchr(text, ')') : NULL;
	for (unsigned field = 3; at && field <= 39; field++)
		at = strchr(at + 1, ' ');
	if (at && isdigit((unsigned char)at[1]))
		core = (unsigned)strtoul(at + 1, NULL, 10);
	free(text);
	return core;
}

static void list_cores(const bool used[CORES_MAX], char text[VMS_TEXT_MAX])
{
	size_t size = 0;

	for (unsigned i = 0; i < CORES_MAX; i++) {
		char core[16];
		int n = snprintf(core, sizeof(core), size ? ",%u" : "%u", i);

		if (!used[i] || size + (size_t)n >= VMS_TEXT_MAX)
			continue;
		memcpy(text + size, core, (size_t)n + 1);
		size += (size_t)n;
	}
}

static void read_cores(int dir, struct vms_process *p)
{
	bool used[CORES_MAX + 1] = { false };
	struct proc_threads threads;
	struct proc_thread thread;

	if (proc_threads_open_in(&threads, dir))
		return;
	while (proc_threads_next(&threads, &thread)) {
		unsigned core = core_of(dir, thread.tid);

		used[core < CORES_MAX ? core : CORES_MAX] = true;
	}
	proc_threads_close(&threads);
	list_cores(used, p->cores);
}

static uint64_t age_of(const struct stat_line *stat)
{
	struct timespec now;
	uint64_t start = stat->start / (unsigned long)sysconf(_SC_CLK_TCK);

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec > start ? (uint64_t)now.tv_sec - start : 0;
}

static const char *word_of(char state)
{
	static const char *const words[] = {
		['D'] = "waiting",
		['I'] = "idle",
		['R'] = "running",
		['S'] = "sleeping",
		['T'] = "stopped",
		['X'] = "dead",
		['Z'] = "zombie",
		['t'] = "traced",
	};
	unsigned char at = (unsigned char)state;

	return at < sizeof(words) / sizeof(*words) && words[at] ? words[at] : "unknown";
}

/* The line of /etc/passwd: NAME:PASSWORD:UID:... libc's own functions want shared libraries, also in a program that has none. */
static void name_user(unsigned uid, char name[VMS_USER_MAX])
{
	char *text = proc_dir_text(AT_FDCWD, "/etc/passwd"), *next = text, *line, *end;

	snprintf(name, VMS_USER_MAX, "%u", uid);
	while ((line = strsep(&next, "\n"))) {
		char *user = strsep(&line, ":");

		strsep(&line, ":");
		if (!line || !isdigit((unsigned char)*line) || strtoul(line, &end, 10) != uid || *end != ':')
			continue;
		snprintf(name, VMS_USER_MAX, "%s", user);
		proc_dir_printable(name);
		break;
	}
	free(text);
}

/* What is behind the last slash, without the kernel's word that the file is gone. */
static void name_vmm(struct vms_process *p)
{
	const char *slash = strrchr(p->exe, '/'), *name = slash ? slash + 1 : p->comm;
	size_t size = strlen(name), gone = strlen(" (deleted)");

	if (slash && size > gone && !strcmp(name + size - gone, " (deleted)"))
		size -= gone;
	snprintf(p->vmm, sizeof(p->vmm), "%.*s", (int)size, name);
}

static void name_process(int dir, struct vms_process *p)
{
	char *status = proc_dir_text(dir, "status");

	proc_dir_name(dir, "comm", p->comm, sizeof(p->comm));
	p->uid = status ? (unsigned)strtoul(proc_dir_field(status, "Uid:"), NULL, 10) : 0;
	name_user(p->uid, p->user);
	proc_dir_link(dir, "exe", p->exe, sizeof(p->exe));
	name_vmm(p);
	free(status);
}

/* ---- whether it runs a VM */

/* What VMMs call the thread of a vCPU. */
static const struct {
	const char *before, *behind; /* its number */
} thread_names[] = {
	{ "CPU ", "/KVM" },			   /* QEMU */
	{ "crosvm_vcpu", "" }, { "fc_vcpu ", "" }, /* Firecracker, libkrun */
	{ "kvm-vcpu-", "" },			   /* kvmtool */
	{ "vcpu", "" },				   /* Cloud Hypervisor */
};

#define NRS 4096 /* vCPUs that are told from each other: more has no VM */

/* The vCPU that the thread runs by its name, or -1. */
static int vcpu_of(const char *comm)
{
	for (unsigned i = 0; i < sizeof(thread_names) / sizeof(*thread_names); i++) {
		size_t size = strlen(thread_names[i].before);
		unsigned long nr;
		char *end;

		if (strncmp(comm, thread_names[i].before, size) || !isdigit((unsigned char)comm[size]))
			continue;
		nr = strtoul(comm + size, &end, 10);
		if (nr < NRS && !strcmp(end, thread_names[i].behind))
			return (int)nr;
	}
	return -1;
}

static unsigned count_vcpu_names(int dir)
{
	bool seen[NRS] = { false };
	struct proc_threads threads;
	struct proc_thread thread;
	unsigned n = 0;

	if (proc_threads_open_in(&threads, dir))
		return 0;
	while (proc_threads_next(&threads, &thread)) {
		int nr = vcpu_of(thread.comm);

		if (nr < 0 || seen[nr])
			continue;
		seen[nr] = true;
		n++;
	}
	proc_threads_close(&threads);
	return n;
}

/* Whether it runs a VM, as far as can be told. */
static bool look_for_vm(struct vms *vms, int dir, struct vms_process *p)
{
	struct proc_vm vm;
	int err = proc_find_vm_in(dir, p->pid, &vm, NULL);

	p->vms = vm.vms;
	p->vcpus = vm.nvcpus;
	p->ram = vm.ram;
	if (!err)
		proc_free(&vm);
	if (err != -EACCES)
		return !err || (err == -ENODEV && vm.vms);
	p->guess = true;
	p->vms = 0;
	p->ram = 0;
	p->vcpus = count_vcpu_names(dir);
	vms->hidden += !p->vcpus;
	return p->vcpus;
}

static void look_for_reason(int dir, struct vms_process *p)
{
	const struct refusal why = { p->why, sizeof(p->why) };

	p->err = proc_check_in(dir, p->pid, &why);
	if (!p->err && !p->vcpus)
		p->err = refuse(&why, -ENODEV, "its VM has no vCPU yet");
}

static bool look_at(struct vms *vms, int dir, struct vms_process *p)
{
	struct stat_line stat;

	if (!read_stat(dir, &stat) || stat.flags & PF_KTHREAD || !look_for_vm(vms, dir, p))
		return false;
	p->age = age_of(&stat);
	p->state = stat.state;
	p->in_state = word_of(stat.state);
	name_process(dir, p);
	read_cores(dir, p);
	look_for_reason(dir, p);
	return true;
}

/* ---- all processes */

int vms_open(struct vms *vms, const char *proc)
{
	*vms = (struct vms){ .dir = opendir(proc) };
	return vms->dir ? 0 : -errno;
}

bool vms_next(struct vms *vms, struct vms_process *p)
{
	struct dirent *entry;
	bool found = false;

	while (!found && (entry = readdir(vms->dir))) {
		int dir;

		*p = (struct vms_process){ .pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0 };
		dir = p->pid > 0 ? openat(dirfd(vms->dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		if (dir < 0)
			continue;
		found = look_at(vms, dir, p);
		close(dir);
	}
	return found;
}

void vms_close(struct vms *vms)
{
	closedir(vms->dir);
}
