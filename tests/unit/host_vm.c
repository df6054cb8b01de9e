/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM of our own on this host's KVM: runs, is kicked, reaches devices, is reset. */
#include "guest_code.h"
#include "host/vm.h"
#include "open_files.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define MEMORY 0x400000
#define SCRATCH 0x10000

static struct host *open_scratch(uint64_t *base, const void *code, size_t size)
{
	char error[200] = "";
	struct host *h = vm_open_scratch(-1, SCRATCH, base, error, sizeof(error));

	if (!h)
		diag("no scratch VM", error);
	else if (h->ops->write_mem(h, *base, code, size) != (ssize_t)size)
		diag("cannot write", "code");
	if (h)
		h->ops->sync_code(h, *base, size);
	return h;
}

static void is_exit(struct host *h, enum host_run how, enum exit_kind want, const char *name)
{
	struct vcpu_exit exit;

	is_int(h->ops->run(h, 0, how, &exit), 0, name);
	is_int(exit.kind, want, name);
}

static void test_device(void)
{
	struct vcpu_exit exit;
	uint64_t base;
	struct host *h = open_scratch(&base, load, sizeof(load));

	if (!ok(h, "a scratch VM"))
		return;
	is_int(h->ops->run(h, 0, HOST_RUN, &exit), 0, "a load from nowhere");
	is_int(exit.kind, EXIT_STUCK, "is reported");
	is_str(exit.text, load_text, "with a sentence");
	is_int((int64_t)pc(h), (int64_t)(base + load_end), "and the guest is behind it");
	is_exit(h, HOST_SETTLE, EXIT_KICKED, "there is nothing left to settle");
	h->ops->kick(h, 0);
	is_exit(h, HOST_RUN, EXIT_KICKED, "and the guest goes on");
	h->ops->close(h);
}

static void test_console(void)
{
	struct vm_config config = { .vcpus = 1, .memory = MEMORY };
	char error[200] = "", byte = 0;
	struct vcpu_exit exit = { 0 };
	struct host *h;
	uint64_t start;
	int ends[2];

	if (!ok(!pipe(ends), "a console"))
		return;
	config.console = ends[1];
	h = vm_open(&config, error, sizeof(error));
	if (!ok(h, "a VM with a console"))
		return;
	start = pc(h);
	h->ops->write_mem(h, start, print, sizeof(print));
	h->ops->sync_code(h, start, sizeof(print));
	is_exit(h, HOST_STEP, EXIT_IO_DONE, "a store to the console ends HOST_STEP");
	is_int((int64_t)pc(h), (int64_t)(start + print_end), "with the guest behind it");
	is_int(read(ends[0], &byte, 1), 1, "something is printed");
	is_int(byte, 'A', "and it is what the guest has sent");
	is_int(h->ops->run(h, 0, HOST_RUN, &exit), 0, "the guest runs on");
	is_int(exit.kind, EXIT_ENDED, "to its end");
	is_int(exit.code, end_code, "with its code");
	h->ops->close(h);
	close(ends[0]);
	close(ends[1]);
}

struct kicker {
	struct host *host;
	unsigned microseconds;
};

static void *kick(void *arg)
{
	struct kicker *k = arg;

	usleep(k->microseconds);
	k->host->ops->kick(k->host, 0);
	return NULL;
}

static int open_full_pipe(int ends[2])
{
	char dots[4096];

	memset(dots, '.', sizeof(dots));
	if (pipe(ends))
		return -1;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], dots, sizeof(dots)) > 0)
		;
	return fcntl(ends[1], F_SETFL, 0);
}

/* Everything in it, but for the dots. */
static void read_pipe(int fd, char *text, size_t size)
{
	size_t n = strlen(text);
	char byte;

	while (read(fd, &byte, 1) == 1)
		if (byte != '.' && n + 1 < size)
			text[n++] = byte;
	text[n] = '\0';
}

/* A console that takes nothing: a vCPU that waits for it is fetched by a kick, as a step is over, and what it has printed is not lost. */
static void test_full_console(void)
{
	struct vm_config config = { .vcpus = 1, .memory = MEMORY };
	char error[200] = "", text[16] = "";
	struct vcpu_exit exit = { 0 };
	pthread_t thread;
	struct kicker k;
	int ends[2];

	if (!ok(!open_full_pipe(ends), "a console that takes nothing"))
		return;
	config.console = ends[1];
	k = (struct kicker){ vm_open(&config, error, sizeof(error)), 200000 };
	if (!ok(k.host, "a VM that prints there"))
		return;
	k.host->ops->write_mem(k.host, pc(k.host), print, sizeof(print));
	k.host->ops->sync_code(k.host, pc(k.host), sizeof(print));
	is_exit(k.host, HOST_STEP, EXIT_IO_DONE, "a step is over");
	for (unsigned i = 0; i < 2; i++) {
		pthread_create(&thread, NULL, kick, &k);
		is_exit(k.host, HOST_RUN, EXIT_KICKED, "a vCPU that waits for the console is kicked out");
		pthread_join(thread, NULL);
	}
	read_pipe(ends[0], text, sizeof(text));
	is_int(k.host->ops->run(k.host, 0, HOST_RUN, &exit), 0, "the console is read, and the guest runs on");
	is_int(exit.kind, EXIT_ENDED, "to its end");
	read_pipe(ends[0], text, sizeof(text));
	is_str(text, "A", "and what it has printed is there, once");
	k.host->ops->close(k.host);
	close(ends[0]);
	close(ends[1]);
}

