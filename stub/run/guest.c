/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest as a whole, and its state as others may look at it. See guest.h. */
#include "guest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "locked.h"
#include "mask.h"

static void tell(void *arg, const char *text)
{
	struct guest *g = arg;

	if (g->log)
		g->log(g->log_arg, text);
}

void guest_log(struct guest *g, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	tell(g, text);
}

void guest_log_detail(struct guest *g, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (g->log_detail)
		g->log_detail(g->log_arg, text);
}

struct vcpu *guest_vcpu(struct guest *g, unsigned thread)
{
	return thread >= 1 && thread <= g->n && vcpu_is_present(g->vcpus[thread - 1]) ? g->vcpus[thread - 1] : NULL;
}

bool vcpu_is_present(struct vcpu *v)
{
	bool present;

	pthread_mutex_lock(&v->guest->lock);
	present = v->present;
	pthread_mutex_unlock(&v->guest->lock);
	return present;
}

bool guest_running(struct guest *g)
{
	bool running;

	pthread_mutex_lock(&g->lock);
	running = g->state == GUEST_NON_STOP ? g->count[VCPU_STANDS] < g->n : g->state != GUEST_STOPPED;
	pthread_mutex_unlock(&g->lock);
	return running;
}

bool guest_ended(struct guest *g)
{
	bool ended;

	pthread_mutex_lock(&g->lock);
	ended = g->ended;
	pthread_mutex_unlock(&g->lock);
	return ended;
}

bool vcpu_runs(struct vcpu *v)
{
	struct guest *g = v->guest;
	bool runs;

	pthread_mutex_lock(&g->lock);
	runs = g->state == GUEST_NON_STOP ? v->state != VCPU_STANDS : g->state != GUEST_STOPPED;
	pthread_mutex_unlock(&g->lock);
	return runs;
}

bool guest_non_stop(struct guest *g)
{
	bool non_stop;

	pthread_mutex_lock(&g->lock);
	non_stop = g->state == GUEST_NON_STOP;
	pthread_mutex_unlock(&g->lock);
	return non_stop;
}

static void locked_forget_vcpu(struct vcpu *v)
{
	v->pending = false;
	v->stop = (struct stop){ .thread = v->nr + 1 };
	v->at_point = AT_REPORTED;
	v->unheard = true;
	v->told.control = v->queued = 0;
	memset(v->told.bytes, 0, sizeof(v->told.bytes));
	regfile_let_go(&v->regs);
	regfile_forget(&v->regs);
}

/* The state of all vCPUs as after guest_open(): nothing known of what KVM holds, nothing reported but the entry. */
static void forget(struct guest *g, bool ended)
{
	pthread_mutex_lock(&g->lock);
	g->started = false;
	g->ended = ended;
	g->over = (struct stop){ .kind = STOP_SIGNAL };
	g->current = g->vcpus[0];
	g->last = (struct stop){ .kind = STOP_SIGNAL, .thread = 1, .signal = GDB_SIGNAL_TRAP };
	for (unsigned i = 0; i < g->n; i++)
		locked_forget_vcpu(g->vcpus[i]);
	pthread_mutex_unlock(&g->lock);
}

int guest_start_over(struct guest *g)
{
	int err;

	if (!g->host->ops->reset)
		return refuse(&g->refusal, -EOPNOTSUPP, "the VMM cannot start its guest over from here");
	err = g->host->ops->reset(g->host, g->why, sizeof(g->why));
	/* A VMM that does not reset its guest has it as it was. A machine of ours may be half of one. */
	if (!err || !g->host->borrowed)
		forget(g, err != 0);
	return err;
}

static void hide(void *arg, uint64_t gpa, void *buf, size_t len)
{
	struct guest *g = arg;

	planted_hide(&g->memory.planted, gpa, buf, len);
}

static int save(struct guest *g, int fd)
{
	int err = 0;

	for (unsigned i = 0; !err && i < g->n; i++)
		err = mask_give_back(g->vcpus[i]);
	if (err)
		return refuse(&g->refusal, err, "vCPU registers cannot be put back: %s", strerror(-err));
	return g->host->ops->save(g->host, fd, hide, g, g->why, sizeof(g->why));
}

int guest_can_save(struct guest *g)
{
	if (!g->host->ops->save)
		return refuse(
			&g->refusal, -EOPNOTSUPP, "only a machine of kvm-gdbserver's own is saved: this one is its VMM's");
	if (guest_running(g))
		return refuse(&g->refusal, -EBUSY, "the machine is running: a machine that stands is saved");
	if (guest_ended(g))
		return refuse(&g->refusal, -ESRCH, "the guest has ended");
	return 0;
}

int guest_save(struct guest *g, int fd)
{
	int err = guest_can_save(g);

	return err ? err : save(g, fd);
}

/* Standing. NULL: there is no memory for it. */
static struct vcpu *new_vcpu(struct guest *g, unsigned nr)
{
	struct vcpu *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->guest = g;
	v->nr = nr;
	v->present = v->home = v->known = !g->host->borrowed;
	v->space = (struct space){ .memory = &g->memory, .regs = &v->regs };
	pthread_cond_init(&v->wake, NULL);
	if (!regfile_init(&v->regs, nr, &g->transport) && !(g->tdesc.nregs && regfile_describe(&v->regs, &g->tdesc))) {
		locked_forget_vcpu(v);
		return v;
	}
	regfile_free(&v->regs);
	pthread_cond_destroy(&v->wake);
	free(v);
	return NULL;
}

static void free_vcpu(struct vcpu *v)
{
	regfile_free(&v->regs);
	pthread_cond_destroy(&v->wake);
	free(v);
}

int locked_grow(struct guest *g, unsigned n)
{
	while (g->n < n) {
		struct vcpu *v = new_vcpu(g, g->n);

		if (!v)
			return -ENOMEM;
		g->vcpus[g->n++] = v;
		g->count[VCPU_STANDS]++;
	}
	return 0;
}

static void open_lock(struct guest *g)
{
	pthread_condattr_t steady;

	pthread_mutex_init(&g->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&g->out, &steady);
	pthread_condattr_destroy(&steady);
}

int guest_open(struct guest *g)
{
	int err;

	g->refusal = (struct refusal){ .text = g->why, .size = sizeof(g->why) };
	g->memory = (struct memory){
		.host = g->host,
		.arch = g->arch,
		.planted.host = g->host,
		.why = g->refusal,
	};
	g->points.memory = &g->memory;
	g->points.caps = &g->caps;
	g->points.tell = tell;
	g->points.tell_arg = g;
	open_lock(g);
	events_default(g);
	g->last = (struct stop){ .kind = STOP_SIGNAL, .thread = 1, .signal = GDB_SIGNAL_TRAP };
	g->vcpus = calloc(g->host->borrowed || g->host->ops->look ? GUEST_VCPUS_MAX : g->host->vcpus, sizeof(*g->vcpus));
	if (!g->vcpus)
		return -ENOMEM;
	err = locked_grow(g, g->host->borrowed ? 0 : g->host->vcpus);
	if (!err && g->n)
		forget(g, false);
	return err;
}

void guest_close(struct guest *g)
{
	for (unsigned i = 0; i < g->n; i++)
		free_vcpu(g->vcpus[i]);
	free(g->vcpus);
	pthread_cond_destroy(&g->out);
	pthread_mutex_destroy(&g->lock);
}
