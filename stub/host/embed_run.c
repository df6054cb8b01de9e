/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of one vCPU of the VMM's around its KVM_RUNs. The protocol is told in embed_vcpu.h, the two ways in embed_run.h. */
#include "embed_run.h"

#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "embed_vcpu.h"
#include "immediate_exit.h"
#include "kvm.h"

#define LONG_MS 50 /* a stop that is worth a system call */
#define KERNEL_SIGSET_SIZE ((NSIG - 1) / 8)

/* ---- the fast way ---- */

/* A thread that has come to run this vCPU just now may block the kick, and a new thread may have an old one's place. */
static bool is_known(const struct embed_vcpu *v)
{
	return pthread_equal(v->thread, pthread_self()) && pthread_getspecific(v->host->mine) == v;
}

bool embed_enter(struct embed_vcpu *v)
{
	unsigned outside = atomic_load(&v->word) & EMBED_RAN;

	return is_known(v) && atomic_compare_exchange_strong(&v->word, &outside, EMBED_RAN | EMBED_INSIDE);
}

/* The last KVM_RUN did. Others may look at it meanwhile: see is_pending(). */
static void say_interrupted(struct embed_vcpu *v)
{
	__atomic_store_n(&v->run->exit_reason, KVM_EXIT_INTR, __ATOMIC_RELAXED);
}

bool embed_leave(struct embed_vcpu *v, int err)
{
	unsigned inside = EMBED_RAN | EMBED_INSIDE;

	if (err == -EINTR)
		say_interrupted(v);
	if (!atomic_compare_exchange_strong(&v->word, &inside, EMBED_RAN))
		return false;
	/* Of a kick that came when nobody attended any more. */
	if (err == -EINTR) {
		atomic_store(&v->kicked, false);
		immediate_clear(v->run);
		v->answers = immediate_is_theirs(v->run);
	}
	return true;
}

/* ---- signals ---- */

void embed_quiet(struct embed_vcpu *v)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &v->mask);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &v->cancel);
	/* Each time: what the thread was created with, or has done since, may block it. */
	if (v->host->config.kick_signal)
		sigdelset(&v->mask, v->host->config.kick_signal);
	if (is_known(v))
		return;
	v->thread = pthread_self();
	pthread_setspecific(v->host->mine, v);
}

/* Our own kick is seen by other means. */
static bool has_signal(const struct embed_vcpu *v)
{
	sigset_t pending;

	if (sigpending(&pending))
		return false;
	for (int i = 1; i < NSIG; i++)
		if (i != v->host->config.kick_signal && sigismember(&pending, i) == 1 && !sigismember(&v->mask, i))
			return true;
	return false;
}

#ifdef __x86_64__
static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* no system call, whatever the clock is made of */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void begins_to_wait(struct embed_vcpu *v)
{
	if (!v->since)
		v->since = now_ms();
}

/*
 * A guest that stood for long would find its processors stuck (Linux, kernel/watchdog.c), unless KVM tells it: where it has KVM's clock. It
 * does not matter here whether it has.
 */
static void excuse_wait(struct embed_vcpu *v)
{
	if (v->since && now_ms() - v->since >= LONG_MS)
		ioctl(v->fd, KVM_KVMCLOCK_CTRL, 0);
	v->since = 0;
}
#else
static void begins_to_wait(struct embed_vcpu *v)
{
	(void)v;
}

static void excuse_wait(struct embed_vcpu *v)
{
	(void)v;
}
#endif

/* KVM lets in what this mask, of the kernel's size, does not block; or, NULL, what the thread does not. 0 or -errno. */
static int tell_mask(const struct embed_vcpu *v, const sigset_t *mask)
{
	union {
		struct kvm_signal_mask told;
		uint8_t bytes[sizeof(struct kvm_signal_mask) + KERNEL_SIGSET_SIZE];
	} arg = { .told.len = KERNEL_SIGSET_SIZE };

	if (mask)
		memcpy(arg.told.sigset, mask, KERNEL_SIGSET_SIZE);
	return ioctl(v->fd, KVM_SET_SIGNAL_MASK, mask ? &arg : NULL) < 0 ? -errno : 0;
}

static void begins_to_run(struct embed_vcpu *v)
{
	if (!v->settling)
		excuse_wait(v);
}

bool embed_still(struct embed_vcpu *v)
{
	if (v->host->config.run_signals)
		return false;
	if (!v->lets_in && tell_mask(v, &v->mask))
		return false;
	v->lets_in = true;
	begins_to_run(v);
	return true;
}

/* From here on the VMM has the vCPU, and may change it. */
void embed_loud(struct embed_vcpu *v)
{
	atomic_store(&v->synced, false);
	if (v->lets_in)
		tell_mask(v, NULL);
	v->lets_in = false;
	if (atomic_load(&v->word) & EMBED_INSIDE) {
		begins_to_run(v);
		if (has_signal(v)) {
			atomic_fetch_or(&v->word, EMBED_WANTED);
			immediate_set(v->run);
		}
	}
	pthread_setcancelstate(v->cancel, NULL);
	pthread_sigmask(SIG_SETMASK, &v->mask, NULL);
}

