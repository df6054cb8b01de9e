/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second opinion: reads the registers of this process's vCPUs, with ioctls of its own. KVM takes an ioctl on a vCPU only from
 * the process that made the VM (EIO otherwise), so this is linked into a kvm-gdbserver of the tests' own; it knows nothing of stub/,
 * only <linux/kvm.h>, and finds the vCPUs in /proc/self/fd.
 *
 * With PEEK=ADDRESS:PORT in the environment it listens there, for one client at a time. A line of request, a line of answer, in
 * hexadecimal:
 *
 *	VCPU NAME    a field of a struct ioctl, by the register's name
 *	VCPU ID      a value by its ONE_REG id (x86: an MSR, by KVM_GET_MSRS), its bytes as they are in memory
 *	VCPU irqchip:GROUP:ATTR   an attribute of arm64's GICv3, for a vCPU below 16
 *	VCPU @ADDR   where KVM's own walk of the page tables finds an address (x86): the guest-physical one, or EFAULT
 *	VCPU list    the ids that KVM lists
 *
 * or "error ERRNO". A vCPU that runs makes the ioctl wait.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 65536 /* bytes: of any value, and of x86's XSAVE area */

/* Registers first..last of this prefix (or the one of this name, when last is less): a struct ioctl, and where they are in it. */
struct field {
	const char *name;
	int first, last;
	unsigned long request;
	size_t at, stride, width;
	int component; /* of x86's XSAVE area, counted from 1: `at` is from where the processor has it */
};

#define ONE(name, request, type, member)                                                                      \
	{                                                                                                     \
		name, 0, -1, request, offsetof(struct type, member), 0, sizeof(((struct type *)0)->member), 0 \
	}
#define MANY(name, n, request, type, member)                                                                   \
	{                                                                                                      \
		name, 0, (n)-1, request, offsetof(struct type, member), sizeof(((struct type *)0)->member[0]), \
			sizeof(((struct type *)0)->member[0]), 0                                               \
	}

#if defined(__x86_64__)
#include "peek_x86_64.h"
#elif defined(__powerpc64__)

#define REG(name, member) ONE(name, KVM_GET_REGS, kvm_regs, member)

static const struct field fields[] = {
	MANY("r", 32, KVM_GET_REGS, kvm_regs, gpr),
	REG("pc", pc),
	REG("msr", msr),
	REG("cr", cr),
	REG("lr", lr),
	REG("ctr", ctr),
	REG("xer", xer),
	REG("SRR0", srr0),
	REG("SRR1", srr1),
	REG("SPRG0", sprg0),
	REG("SPRG1", sprg1),
	REG("SPRG2", sprg2),
	REG("SPRG3", sprg3),
	REG("SPRG4", sprg4),
	REG("SPRG5", sprg5),
	REG("SPRG6", sprg6),
	REG("SPRG7", sprg7),
	ONE("PVR", KVM_GET_SREGS, kvm_sregs, pvr),
	ONE("SDR1", KVM_GET_SREGS, kvm_sregs, u.s.sdr1),
	MANY("SLB", 32, KVM_GET_SREGS, kvm_sregs, u.s.ppc64.slb),
};

static size_t component_at(int n)
{
	(void)n;
	return 0;
}

#elif defined(__aarch64__)

#define EVENT(name, member) ONE(name, KVM_GET_VCPU_EVENTS, kvm_vcpu_events, exception.member)

static const struct field fields[] = {
	EVENT("SERROR_PENDING", serror_pending),
	EVENT("SERROR_HAS_ESR", serror_has_esr),
	EVENT("EXT_DABT_PENDING", ext_dabt_pending),
	EVENT("SERROR_ESR", serror_esr),
};

static size_t component_at(int n)
{
	(void)n;
	return 0;
}

#else /* everything has an id */

static const struct field fields[] = { { NULL, 0, -1, 0, 0, 0, 0, 0 } };

