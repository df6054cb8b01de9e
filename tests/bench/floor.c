/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor: what stepping a guest costs when nobody asks for it over a wire. A bare loop of KVM's calls, with whatever moves
 * many registers at once on this host.
 *
 *   floor count step|step+g N
 *   floor time ROUNDS MILLISECONDS
 *   floor serve PATH
 *
 * `serve` is a server that knows nothing but how to step: on a Unix socket, for one client, it answers a step with as many bytes as a
 * stop reply has after one KVM_RUN and one read of the pc.
 * `m` is memory made into hexadecimal digits, which is what a server has to do for `m` besides sending them.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "many_regs/kvm_many_regs.h"
#include "rate.h"

#define RAM_SIZE 0x10000
#define READ_SIZE 0x2000

/* x86 runs in real mode from a page that its instruction pointer reaches. */
#define RAM_START 0x1000

#ifdef __x86_64__
static const uint8_t loop[] = { 0x90, 0xeb, 0xfd };
#else
static const uint32_t loop[] = { 0xd503201f, 0x17ffffff };
#endif

struct bare {
	int vm, vcpu;
	int device; /* /dev/kvm_many_regs, or -1 */
	uint8_t *ram;
	struct kvm_run *run;
	uint64_t sum; /* of what was read, so that it is */
};

static int must(int result, const char *what)
{
	if (result < 0)
		die("floor: %s", what);
	return result;
}

static void *must_map(size_t size, int flags, int fd)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		die("floor: mmap");
	return p;
}

/* --- what differs: the registers at the start, and reading the general ones */

#ifdef __x86_64__
#define SYNCED (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS)