/* ---- calling out ---- */

static void call_out(struct embed_vcpu *v)
{
	const struct embed_config *c = &v->host->config;

	immediate_set(v->run);
	if (!(atomic_load(&v->word) & EMBED_INSIDE))
		return;
	if (c->kick)
		c->kick(c->opaque, v->opaque);
	else
		pthread_kill(v->thread, c->kick_signal);
}

void embed_kick(struct host *h, unsigned nr)
{
	struct embed_vcpu *v = embed_find(h, nr);

	if (!v)
		return;
	atomic_store(&v->kicked, true);
	call_out(v);
}

/* Its thread may be asleep in wait(). */
void embed_want(struct embed_vcpu *v)
{
	int err = errno;

	atomic_fetch_or(&v->word, EMBED_WANTED | EMBED_ASKED);
	call_out(v);
	embed_wake(&v->host->host, v->nr);
	errno = err;
}

bool embed_is_wanted(const struct embed_vcpu *v)
{
	return immediate_is_theirs(v->run) || atomic_load(&v->word) & EMBED_WANTED;
}

bool embed_is_asked(const struct embed_vcpu *v)
{
	return immediate_is_theirs(v->run) || atomic_load(&v->word) & EMBED_ASKED;
}

bool embed_answers(const struct embed_vcpu *v)
{
	return v->answers;
}

/* ---- waiting ---- */

static void take_wakes(struct embed_vcpu *v)
{
	uint64_t wakes;

	while (read(v->event, &wakes, sizeof(wakes)) < 0 && errno == EINTR)
		;
}

#define LOOKS 40 /* some tens of microseconds */
#define VAIN_MAX 1023u

/*
 * To fall asleep and be woken takes longer than a program takes that answers from another CPU: it is looked for first, as KVM does for a vCPU that
 * has halted (halt_poll_ns). A client that is slower, or wants this CPU, has the next wait asleep at once; in vain again, 3 of them, 7, and so on.
 */
static int look(struct embed_vcpu *v, struct pollfd *fds, nfds_t n)
{
	static const struct timespec at_once;
	int ready = 0;

	if (v->asleep) {
		v->asleep--;
		return 0;
	}
	for (unsigned i = 0; i < LOOKS && !ready; i++)
		ready = ppoll(fds, n, &at_once, &v->mask);
	v->vain = ready ? 0 : v->vain < VAIN_MAX ? 2 * v->vain + 1 : VAIN_MAX;
	v->asleep = v->vain;
	return ready;
}

/*
 * Signals are let in while the thread sleeps, and only then. Woken and signalled at once, ppoll() says the former, and the signal is
 * handled when it is let in again: it is looked for. Not by the first wait behind a KVM_RUN that has something to read for an answer: signals were
 * looked for when that began, and are when the next begins. A signal of run_signals remains pending, as behind KVM_RUN.
 */
int embed_wait(struct host *h, unsigned nr, int fd)
{
	struct embed_vcpu *v = embed_find(h, nr);
	struct pollfd fds[3];
	int ready;

	if (!v)
		return -ENODEV;
	fds[0] = (struct pollfd){ .fd = v->event, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = v->host->signals, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = fd, .events = POLLIN };
	if (embed_is_wanted(v))
		return -EINTR;
	begins_to_wait(v);
	ready = fd < 0 ? 0 : look(v, fds, 3);
	if (!ready)
		ready = ppoll(fds, 3, NULL, &v->mask);
	if (ready < 0)
		return errno == EINTR ? -EINTR : -errno;
	if (fds[0].revents)
		take_wakes(v);
	if (fds[1].revents || embed_is_wanted(v))
		return -EINTR;
	if (!fds[2].revents || !v->looked)
		return has_signal(v) ? -EINTR : fds[2].revents != 0;
	v->looked = false;
	return 1;
}

