/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM calls its vCPU's thread out, a thousand times a second and in each way that VMMs have, while a debugger stops its guest and lets it
 * go. No call is lost, and a stop is no obstacle. The vCPU is this host's KVM's, where there is one, and a simulated one besides.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "../lib/patience.h"
#include "embed_library.h"
#include "guest_code.h"
#include "host/embed_vcpu.h"
#include "host/vm.h"
#include "host/vm_arch.h"
#include "tap.h"

#define KICKS 300 /* or as many as the first argument says */
#define AGAIN_MS \
	10 /* a VMM that kicks by a plain signal does so again: one that is handled just before KVM_RUN is lost to any */
#define KICK (SIGRTMIN + 2)
#define SCRATCH 0x10000

enum style {
	BY_SIGNAL,	 /* its handler does nothing */
	BY_IMMEDIATE,	 /* it sets immediate_exit */
	BY_KVM_MASK,	 /* it is blocked, let in by KVM alone, and taken by sigtimedwait() */
	BY_WANT,	 /* embed_want() */
	BY_SLOW_HANDLER, /* it does what there is to do itself, and waits for another thread, which needs the library's lock */
	STYLES
};

static const char *const style_names[] = { "a signal", "a signal that sets immediate_exit", "a signal that KVM lets in",
	"embed_want()", "a handler that waits" };

struct vmm {
	enum style style;
	struct host *vm; /* the VMM's own; NULL: the vCPU is simulated */
	struct host *h;
	struct library l;
	struct kvm_run *run;
	int fd;
	pthread_t thread;
	atomic_bool ends;
	atomic_uint request, ack; /* the number of the kick that was sent, and seen */
	atomic_uint eintrs, wrong;
	atomic_uint checks, checked; /* of the library's lock */
	uint64_t answered;

	/* Of a simulated vCPU. */
	bool awaits;
	uint64_t sum;
};

static struct vmm *the_vmm; /* of the handler */
static unsigned kicks = KICKS;

static void set_immediate(struct vmm *m, uint8_t value)
{
	__atomic_store_n(&m->run->immediate_exit, value, __ATOMIC_SEQ_CST);
}

/* ---- handlers ---- */

static void on_our_kick(int signal)
{
	(void)signal;
}

static void wait_for_lock(struct vmm *m)
{
	unsigned check = atomic_fetch_add(&m->checks, 1) + 1;
	int64_t until = now_ms() + PATIENCE;

	while (atomic_load(&m->checked) < check && !atomic_load(&m->ends))
		if (now_ms() > until) {
			atomic_fetch_add(&m->wrong, 1);
			return;
		}
}

static void on_kick(int signal)
{
	struct vmm *m = the_vmm;
	int err = errno;

	(void)signal;
	if (m->style == BY_IMMEDIATE)
		set_immediate(m, 1);
	if (m->style == BY_SLOW_HANDLER) {
		wait_for_lock(m);
		atomic_store(&m->ack, atomic_load(&m->request));
	}
	errno = err;
}

/* ---- a simulated vCPU: a guest that reads what it adds up, each 50 us ---- */

static int simulated_run(struct vmm *m)
{
	struct pollfd pending = { .fd = m->l.v->host->signals, .events = POLLIN };
	uint32_t value;

	memcpy(&value, m->run->mmio.data, sizeof(value));
	if (m->awaits && m->run->exit_reason == KVM_EXIT_MMIO)
		m->sum += value;
	m->awaits = false;
	if (__atomic_load_n(&m->run->immediate_exit, __ATOMIC_SEQ_CST) ||
		ppoll(&pending, 1, &(struct timespec){ 0, 50000 }, NULL))
		return -EINTR;
	m->run->exit_reason = KVM_EXIT_MMIO;
	m->awaits = true;
	return 0;
}

static const struct host_ops simulated_ops = {
	.kick = embed_kick,
	.wait = embed_wait,
	.wake = embed_wake,
	.attend = embed_attend,
	.has_run = embed_has_run,
	.is_pending = embed_is_pending,
};