static void set_registers(struct bare *b)
{
	struct kvm_regs regs = { .rip = RAM_START, .rflags = 2 };
	struct kvm_sregs sregs;

	must(ioctl(b->vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.selector = 0;
	sregs.cs.base = 0;
	must(ioctl(b->vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(b->vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	if ((ioctl(b->vm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS) & SYNCED) == SYNCED)
		b->run->kvm_valid_regs = SYNCED;
}

static uint64_t get_pc(struct bare *b)
{
	if (!b->run->kvm_valid_regs)
		must(ioctl(b->vcpu, KVM_GET_REGS, &b->run->s.regs.regs), "KVM_GET_REGS");
	return b->run->s.regs.regs.rip;
}

static void get_registers(struct bare *b)
{
	if (!b->run->kvm_valid_regs) {
		must(ioctl(b->vcpu, KVM_GET_REGS, &b->run->s.regs.regs), "KVM_GET_REGS");
		must(ioctl(b->vcpu, KVM_GET_SREGS, &b->run->s.regs.sregs), "KVM_GET_SREGS");
	}
	b->sum += b->run->s.regs.regs.rip + b->run->s.regs.sregs.cs.base;
}
#else
/* x0 to x30, sp, pc, pstate: Documentation/virt/kvm/api.rst, 4.68 */
#define GENERAL 34
#define REG_X0 0x6030000000100000
#define REG_PC (REG_X0 + 2 * 32)

static void set_gic(int gic, uint32_t group, uint64_t attr, uint64_t value)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)&value };

	must(ioctl(gic, KVM_SET_DEVICE_ATTR, &a), "the GICv3");
}

/* Any guest has an interrupt controller, whose state KVM_RUN loads and puts away. Where it is, is of no importance to this one. */
static void add_gic(struct bare *b)
{
	struct kvm_create_device gic = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };

	must(ioctl(b->vm, KVM_CREATE_DEVICE, &gic), "KVM_CREATE_DEVICE");
	set_gic(gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, 0x08000000);
	set_gic(gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, 0x080a0000);
	set_gic(gic.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
}

static bool has(const struct bare *b, uint32_t cap)
{
	return ioctl(b->vm, KVM_CHECK_EXTENSION, cap) > 0;
}

/* As QEMU's and our own vCPUs: with what the host has, for KVM_RUN puts that away, too. */
static void init_vcpu(struct bare *b)
{
	int sve = KVM_ARM_VCPU_SVE, irq = 23;
	struct kvm_device_attr pmu = {
		.group = KVM_ARM_VCPU_PMU_V3_CTRL, .attr = KVM_ARM_VCPU_PMU_V3_IRQ, .addr = (uintptr_t)&irq
	};
	struct kvm_vcpu_init init;

	must(ioctl(b->vm, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	if (has(b, KVM_CAP_ARM_SVE))
		init.features[0] |= 1u << KVM_ARM_VCPU_SVE;
	if (has(b, KVM_CAP_ARM_PMU_V3))
		init.features[0] |= 1u << KVM_ARM_VCPU_PMU_V3;
	if (has(b, KVM_CAP_ARM_PTRAUTH_ADDRESS) && has(b, KVM_CAP_ARM_PTRAUTH_GENERIC))
		init.features[0] |= 1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS | 1u << KVM_ARM_VCPU_PTRAUTH_GENERIC;
	must(ioctl(b->vcpu, KVM_ARM_VCPU_INIT, &init), "KVM_ARM_VCPU_INIT");
	if (has(b, KVM_CAP_ARM_SVE))
		must(ioctl(b->vcpu, KVM_ARM_VCPU_FINALIZE, &sve), "KVM_ARM_VCPU_FINALIZE");
	add_gic(b);
	if (!has(b, KVM_CAP_ARM_PMU_V3))
		return;
	must(ioctl(b->vcpu, KVM_SET_DEVICE_ATTR, &pmu), "the PMU's interrupt");
	pmu.attr = KVM_ARM_VCPU_PMU_V3_INIT;
	must(ioctl(b->vcpu, KVM_SET_DEVICE_ATTR, &pmu), "the PMU");
}

static void set_registers(struct bare *b)
{
	uint64_t start = RAM_START;
	struct kvm_one_reg pc = { .id = REG_PC, .addr = (uintptr_t)&start };

	init_vcpu(b);
	must(ioctl(b->vcpu, KVM_SET_ONE_REG, &pc), "KVM_SET_ONE_REG");
}

static uint64_t get_pc(struct bare *b)
{
	uint64_t pc;
	struct kvm_one_reg reg = { .id = REG_PC, .addr = (uintptr_t)&pc };

	must(ioctl(b->vcpu, KVM_GET_ONE_REG, &reg), "KVM_GET_ONE_REG");
	return pc;
}

static void get_registers(struct bare *b)
{
	uint64_t value[GENERAL];
	struct {
		struct kvm_many_regs head;
		struct kvm_one_reg reg[GENERAL];
	} many = { .head = { .n = GENERAL, .vcpu_fd = b->vcpu } };

	for (unsigned i = 0; i < GENERAL; i++) {
		many.reg[i] = (struct kvm_one_reg){ .id = REG_X0 + 2 * i, .addr = (uintptr_t)&value[i] };
		if (b->device < 0)
			must(ioctl(b->vcpu, KVM_GET_ONE_REG, &many.reg[i]), "KVM_GET_ONE_REG");
	}
	if (b->device >= 0)
		must(ioctl(b->device, KVM_GET_MANY_REGS, &many), "KVM_GET_MANY_REGS");
	b->sum += value[0] + value[GENERAL - 1];
}
#endif

/* --- a guest */

static void open_guest(struct bare *b)
{
	int kvm = must(open("/dev/kvm", O_RDWR), "/dev/kvm");
	struct kvm_userspace_memory_region region = { .guest_phys_addr = RAM_START, .memory_size = RAM_SIZE };
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };

	b->device = open(KVM_MANY_REGS_DEVICE, O_RDWR);
	b->vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	b->ram = must_map(RAM_SIZE, MAP_SHARED | MAP_ANONYMOUS, -1);
	memcpy(b->ram, loop, sizeof(loop));
	region.userspace_addr = (uintptr_t)b->ram;
	must(ioctl(b->vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	b->vcpu = must(ioctl(b->vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	b->run = must_map(must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE"), MAP_SHARED, b->vcpu);
	set_registers(b);
	must(ioctl(b->vcpu, KVM_SET_GUEST_DEBUG, &debug), "KVM_SET_GUEST_DEBUG");
}

/* --- what is counted and timed */

static void step(void *arg)
{
	struct bare *b = arg;

	must(ioctl(b->vcpu, KVM_RUN, 0), "KVM_RUN");
	if (b->run->exit_reason != KVM_EXIT_DEBUG)
		die("floor: the step ended with exit %u", b->run->exit_reason);
}

static void step_g(void *arg)
{
	step(arg);
	get_registers(arg);
}

static void read_memory(void *arg)
{
	static const char digits[] = "0123456789abcdef";
	static char text[2 * READ_SIZE];
	struct bare *b = arg;

	for (unsigned i = 0; i < READ_SIZE; i++) {
		text[2 * i] = digits[b->ram[i] >> 4];
		text[2 * i + 1] = digits[b->ram[i] & 15];
	}
	b->sum += text[b->sum % sizeof(text)];
}

/* --- a server */

static int accept_one(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	must(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), path);
	must(listen(fd, 1), path);
	return must(accept(fd, NULL, NULL), "accept");
}

static void answer(int fd, const char *text)
{
	char packet[256] = "+$";
	uint8_t sum = 0;
	size_t n = 2;

	for (; *text; text++)
		sum += packet[n++] = *text;
	n += sprintf(packet + n, "#%02x", sum);
	if (write(fd, packet, n) != (ssize_t)n)
		die("floor: write");
}

static void answer_step(struct bare *b, int fd)
{
	char text[128];

	step(b);
	sprintf(text, "T05thread:p1.1;10:%016llx;7:%016llx;6:%016llx;", (unsigned long long)get_pc(b), 0ull, 0ull);
	answer(fd, text);
}

/* Each packet comes in one piece, after the answer to the one before. */
static void serve(struct bare *b, const char *path)
{
	int fd = accept_one(path);
	char in[4096];
	ssize_t n;

	while ((n = read(fd, in, sizeof(in) - 1)) > 0) {
		in[n] = '\0';
		if (strstr(in, "$vCont;s"))
			answer_step(b, fd);
		else if (strstr(in, "$QStartNoAckMode"))
			answer(fd, "OK");
		else if (strstr(in, "$?"))
			answer(fd, "T05thread:p1.1;");
		else if (strchr(in, '$'))
			answer(fd, "");
	}
}

int main(int argc, char **argv)
{
	struct bare b = { 0 };
	struct rate steps = { 0 }, step_gs = { 0 }, reads = { 0 };

	if (argc == 3 && !strcmp(argv[1], "serve")) {
		open_guest(&b);
		serve(&b, argv[2]);
		return 0;
	}
	if (argc != 4)
		die("usage: floor count step|step+g N, floor time ROUNDS MILLISECONDS or floor serve PATH");
	open_guest(&b);
	if (!strcmp(argv[1], "count")) {
		for (int n = atoi(argv[3]); n; n--)
			(!strcmp(argv[2], "step") ? step : step_g)(&b);
		return 0;
	}
	for (int n = atoi(argv[2]); n && steps.rounds < RATE_ROUNDS_MAX; n--) {
		rate_round(&steps, atoi(argv[3]), step, &b);
		rate_round(&step_gs, atoi(argv[3]), step_g, &b);
		rate_round(&reads, atoi(argv[3]), read_memory, &b);
	}
	rate_print(&steps, "floor", "step", 1);
	rate_print(&step_gs, "floor", "step+g", 1);
	rate_print(&reads, "floor", "m", READ_SIZE / 1048576.0);
	return 0;
}
