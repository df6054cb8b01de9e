/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns KVM_RUN: enters the guest, serves the devices' exits, completes what is pending, and is kicked. What there is to serve
 * is the board's.
 *
 * A kick sets `kicked`, then immediate_exit, then sends a signal to a thread that is in vm_run(). The vCPU's thread clears
 * immediate_exit first and looks at `kicked` after it, so a kick is either seen there, or it finds immediate_exit cleared and
 * sets it, which KVM_RUN looks at when it starts; later than that the signal interrupts it. `kicked` is taken back only when
 * EXIT_KICKED is returned.
 *
 * After an exit for a device KVM holds the rest of the instruction back until the next KVM_RUN: `pending`. KVM_RUN with
 * immediate_exit set completes it and returns -EINTR; or it returns 0, with another exit of the same instruction, or with
 * the debug exit of a step. exit_reason means something only when it returned 0.
 */
#include "vcpu.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm.h"
#include "vm_arch.h"

/* Exits of one instruction that complete it; the longest in KVM is x86's string I/O: 1024 turns (kvm/emulate.c). */
#define SETTLE_MAX 4096

#define KICK_SIGNAL SIGUSR1

/* A step does not wait for the console, unless so many bytes do. */
#define CONSOLE_MANY 0x10000

/* Of HOST_WAIT. Whoever brings a vCPU up is patient: Linux waits a second (arch/riscv/kernel/smpboot.c). */
#define MOMENT_MS 10

/* --- what the board needs */

uint64_t vm_value(const struct vm_access *a)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < a->size; i++)
		value |= (uint64_t)a->data[i] << (8 * i);
	return value;
}

void vm_set_value(struct vm_access *a, uint64_t value)
{
	for (unsigned i = 0; i < a->size; i++)
		a->data[i] = (uint8_t)(value >> (8 * i));
}

enum vm_served vm_ended(struct vcpu_exit *exit, int code)
{
	exit->kind = EXIT_ENDED;
	exit->code = code;
	return VM_REPORT;
}

enum vm_served vm_asks_reset(struct vcpu_exit *exit)
{
	exit->kind = EXIT_RESET;
	return VM_REPORT;
}

static enum vm_served crashed(struct vcpu_exit *exit)
{
	exit->kind = EXIT_CRASHED;
	exit->code = 1;
	snprintf(exit->text, sizeof(exit->text), "the guest says that it has crashed");
	return VM_REPORT;
}

enum vm_served vm_stuck(struct vcpu_exit *exit, const char *format, ...)
{
	va_list ap;

	exit->kind = EXIT_STUCK;
	va_start(ap, format);
	vsnprintf(exit->text, sizeof(exit->text), format, ap);
	va_end(ap);
	return VM_REPORT;
}

enum vm_served vm_nothing_there(struct vm_vcpu *v, struct vm_access *a, const char *space, struct vcpu_exit *exit)
{
	if (v->vm->host.open_bus) {
		if (!a->write)
			vm_set_value(a, ~(uint64_t)0);
		return VM_SERVED;
	}
	return vm_stuck(exit, "%s of %u byte%s at %s0x%" PRIx64 ", where this machine has nothing (pc 0x%" PRIx64 "%s)",
		a->write ? "write" : "read", a->size, a->size == 1 ? "" : "s", space, a->addr, vm_arch_pc(v),
		a->write && vm_arch_posts_writes ? " or just before" : "");
}

void vm_console(struct vm_vcpu *v, int byte)
{
	if (byte >= 0)
		output_put(&v->vm->output, (uint8_t)byte);
}

/* --- serving an exit: 1 when *exit is to be reported, 0 when the guest can go on */

static int report_kvm(const struct kvm_run *run, struct vcpu_exit *exit)
{
	exit->kind = EXIT_KVM;
	kvm_copy_exit(run, exit);
	return 1;
}