static void test_kicks(void)
{
	struct vm_config config = { .vcpus = 1, .memory = MEMORY, .console = -1 };
	char error[200] = "";
	struct host *h = vm_open(&config, error, sizeof(error));
	unsigned wrong = 0;
	uint64_t base;

	if (!ok(h, "a VM that spins"))
		return;
	base = pc(h);
	h->ops->write_mem(h, base, spin, sizeof(spin));
	h->ops->sync_code(h, base, sizeof(spin));
	h->ops->kick(h, 0);
	is_exit(h, HOST_SETTLE, EXIT_KICKED, "settling takes no kick away");
	is_exit(h, HOST_RUN, EXIT_KICKED, "a kick from before counts");
	for (unsigned i = 0; i < 200; i++) {
		struct kicker k = { h, (unsigned)rand() % 500 };
		struct vcpu_exit exit;
		pthread_t thread;

		pthread_create(&thread, NULL, kick, &k);
		wrong += h->ops->run(h, 0, HOST_RUN, &exit) || exit.kind != EXIT_KICKED;
		pthread_join(thread, NULL);
	}
	is_int(wrong, 0, "200 kicks, none lost");
	is_exit(h, HOST_WAIT, EXIT_WAITED, "to wait for a kick ends without one");
	h->ops->kick(h, 0);
	is_exit(h, HOST_WAIT, EXIT_KICKED, "... or with one");
	is_exit(h, HOST_WAIT, EXIT_WAITED, "... which counts once");
	is_int((int64_t)pc(h), (int64_t)base, "... and the guest does not run");
	h->ops->close(h);
}

static void test_memory(void)
{
	char bytes[16];
	uint64_t base;
	struct host *h = open_scratch(&base, spin, sizeof(spin));

	if (!ok(h, "a VM with memory"))
		return;
	is_int(h->ops->read_mem(h, base, bytes, sizeof(spin)), sizeof(spin), "memory is read");
	ok(!memcmp(bytes, spin, sizeof(spin)), "as it was written");
	is_int(h->ops->read_mem(h, base + SCRATCH - 5, bytes, 16), 5, "a read ends with RAM");
	is_int(h->ops->read_mem(h, base + SCRATCH, bytes, 1), -EFAULT, "behind RAM there is nothing");
	is_int(h->ops->write_mem(h, UINT64_MAX, bytes, 2), -EFAULT, "nor at the end of all addresses");
	h->ops->sync_code(h, UINT64_MAX - 8, 16);
	h->ops->close(h);
}

static int call_run(struct host *h, unsigned long request, void *arg, size_t size, unsigned at, uint64_t sync)
{
	struct host_call call = { .request = request, .arg = arg, .size = size, .run_at = at, .run_sync = sync };

	return h->ops->calls(h, 0, &call, 1) ? -ECANCELED : call.err;
}

/* request_interrupt_window is a byte that the host does not use; 1 is the first of KVM_SYNC_*, and nobody has asked for it. */
static void test_kvm_run(void)
{
	const unsigned at = offsetof(struct kvm_run, request_interrupt_window);
	uint8_t byte = 1, got = 0xff, large[64];
	uint64_t base;
	struct host *h = open_scratch(&base, spin, sizeof(spin));

	if (!ok(h, "a VM whose kvm_run is looked at"))
		return;
	ok(call_run(h, HOST_RUN_GET, &got, 1, at, 0) == 0 && got == 0, "a part of kvm_run is read");
	is_int(call_run(h, HOST_RUN_SET, &byte, 1, at, 0), 0, "and written");
	ok(call_run(h, HOST_RUN_GET, &got, 1, at, 0) == 0 && got == 1, "as it is read then");
	is_int(call_run(h, HOST_RUN_GET, &got, 1, at, 1), -ENXIO, "not under a bit that kvm_valid_regs lacks");
	is_int(call_run(h, HOST_RUN_SET, &byte, 1, at, 1), -ENXIO, "nor written");
	is_int(call_run(h, HOST_RUN_GET, large, sizeof(large), UINT32_MAX, 0), -EINVAL, "nothing is behind it");
	is_int(call_run(h, HOST_RUN_GET, large, SIZE_MAX, 8, 0), -EINVAL, "nor as large");
	is_int(call_run(h, HOST_TOLD, large, 1, 0, 0), -ENXIO, "no VMM tells KVM a byte that it has to keep in mind");
	h->ops->close(h);
}