static void open_simulated(struct vmm *m, const struct embed_config *config, int signals)
{
	struct embed *e = calloc(1, sizeof(*e));
	struct embed_vcpu *v = aligned_alloc(CACHE_LINE_MAX, sizeof(*v));

	memset(v, 0, sizeof(*v));
	m->run = mmap(NULL, 0x3000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*e = (struct embed){
		.host = { .ops = &simulated_ops, .vcpus = 1, .borrowed = true }, .config = *config, .signals = signals
	};
	pthread_key_create(&e->mine, NULL);
	e->chunk[0] = calloc(EMBED_CHUNK, sizeof(*e->chunk[0]));
	v->host = e;
	v->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	v->run = m->run;
	e->chunk[0][0] = v;
	m->h = &e->host;
	library_init(&m->l, m->h, v);
}

static void close_simulated(struct vmm *m)
{
	struct embed *e = (struct embed *)m->h;

	close(m->l.v->event);
	if (e->signals >= 0)
		close(e->signals);
	munmap(m->run, 0x3000);
	pthread_key_delete(e->mine);
	free(m->l.v);
	free(e->chunk[0]);
	free(e);
}

/* ---- one of KVM's ---- */

static bool open_real(struct vmm *m, const struct embed_config *config)
{
	struct embed_config c = *config;
	char error[200] = "";
	uint64_t base;
	struct embed_vcpu *v;
	struct vm *vm;

	m->vm = vm_open_scratch(-1, SCRATCH, &base, error, sizeof(error));
	vm = (struct vm *)m->vm;
	if (!vm)
		return false;
	m->fd = vm->vcpu[0].fd;
	m->run = vm->vcpu[0].run;
	c.kvm_fd = vm->kvm;
	c.vm_fd = vm->fd;
	m->h = embed_open(&c, error, sizeof(error));
	if (!m->h || embed_add_vcpu(m->h, 0, m->fd, NULL, &v))
		return ok(false, "a host (%s)", error);
	m->vm->ops->write_mem(m->vm, base, reads, sizeof(reads));
	m->vm->ops->sync_code(m->vm, base, sizeof(reads));
	library_init(&m->l, m->h, v);
	return true;
}

static void let_kvm_in(struct vmm *m)
{
	union {
		struct kvm_signal_mask mask; /* followed by 8 bytes */
		uint8_t bytes[sizeof(struct kvm_signal_mask) + 8];
	} kvm = { .mask.len = 8 };
	uint64_t blocked = ~((uint64_t)1 << (KICK - 1));

	memcpy(kvm.bytes + offsetof(struct kvm_signal_mask, sigset), &blocked, sizeof(blocked));
	if (m->vm && ioctl(m->fd, KVM_SET_SIGNAL_MASK, &kvm) < 0)
		atomic_fetch_add(&m->wrong, 1);
}

static bool is_whole(struct vmm *m)
{
	return (m->vm ? sum(m->h) : m->sum) == m->answered;
}

/* ---- the VMM's thread ---- */

static int run(struct vmm *m)
{
	struct vcpu_exit exit;

	for (;;) {
		int err = library_enter(&m->l);

		if (err)
			return err;
		err = !m->vm ? simulated_run(m) : ioctl(m->fd, KVM_RUN, 0) < 0 ? -errno : 0;
		if (library_leave(&m->l, err, &exit))
			return err;
	}
}

static void interrupted(struct vmm *m)
{
	sigset_t set;

	atomic_fetch_add(&m->eintrs, 1);
	if (m->run->exit_reason != KVM_EXIT_INTR)
		atomic_fetch_add(&m->wrong, 1);
	if (m->style == BY_IMMEDIATE)
		set_immediate(m, 0);
	if (m->style == BY_KVM_MASK) {
		sigemptyset(&set);
		sigaddset(&set, KICK);
		while (sigtimedwait(&set, NULL, &(struct timespec){ 0, 0 }) == KICK)
			;
	}
	if (m->style != BY_SLOW_HANDLER)
		atomic_store(&m->ack, atomic_load(&m->request));
}

static void serve_read(struct vmm *m)
{
	uint32_t value = (uint32_t)rand();

	if (m->run->exit_reason != KVM_EXIT_MMIO || !is_whole(m))
		atomic_fetch_add(&m->wrong, 1);
	memcpy(m->run->mmio.data, &value, sizeof(value));
	m->answered += value;
}

static void *vmm_main(void *arg)
{
	struct vmm *m = arg;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, KICK);
	if (m->style == BY_KVM_MASK)
		let_kvm_in(m);
	/* Blocked from the beginning; otherwise one that comes too early would be handled, and waited for. */
	if (m->style != BY_KVM_MASK)
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	while (!atomic_load(&m->ends)) {
		int err = run(m);

		if (err == -EINTR)
			interrupted(m);
		else if (err)
			atomic_fetch_add(&m->wrong, 1);
		else
			serve_read(m);
	}
	return NULL;
}