void embed_wake(struct host *h, unsigned nr)
{
	struct embed_vcpu *v = embed_find(h, nr);
	uint64_t one = 1;

	/* It can only fail where it has been woken 2^64 - 2 times. */
	while (v && write(v->event, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* ---- who attends, and what there is to see ---- */

bool embed_attend(struct host *h, unsigned nr, bool attends)
{
	struct embed_vcpu *v = embed_find(h, nr);
	unsigned before;

	if (!v)
		return false;
	before = attends ? atomic_fetch_or(&v->word, EMBED_ATTENDED) : atomic_fetch_and(&v->word, ~(unsigned)EMBED_ATTENDED);
	embed_sync(v);
	return before & EMBED_INSIDE;
}

bool embed_has_run(struct host *h, unsigned nr)
{
	struct embed_vcpu *v = embed_find(h, nr);

	return v && atomic_load(&v->word) & EMBED_RAN;
}

/* Exits of which KVM awaits nothing; of any other, which newer kernels may have, it may await an answer. */
static bool awaits_answer(uint32_t reason)
{
	static const uint32_t done[] = { KVM_EXIT_UNKNOWN, KVM_EXIT_EXCEPTION, KVM_EXIT_DEBUG, KVM_EXIT_HLT,
		KVM_EXIT_IRQ_WINDOW_OPEN, KVM_EXIT_SHUTDOWN, KVM_EXIT_FAIL_ENTRY, KVM_EXIT_INTR, KVM_EXIT_SET_TPR, KVM_EXIT_NMI,
		KVM_EXIT_INTERNAL_ERROR, KVM_EXIT_WATCHDOG, KVM_EXIT_SYSTEM_EVENT, KVM_EXIT_IOAPIC_EOI };

	for (unsigned i = 0; i < sizeof(done) / sizeof(done[0]); i++)
		if (done[i] == reason)
			return false;
	return true;
}

static bool is_pending(const struct embed_vcpu *v)
{
	uint32_t reason = __atomic_load_n(&v->run->exit_reason, __ATOMIC_RELAXED);

	return (atomic_load(&v->word) & EMBED_RAN && awaits_answer(reason)) || (v->host->syncs && v->run->kvm_dirty_regs);
}

bool embed_is_pending(struct host *h, unsigned nr)
{
	struct embed_vcpu *v = embed_find(h, nr);

	return v && is_pending(v);
}

void embed_has_thread(struct embed_vcpu *v)
{
	atomic_fetch_and(&v->word, ~(unsigned)(EMBED_WANTED | EMBED_ASKED));
}

/* On arm64 and riscv64 KVM knows by exit_reason that there is an answer to take. */
bool embed_break_off(struct embed_vcpu *v)
{
	if (is_pending(v))
		return false;
	say_interrupted(v);
	embed_has_thread(v);
	return true;
}

/* ---- the slow way ---- */

void embed_begin(struct embed_vcpu *v, enum host_run how)
{
	v->settling = how == HOST_SETTLE;
	v->copies = v->run->kvm_valid_regs;
	atomic_fetch_or(&v->word, EMBED_INSIDE);
	immediate_clear(v->run);
	if (v->settling || atomic_load(&v->kicked) || atomic_load(&v->word) & EMBED_WANTED)
		immediate_set(v->run);
}

int embed_run(struct embed_vcpu *v)
{
	return ioctl(v->fd, KVM_RUN, 0) < 0 ? -errno : 0;
}

static const struct {
	uint32_t type;
	enum exit_kind kind;
	int code;
} system_events[] = {
	{ KVM_SYSTEM_EVENT_SHUTDOWN, EXIT_ENDED, 0 },
	{ KVM_SYSTEM_EVENT_RESET, EXIT_RESET, 0 },
	{ KVM_SYSTEM_EVENT_CRASH, EXIT_CRASHED, 1 },
};

static void tell_system_event(const struct embed_vcpu *v, struct vcpu_exit *exit)
{
	for (unsigned i = 0; i < sizeof(system_events) / sizeof(system_events[0]); i++) {
		if (system_events[i].type != v->run->system_event.type)
			continue;
		exit->kind = system_events[i].kind;
		exit->code = system_events[i].code;
	}
	if (exit->kind == EXIT_CRASHED)
		snprintf(exit->text, sizeof(exit->text), "the guest says that it has crashed");
}

static void tell_exit(const struct embed_vcpu *v, struct vcpu_exit *exit)
{
	kvm_copy_exit(v->run, exit);
	switch (exit->reason) {
	case KVM_EXIT_DEBUG:
	case KVM_EXIT_INTERNAL_ERROR:
	case KVM_EXIT_FAIL_ENTRY:
		exit->kind = EXIT_KVM;
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		tell_system_event(v, exit);
		break;
	case KVM_EXIT_SHUTDOWN:
		exit->kind = EXIT_SHUT_DOWN;
		snprintf(exit->text, sizeof(exit->text), "shut down: the processor cannot go on");
		break;
	}
}

/* What wanted or kicked it has been done by EINTR; an exit that came instead leaves it to the next run. */
static void tell_interrupted(struct embed_vcpu *v, struct vcpu_exit *exit)
{
	bool kicked = atomic_exchange(&v->kicked, false);

	v->answers = embed_is_asked(v);
	atomic_fetch_and(&v->word, ~(unsigned)(EMBED_WANTED | EMBED_ASKED));
	say_interrupted(v);
	if (kicked || v->settling)
		*exit = (struct vcpu_exit){ .kind = EXIT_KICKED };
}

void embed_end(struct embed_vcpu *v, int err, struct vcpu_exit *exit)
{
	immediate_clear(v->run);
	*exit = (struct vcpu_exit){ .kind = EXIT_VMM, .code = err };
	if (!err)
		tell_exit(v, exit);
	else if (err == -EINTR)
		tell_interrupted(v, exit);
	atomic_store(&v->synced, exit->kind == EXIT_KVM && v->copies);
	v->settling = v->copies = false;
	v->looked = true;
	atomic_fetch_or(&v->word, EMBED_RAN);
	atomic_fetch_and(&v->word, ~(unsigned)EMBED_INSIDE);
}
