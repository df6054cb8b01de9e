/* SPDX-License-Identifier: BSD-2-Clause */
/* A scratch VM is opened in somebody else's process, in which it leaves no trace: no handler, no mask, no file. */
#include "host/vm.h"
#include "open_files.h"
#include "tap.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SCRATCH 0x10000
#define SIGNALS 65
#define TIMES 20

/* What a process has of signals: its handlers, and this thread's mask. */
struct signals {
	struct sigaction action[SIGNALS];
	sigset_t mask;
};

static void get_signals(struct signals *now)
{
	memset(now, 0, sizeof(*now));
	pthread_sigmask(SIG_SETMASK, NULL, &now->mask);
	for (int i = 1; i < SIGNALS; i++)
		sigaction(i, NULL, &now->action[i]);
}

static bool signals_are(const struct signals *want)
{
	struct signals now;
	bool same = true;

	get_signals(&now);
	for (int i = 1; i < SIGNALS; i++)
		same &= now.action[i].sa_handler == want->action[i].sa_handler &&
			now.action[i].sa_flags == want->action[i].sa_flags &&
			sigismember(&now.mask, i) == sigismember(&want->mask, i);
	return same;
}

/* The vCPU is run as far as it can be without executing anything. */
static bool open_and_close(int kvm, const struct signals *signals)
{
	char error[200] = "";
	struct vcpu_exit exit;
	uint64_t base;
	struct host *h = vm_open_scratch(kvm, SCRATCH, &base, error, sizeof(error));
	bool good = h && !h->ops->run(h, 0, HOST_SETTLE, &exit) && signals_are(signals);

	if (h)
		h->ops->close(h);
	else
		diag("no scratch VM", error);
	return good;
}

static void test_traces(int kvm)
{
	struct signals signals;
	unsigned before = open_files(), good = 0;

	get_signals(&signals);
	for (unsigned i = 0; i < TIMES; i++)
		good += open_and_close(i & 1 ? kvm : -1, &signals);
	is_int(good, TIMES, "no signal has another handler, and none is blocked or let in");
	is_int(open_files(), before, "no file is left open");
	is_int(ioctl(kvm, KVM_GET_API_VERSION, 0), KVM_API_VERSION, "and /dev/kvm is as open as before");
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	sigset_t all;

	if (kvm < 0) {
		skip("host_scratch", "/dev/kvm cannot be used");
		return done();
	}
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	test_traces(kvm);
	pthread_sigmask(SIG_UNBLOCK, &all, NULL);
	test_traces(kvm);
	close(kvm);
	return done();
}
