/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kicks, in the styles of real VMMs. Each has its own way to know whether an EINTR is one that the VMM has caused: none may come out of
 * nowhere, and none may be missing where the style sees to that.
 */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../lib/patience.h"
#include "victim.h"

static __thread struct seat *self;

static void handle_signal(int number)
{
	(void)number;
	if (!self)
		return;
	self->handled++;
	if (self->victim->style->on_signal)
		self->victim->style->on_signal(self);
}

/* A handler that does nothing: a signal that comes between two runs is lost, and one before a run does not explain its EINTR. */
static bool explain_by_run(struct seat *s)
{
	return s->handled != s->explained;
}

/* A handler that sets immediate_exit: a signal that comes between two runs is that of the next. */
static void set_immediate_exit(struct seat *s)
{
	s->vcpu->run->immediate_exit = 1;
}

/* The signal is let in by KVM_RUN only, which does not handle it: it stays pending. */
static void mask_signal(struct seat *s)
{
	struct {
		struct kvm_signal_mask head;
		uint64_t set;
	} __attribute__((packed)) mask = { .head.len = 8 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, KICK_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (ioctl(s->vcpu->fd, KVM_SET_SIGNAL_MASK, &mask) < 0)
		err(1, "KVM_SET_SIGNAL_MASK");
}

static bool take_signal(struct seat *s)
{
	static const struct timespec at_once;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, KICK_SIGNAL);
	if (sigtimedwait(&set, NULL, &at_once) != KICK_SIGNAL)
		return false;
	s->handled++;
	return true;
}

static const struct style styles[] = {
	{ .name = "plain", .explain = explain_by_run },
	{ .name = "immediate", .is_sure = true, .on_signal = set_immediate_exit, .explain = explain_by_run },
	{ .name = "mask", .is_sure = true, .prepare = mask_signal, .explain = take_signal },
};

const struct style *style_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (!strcmp(styles[i].name, name))
			return &styles[i];
	errx(2, "no such style: %s", name);
}

/* No SA_RESTART, as in all VMMs. */
void kick_prepare(struct seat *s)
{
	struct sigaction action = { .sa_handler = handle_signal };

	self = s;
	sigaction(KICK_SIGNAL, &action, NULL);
	if (s->victim->style->prepare)
		s->victim->style->prepare(s);
}

/* Nobody who has not begun, or has ended: there is no thread that could see it. */
void kick(struct seat *s)
{
	if (!s->tid)
		return;
	__sync_fetch_and_add(&s->sent, 1);
	syscall(SYS_tgkill, getpid(), s->tid, KICK_SIGNAL);
}

/* In a style that loses some, one that was handled was seen. */
bool kick_is_seen(const struct seat *s)
{
	return (s->victim->style->is_sure ? s->eintr - s->uncaused : s->handled) >= s->sent;
}

static void count_eintr(struct seat *s, unsigned long handled)
{
	if (!s->victim->style->explain(s))
		s->uncaused++;
	s->explained = handled;
	/* Last: the next kick may come as soon as this one is counted, and would be one with a signal that is still pending. */
	s->eintr++;
}

/* By whoever has set it: a VMM that never looks at it would not get back into its guest. */
static bool is_taken_back(const struct kvm_run *run)
{
	return comes_true(__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST) <= 1);
}

/* The VMM's immediate_exit is 0 or 1, and 1 is taken back when it has been seen. */
int kick_run(struct seat *s)
{
	struct kvm_run *run = s->vcpu->run;
	int ret;

	if (!s->victim->style->is_sure)
		s->explained = s->handled;
	ret = ioctl(s->vcpu->fd, KVM_RUN, 0) < 0 ? -errno : 0;
	if (run->immediate_exit > 1) {
		s->foreign++;
		s->left += !is_taken_back(run);
	}
	if (ret == -EINTR) {
		unsigned long handled = s->handled; /* a signal from here on is for the next run */

		run->immediate_exit = 0;
		count_eintr(s, handled);
	}
	return ret;
}

/* Under the lock: when whoever has asked for a pause has had it, there is no kick more. */
static void kick_if_due(struct victim *v, struct seat *s)
{
	pthread_mutex_lock(&v->lock);
	if (!s->ends && !v->storm_pauses && !v->pauses && (!v->storm_waits || kick_is_seen(s)))
		kick(s);
	pthread_mutex_unlock(&v->lock);
}

static void *run_storm(void *arg)
{
	struct victim *v = arg;

	for (unsigned i = 0;; i = (i + 1) % v->machine.n) {
		usleep((useconds_t)v->storm);
		kick_if_due(v, &v->seats[i]);
	}
	return NULL;
}

void kick_start_storm(struct victim *v)
{
	pthread_t thread;

	if (v->storm && pthread_create(&thread, NULL, run_storm, v))
		errx(1, "no thread");
}