/* ---- the debugger: each stop lasts until the VMM has had its thread in it ---- */

static void *debugger_main(void *arg)
{
	struct vmm *m = arg;
	unsigned seed = 1;

	while (!atomic_load(&m->ends)) {
		unsigned before;
		int64_t until;

		usleep((unsigned)rand_r(&seed) % 3000);
		library_stop(&m->l);
		before = atomic_load(&m->ack);
		until = now_ms() + 2 * PATIENCE;
		while (atomic_load(&m->ack) == before && !atomic_load(&m->ends) && now_ms() < until)
			usleep(200);
		library_go(&m->l, rand_r(&seed) & 1);
	}
	return NULL;
}

/* Takes the library's lock whenever the handler asks for it. */
static void *locker_main(void *arg)
{
	struct vmm *m = arg;

	while (!atomic_load(&m->ends)) {
		unsigned checks = atomic_load(&m->checks);

		pthread_mutex_lock(&m->l.lock);
		pthread_mutex_unlock(&m->l.lock);
		atomic_store(&m->checked, checks);
		usleep(100);
	}
	return NULL;
}

/* ---- the kicks ---- */

static void send_kick(struct vmm *m)
{
	if (m->style == BY_WANT)
		embed_want(m->l.v);
	else
		pthread_kill(m->thread, KICK);
}

struct tally {
	unsigned lost, again;
};

/* Sends one, and waits until it is seen. */
static void kick_once(struct vmm *m, unsigned number, struct tally *t)
{
	int64_t start = now_ms(), sent = start;

	atomic_store(&m->request, number);
	send_kick(m);
	while (atomic_load(&m->ack) != number && now_ms() - start < PATIENCE) {
		usleep(50);
		if (m->style == BY_SIGNAL && now_ms() - sent > AGAIN_MS) {
			t->again++;
			send_kick(m);
			sent = now_ms();
		}
	}
	t->lost += atomic_load(&m->ack) != number;
	usleep(now_ms() - start < 1 ? 500 : 0);
}

static void kick_out(void *opaque, void *vcpu)
{
	(void)vcpu;
	pthread_kill(((struct vmm *)opaque)->thread, KICK);
}

static bool open_vmm(struct vmm *m, enum style style, bool simulated)
{
	struct embed_config config = { .kick_signal = SIGRTMIN + 1, .opaque = m };

	memset(m, 0, sizeof(*m));
	m->style = style;
	the_vmm = m;
	if (style == BY_KVM_MASK) {
		config.run_signals = (uint64_t)1 << (KICK - 1);
		config.kick_signal = 0;
		config.kick = kick_out;
	}
	if (simulated) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, KICK);
		open_simulated(m, &config, config.run_signals ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) : -1);
	}
	return simulated || open_real(m, &config);
}