static int serve_access(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit)
{
	bool served;

	if (!a->write)
		memset(a->data, 0, a->size);
	pthread_mutex_lock(&v->vm->devices);
	served = vm_flash_access(v->vm, a) || vm_arch_mmio(v->vm, a);
	vm_feed(v->vm);
	pthread_mutex_unlock(&v->vm->devices);
	if (!served)
		return vm_nothing_there(v, a, "", exit) == VM_REPORT;
	vm_console(v, a->console);
	if (a->resets)
		return vm_asks_reset(exit) == VM_REPORT;
	return a->ends ? vm_ended(exit, a->code) == VM_REPORT : 0;
}

static int serve_mmio(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	struct vm_access a = { .addr = v->run->mmio.phys_addr, .data = v->run->mmio.data, .console = -1 };

	a.size = v->run->mmio.len <= sizeof(v->run->mmio.data) ? v->run->mmio.len : sizeof(v->run->mmio.data);
	a.write = v->run->mmio.is_write;
	v->pending = true;
	return serve_access(v, &a, exit);
}

int vm_access(struct host *h, unsigned vcpu, uint64_t gpa, void *data, unsigned size, bool write, struct vcpu_exit *exit)
{
	struct vm *vm = (struct vm *)h;
	struct vm_access a = { .addr = gpa, .data = data, .size = size, .write = write, .console = -1 };

	if (vcpu >= h->vcpus || !size || size > 8 || size & (size - 1))
		return -EINVAL;
	if (!vm->vcpu[vcpu].run)
		return -ENODEV;
	memset(exit, 0, sizeof(*exit));
	return serve_access(&vm->vcpu[vcpu], &a, exit);
}

static int serve_system_event(const struct kvm_run *run, struct vcpu_exit *exit)
{
	switch (run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		return vm_ended(exit, 0) == VM_REPORT;
	case KVM_SYSTEM_EVENT_RESET:
		return vm_asks_reset(exit) == VM_REPORT;
	case KVM_SYSTEM_EVENT_CRASH:
		return crashed(exit) == VM_REPORT;
	default:
		return report_kvm(run, exit);
	}
}

static int serve(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	enum vm_served served;

	switch (v->run->exit_reason) {
	case KVM_EXIT_MMIO:
		return serve_mmio(v, exit);
	case KVM_EXIT_SYSTEM_EVENT:
		return serve_system_event(v->run, exit);
	case KVM_EXIT_INTR:
		return 0;
	}
	served = vm_arch_exit(v, exit);
	return served == VM_NOT_MINE ? report_kvm(v->run, exit) : served == VM_REPORT;
}

/* --- running */

static int enter(struct vm_vcpu *v, bool immediate)
{
	int r;

	__atomic_store_n(&v->run->immediate_exit, immediate, __ATOMIC_SEQ_CST);
	if (!immediate && atomic_load(&v->kicked))
		return -EINTR;
	v->pending = false;
	r = ioctl(v->fd, KVM_RUN, 0) < 0 ? -errno : 0;
	v->synced = r == 0 || r == -EINTR;
	return r;
}

/* A signal, or KVM_RUN on a vCPU that is not to run yet. */
static bool is_interrupted(int err)
{
	return err == -EINTR || err == -EAGAIN;
}

/* Completes what is pending and executes nothing more. 0; 1 when doing so brought an exit to report; or -errno. */
static int settle(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	for (unsigned i = 0; v->pending; i++) {
		int r = i < SETTLE_MAX ? enter(v, true) : -ELOOP;

		if (is_interrupted(r))
			return 0;
		if (r == 0)
			r = serve(v, exit);
		if (r)
			return r;
	}
	return 0;
}

/* The exit to report is known: whatever completing its access brings besides is of no interest any more. 0 or -errno. */
static int settle_behind(struct vm_vcpu *v)
{
	struct vcpu_exit ignored;
	int r = 0;

	for (unsigned i = 0; r >= 0 && v->pending && i < SETTLE_MAX; i++)
		r = settle(v, &ignored);
	return r < 0 ? r : 0;
}

/* Serves the exit that KVM_RUN came back with. 0 to go on, 1 to report, or -errno. */
static int after_exit(struct vm_vcpu *v, enum host_run how, struct vcpu_exit *exit)
{
	int r = serve(v, exit);

	if (!r && v->pending && how == HOST_STEP) {
		r = settle(v, exit);
		if (!r) {
			exit->kind = EXIT_IO_DONE;
			r = 1;
		}
	}
	return r;
}