static size_t component_at(int n)
{
	(void)n;
	return 0;
}

#endif

/* The descriptor whose link in /proc/self/fd is this, or -errno. */
static int find_fd(const char *want)
{
	char path[64], link[128];

	for (int fd = 3; fd < 1024; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, link, sizeof(link) - 1);
		link[n < 0 ? 0 : n] = 0;
		if (!strcmp(link, want))
			return fd;
	}
	return -ENOENT;
}

static int find_vcpu(unsigned nr)
{
	char want[64];

	snprintf(want, sizeof(want), "anon_inode:kvm-vcpu:%u", nr);
	return find_fd(want);
}

/* The field's number in its row when it has this name, else -1. */
static int match(const struct field *f, const char *name)
{
	char candidate[32];

	if (f->last < 0)
		return f->name && !strcmp(f->name, name) ? f->first : -1;
	for (int i = f->first; i <= f->last; i++) {
		const char *percent = strchr(f->name, '%');
		int stem = percent ? (int)(percent - f->name) : (int)strlen(f->name);

		snprintf(candidate, sizeof(candidate), "%.*s%d%s", stem, f->name, i, percent ? percent + 2 : "");
		if (!strcmp(candidate, name))
			return i;
	}
	return -1;
}

/* The bytes of the field, at the front of value; their number or -errno. */
static int read_field(int fd, const struct field *f, int i, unsigned char *value)
{
	size_t at = f->at + f->stride * (size_t)(i - f->first);

	if (f->component)
		at += component_at(f->component - 1);
	memset(value, 0, ROOM);
	if (ioctl(fd, f->request, value))
		return -errno;
	memmove(value, value + at, f->width);
	return (int)f->width;
}

static int read_name(int fd, const char *name, unsigned char *value)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		int n = match(&fields[i], name);

		if (n >= 0)
			return read_field(fd, &fields[i], n, value);
	}
	return -ENOENT;
}

#if defined(__x86_64__)

static int read_id(int fd, unsigned long long id, unsigned char *value)
{
	union {
		struct kvm_msrs msrs;
		unsigned char room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	} u = { .msrs.nmsrs = 1 };
	int n;

	u.msrs.entries[0].index = (unsigned)id;
	n = ioctl(fd, KVM_GET_MSRS, &u.msrs);
	if (n != 1)
		return n < 0 ? -errno : -EINVAL;
	memcpy(value, &u.msrs.entries[0].data, sizeof(u.msrs.entries[0].data));
	return sizeof(u.msrs.entries[0].data);
}

static int translate(int fd, unsigned long long address, unsigned char *value)
{
	struct kvm_translation t = { .linear_address = address };

	if (ioctl(fd, KVM_TRANSLATE, &t))
		return -errno;
	memcpy(value, &t.physical_address, sizeof(t.physical_address));
	return t.valid ? (int)sizeof(t.physical_address) : -EFAULT;
}

static int read_list(int fd, unsigned long long *ids, size_t room)
{
	unsigned list[4096] = { sizeof(list) / sizeof(list[0]) - 1 };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), err;

	(void)fd;
	err = kvm < 0 || ioctl(kvm, KVM_GET_MSR_INDEX_LIST, list) ? -errno : 0;
	close(kvm);
	for (size_t i = 0; !err && i < list[0] && i < room; i++)
		ids[i] = 0x2030000200000000 | list[i + 1];
	return err ? err : (int)list[0];
}

#else

static int read_id(int fd, unsigned long long id, unsigned char *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (unsigned long)value };

	return ioctl(fd, KVM_GET_ONE_REG, &reg) ? -errno : 1 << ((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);
}

/* On the others it is not there, or fills in nothing (ppc64). */
static int translate(int fd, unsigned long long address, unsigned char *value)
{
	(void)fd;
	(void)address;
	(void)value;
	return -ENOTTY;
}