static void test_style(enum style style, bool simulated)
{
	pthread_t debugger, locker;
	struct tally t = { 0 };
	struct vmm m;

	printf("# by %s, %s vCPU\n", style_names[style], simulated ? "a simulated" : "a");
	if (!open_vmm(&m, style, simulated))
		return;
	pthread_create(&m.thread, NULL, vmm_main, &m);
	pthread_create(&debugger, NULL, debugger_main, &m);
	pthread_create(&locker, NULL, locker_main, &m);
	for (unsigned i = 1; i <= kicks && !t.lost; i++)
		kick_once(&m, i, &t);
	atomic_store(&m.ends, true);
	embed_want(m.l.v);
	pthread_join(debugger, NULL);
	pthread_join(locker, NULL);
	embed_want(m.l.v);
	pthread_join(m.thread, NULL);
	is_int(t.lost, 0, "no kick is lost");
	is_int(m.wrong, 0, "the guest has every answer, and EINTR is told as such");
	printf("# EINTR %u times, %u kicks sent again\n", m.eintrs, t.again);
	if (simulated) {
		close_simulated(&m);
	} else {
		m.h->ops->close(m.h);
		m.vm->ops->close(m.vm);
	}
}

/* ---- what comes at one and the same moment ---- */

/* A client that never stops talking does not keep the thread from the VMM. Behind a KVM_RUN. */
static void test_readable(struct vmm *m)
{
	int fds[2];

	if (pipe(fds) || write(fds[1], "", 1) != 1)
		return;
	embed_quiet(m->l.v);
	is_int(m->h->ops->wait(m->h, 0, fds[0]), 1, "there is something to read");
	pthread_kill(pthread_self(), KICK);
	is_int(m->h->ops->wait(m->h, 0, fds[0]), -EINTR, "a signal that came meanwhile is noticed before more is read");
	embed_loud(m->l.v);
}

static void test_coincidences(void)
{
	struct vcpu_exit exit;
	sigset_t kick;
	struct vmm m;

	sigemptyset(&kick);
	sigaddset(&kick, KICK);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	open_vmm(&m, BY_SIGNAL, true);
	embed_quiet(m.l.v);
	m.h->ops->wake(m.h, 0);
	is_int(m.h->ops->wait(m.h, 0, -1), 0, "a wake that came before is waited for no more");
	m.h->ops->wake(m.h, 0);
	pthread_kill(pthread_self(), KICK);
	is_int(m.h->ops->wait(m.h, 0, -1), -EINTR, "woken and signalled at once, the VMM has its thread");
	embed_loud(m.l.v);
	embed_quiet(m.l.v);
	embed_begin(m.l.v, HOST_RUN);
	embed_loud(m.l.v);
	is_int(simulated_run(&m), 0, "a run that nobody interrupts");
	embed_quiet(m.l.v);
	embed_end(m.l.v, 0, &exit);
	embed_begin(m.l.v, HOST_RUN);
	pthread_kill(pthread_self(), KICK);
	embed_loud(m.l.v);
	is_int(simulated_run(&m), -EINTR, "one that begins as a signal comes fails");
	embed_quiet(m.l.v);
	embed_end(m.l.v, -EINTR, &exit);
	is_int(exit.kind, EXIT_VMM, "... for the VMM's sake");
	embed_loud(m.l.v);
	is_int(m.run->immediate_exit, 0, "... once");
	test_readable(&m);
	close_simulated(&m);
	pthread_sigmask(SIG_BLOCK, &kick, NULL);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_kick, .sa_flags = SA_RESTART };
	struct sigaction nothing = { .sa_handler = on_our_kick };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	sigset_t set;

	kicks = argc > 1 ? (unsigned)atoi(argv[1]) : KICKS;
	sigemptyset(&set);
	sigaddset(&set, KICK);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(KICK, &action, NULL);
	sigaction(SIGRTMIN + 1, &nothing, NULL);
	test_coincidences();
	for (enum style style = 0; style < STYLES; style++)
		test_style(style, true);
	signal(SIGRTMIN + 1, SIG_DFL);
	if (kvm < 0)
		skip("by KVM's vCPUs", "/dev/kvm cannot be used");
	for (enum style style = 0; kvm >= 0 && style < STYLES; style++)
		test_style(style, false);
	close(kvm);
	return done();
}