static void test_refusals(void)
{
	uint8_t debug[sizeof(struct kvm_guest_debug_arch) + 8] = { 0 };
	struct host_call call = { .request = KVM_GET_API_VERSION };
	struct vcpu_exit exit;
	uint64_t base;
	struct host *h = open_scratch(&base, spin, sizeof(spin));

	if (!ok(h, "a VM that is asked too much"))
		return;
	is_int(h->ops->run(h, 1, HOST_RUN, &exit), -EINVAL, "there is no second vCPU to run");
	is_int(h->ops->calls(h, 1, &call, 1), -EINVAL, "nor to call");
	h->ops->kick(h, 1);
	is_int(h->ops->calls(h, 0, &call, 1), 0, "a vCPU can be called");
	ok(call.err < 0, "and refuses what is none of its ioctls");
	is_int(h->ops->set_debug(h, 0, KVM_GUESTDBG_ENABLE, debug, sizeof(debug)), -EINVAL,
		"too many bytes of debug registers");
	is_int(h->ops->set_debug(h, 0, 0, NULL, 0), 0, "none is fine");
	ok(h->ops->extension(h, KVM_CAP_USER_MEMORY) > 0, "an extension that is there");
	is_int(h->ops->extension(h, -1), 0, "and one that is not");
	h->ops->close(h);
}

static void refused(struct vm_config config, const char *want)
{
	unsigned before = open_files();
	char error[200] = "";
	struct host *h = vm_open(&config, error, sizeof(error));

	ok(!h, "refused: %s", want);
	ok(strstr(error, want), "and in these words");
	if (!strstr(error, want))
		diag("got", error);
	if (h)
		h->ops->close(h);
	is_int(open_files(), before, "and leaves no file open");
}

static void test_configs(void)
{
	struct vm_config good = { .vcpus = 1, .memory = MEMORY, .console = -1 }, c = good;

	c.vcpus = 0;
	refused(c, "0 vCPUs: at least 1");
	c.vcpus = 4096;
	refused(c, "vCPU");
	c = good;
	c.memory = 0;
	refused(c, "0x0 bytes of memory");
	c.memory = 1;
	refused(c, "0x1 bytes of memory: must be a multiple");
	c.memory = UINT64_MAX & ~0xfffffull;
	refused(c, "bytes of memory");
	c = good;
	c.image = "/nonexistent/image";
	refused(c, "/nonexistent/image: No such file or directory");
	c.image = "/";
	refused(c, "/: is a directory");
}

static void test_reset(void)
{
	struct vm_config config = { .vcpus = 2, .memory = MEMORY, .console = -1 };
	char error[200] = "";
	struct host *h = vm_open(&config, error, sizeof(error));
	unsigned before = open_files();

	if (!ok(h, "a VM to be reset"))
		return;
	for (unsigned i = 0; i < 5; i++)
		is_int(h->ops->reset(h, error, sizeof(error)), 0, "is reset");
	is_int(open_files(), before, "with as many files as before");
	h->ops->kick(h, 0);
	is_int(h->ops->reset(h, error, sizeof(error)), 0, "is reset once more");
	is_exit(h, HOST_RUN, EXIT_KICKED, "which loses no kick");
	h->ops->close(h);
}

/* A reset fails that can open no file. What it leaves behind answers everything with -ENODEV, and can be reset again. */
static void test_gone(void)
{
	struct vm_config config = { .vcpus = 1, .memory = MEMORY, .console = -1 };
	struct host_call call = { .request = KVM_RUN };
	char error[200] = "", byte = 0;
	struct host *h = vm_open(&config, error, sizeof(error));
	struct rlimit files, none;
	struct vcpu_exit exit;

	if (!ok(h, "a VM that will be gone"))
		return;
	getrlimit(RLIMIT_NOFILE, &files);
	none = (struct rlimit){ 0, files.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	is_int(h->ops->reset(h, error, sizeof(error)), -EMFILE, "a reset that fails");
	is_str(error, "/dev/kvm: Too many open files", "with a sentence");
	setrlimit(RLIMIT_NOFILE, &files);
	is_int(h->ops->run(h, 0, HOST_RUN, &exit), -ENODEV, "nothing to run");
	is_int(h->ops->calls(h, 0, &call, 1), -ENODEV, "nothing to call");
	is_int(h->ops->set_debug(h, 0, 0, NULL, 0), -ENODEV, "nothing to debug");
	is_int(h->ops->read_mem(h, 0x40000000, &byte, 1), -ENODEV, "nothing to read");
	is_int(h->ops->write_mem(h, 0x40000000, &byte, 1), -ENODEV, "nothing to write");
	is_int(h->ops->extension(h, KVM_CAP_USER_MEMORY), 0, "nothing that it can do");
	h->ops->sync_code(h, 0x40000000, 1);
	h->ops->kick(h, 0);
	is_int(h->ops->reset(h, error, sizeof(error)), 0, "a reset that works");
	is_exit(h, HOST_RUN, EXIT_KICKED, "and the kick of meanwhile");
	h->ops->close(h);
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0) {
		skip("host_vm", "/dev/kvm cannot be used");
		return done();
	}
	close(kvm);
	test_device();
	test_console();
	test_full_console();
	test_kicks();
	test_memory();
	test_kvm_run();
	test_refusals();
	test_configs();
	test_reset();
	test_gone();
	return done();
}