static int read_list(int fd, unsigned long long *ids, size_t room)
{
	union {
		struct kvm_reg_list list;
		unsigned long long words[4096];
	} u = { .list.n = 4095 };

	if (ioctl(fd, KVM_GET_REG_LIST, &u.list))
		return -errno;
	for (size_t i = 0; i < u.list.n && i < room; i++)
		ids[i] = u.list.reg[i];
	return (int)u.list.n;
}

#endif

static void answer_list(FILE *out, int fd)
{
	unsigned long long ids[4096];
	int n = read_list(fd, ids, sizeof(ids) / sizeof(ids[0]));

	if (n < 0)
		fprintf(out, "error %d", -n);
	for (int i = 0; i < n; i++)
		fprintf(out, "%s%016llx", i ? " " : "", ids[i]);
}

/* Of vCPU nr, whose Aff0 it is (arch/arm64/kvm/sys_regs.c, reset_mpidr). */
static int read_attribute(unsigned nr, const char *what, unsigned char *value)
{
	struct kvm_device_attr attr = { .addr = (unsigned long)value };
	int fd = find_fd("anon_inode:kvm-arm-vgic-v3");

	if (sscanf(what, "irqchip:%u:%llx", &attr.group, (unsigned long long *)&attr.attr) != 2)
		return -EINVAL;
	attr.attr |= (unsigned long long)nr << 32;
	return ioctl(fd, KVM_GET_DEVICE_ATTR, &attr) ? -errno : 8;
}

static void answer_value(FILE *out, unsigned nr, int fd, const char *what)
{
	static unsigned char value[ROOM];
	char *end;
	unsigned long long id = strtoull(what, &end, 16);
	int n;

	if (!strncmp(what, "irqchip:", 8))
		n = read_attribute(nr, what, value);
	else if (*what == '@')
		n = translate(fd, strtoull(what + 1, NULL, 16), value);
	else
		n = !*end && id >> 56 ? read_id(fd, id, value) : read_name(fd, what, value);
	if (n < 0)
		fprintf(out, "error %d", -n);
	for (int i = 0; i < n; i++)
		fprintf(out, "%02x", value[i]);
}

static void serve(FILE *in, FILE *out)
{
	char line[128], what[64];
	unsigned vcpu;

	while (fgets(line, sizeof(line), in)) {
		int fd = sscanf(line, "%u %63s", &vcpu, what) == 2 ? find_vcpu(vcpu) : -EINVAL;

		if (fd < 0)
			fprintf(out, "error %d", -fd);
		else if (!strcmp(what, "list"))
			answer_list(out, fd);
		else
			answer_value(out, vcpu, fd, what);
		fputc('\n', out);
		fflush(out);
	}
}

static void *listen_for_ever(void *arg)
{
	int listener = (int)(long)arg;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");

		if (!in || !out)
			return NULL;
		serve(in, out);
		fclose(in);
		fclose(out);
	}
}

/* ADDRESS:PORT; port 0 is any, which is then said. */
static int open_listener(const char *text)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t size = sizeof(addr);
	char host[64];
	unsigned short port;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sscanf(text, "%63[^:]:%hu", host, &port) != 2 || inet_pton(AF_INET, host, &addr.sin_addr) != 1)
		return -1;
	addr.sin_port = htons(port);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(listener, (struct sockaddr *)&addr, size) || listen(listener, 1) ||
		getsockname(listener, (void *)&addr, &size))
		return -1;
	fprintf(stderr, "Peeking on port %u\n", ntohs(addr.sin_port));
	return listener;
}

/* Its thread takes no signal: they are the program's. */
__attribute__((constructor)) static void peek(void)
{
	const char *where = getenv("PEEK");
	int listener = where ? open_listener(where) : -1;
	sigset_t all, before;
	pthread_t thread;

	if (listener < 0)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_create(&thread, NULL, listen_for_ever, (void *)(long)listener);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