/* A kick that comes between the look and the wait is seen behind it. */
static int wait_for_kick(struct vm_vcpu *v, struct vcpu_exit *exit)
{
	if (!atomic_load(&v->kicked))
		poll(NULL, 0, MOMENT_MS);
	exit->kind = atomic_exchange(&v->kicked, false) ? EXIT_KICKED : EXIT_WAITED;
	return 1;
}

/*
 * What the guest has printed is to have left before it does more. A step is over when its instruction is: who steps a guest whose
 * console takes nothing is not kept waiting.
 */
static bool console_lets_go(struct vm_vcpu *v, enum host_run how)
{
	size_t waits = output_waits(&v->vm->output);

	return !waits || (how == HOST_STEP && waits < CONSOLE_MANY) || output_drain(&v->vm->output, &v->kicked);
}

/* Until there is something to report: 1, or -errno. */
static int run_until(struct vm_vcpu *v, enum host_run how, struct vcpu_exit *exit)
{
	for (;;) {
		int r;

		if (atomic_load(&v->kicked) || how == HOST_SETTLE) {
			r = settle(v, exit);
			if (r)
				return r;
			if (how != HOST_SETTLE)
				atomic_store(&v->kicked, false);
			exit->kind = EXIT_KICKED;
			return 1;
		}
		if (!console_lets_go(v, how))
			continue;
		r = enter(v, false);
		if (is_interrupted(r))
			continue;
		if (r == 0)
			r = after_exit(v, how, exit);
		if (r)
			return r;
	}
}

static void unblock_kick(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void go_inside(struct vm_vcpu *v)
{
	pthread_t self = pthread_self();

	pthread_mutex_lock(&v->lock);
	if (!v->vm->scratch && (!v->can_kick || !pthread_equal(v->thread, self))) {
		unblock_kick();
		v->thread = self;
		v->can_kick = true;
	}
	v->inside = true;
	pthread_mutex_unlock(&v->lock);
}

static void go_outside(struct vm_vcpu *v)
{
	pthread_mutex_lock(&v->lock);
	v->inside = false;
	pthread_mutex_unlock(&v->lock);
}

int vm_run(struct host *h, unsigned vcpu, enum host_run how, struct vcpu_exit *exit)
{
	struct vm *vm = (struct vm *)h;
	int r;

	if (vcpu >= h->vcpus)
		return -EINVAL;
	if (!vm->vcpu[vcpu].run)
		return -ENODEV;
	memset(exit, 0, sizeof(*exit));
	go_inside(&vm->vcpu[vcpu]);
	r = how == HOST_WAIT ? wait_for_kick(&vm->vcpu[vcpu], exit) : run_until(&vm->vcpu[vcpu], how, exit);
	if (r > 0)
		r = settle_behind(&vm->vcpu[vcpu]);
	if (r == 0 && (exit->kind == EXIT_ENDED || exit->kind == EXIT_CRASHED))
		output_drain(&vm->output, &vm->vcpu[vcpu].kicked);
	go_outside(&vm->vcpu[vcpu]);
	return r;
}

/* --- kicks */

void vm_kick(struct host *h, unsigned vcpu)
{
	struct vm *vm = (struct vm *)h;
	struct vm_vcpu *v;

	if (vcpu >= h->vcpus)
		return;
	v = &vm->vcpu[vcpu];
	pthread_mutex_lock(&v->lock);
	atomic_store(&v->kicked, true);
	if (v->run)
		__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	if (v->inside && v->can_kick)
		pthread_kill(v->thread, KICK_SIGNAL);
	pthread_mutex_unlock(&v->lock);
}

static void do_nothing(int signal)
{
	(void)signal;
}

void vm_install_kick(void)
{
	struct sigaction action = { .sa_handler = do_nothing }; /* no SA_RESTART: it ends a write to the console as well */

	sigaction(KICK_SIGNAL, &action, NULL);
}
