/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens a machine over a host, and answers target.h. All of it runs on the baton holder's thread unless target.h says otherwise. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "about.h"
#include "access.h"
#include "../run/events.h"
#include "../run/idle.h"
#include "machine.h"
#include "nowhere.h"
#include "../points/programs.h"
#include "registers.h"

int machine_refuse(struct machine *m, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(m->why, sizeof(m->why), format, ap);
	va_end(ap);
	return err;
}

void machine_log(struct machine *m, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (m->log)
		m->log(m->log_arg, text);
}

struct vcpu *machine_vcpu(struct machine *m, unsigned thread)
{
	return thread >= 1 && thread <= m->n ? &m->vcpus[thread - 1] : NULL;
}

struct vcpu *machine_living_vcpu(struct machine *m, unsigned thread, int *err)
{
	struct vcpu *v = machine_vcpu(m, thread);

	if (!v)
		*err = machine_refuse(m, -ESRCH, "there is no thread %u", thread);
	else if (threads_ended(m))
		*err = machine_refuse(m, -ESRCH, "the guest has ended");
	else
		return v;
	return NULL;
}

struct vcpu *machine_stopped_vcpu(struct machine *m, unsigned thread, int *err)
{
	struct vcpu *v = machine_living_vcpu(m, thread, err);

	if (!v || !threads_runs(v))
		return v;
	*err = machine_refuse(m, -EBUSY, "thread %u is running", thread);
	return NULL;
}

static unsigned op_threads(void *t)
{
	struct machine *m = t;

	return threads_ended(m) ? 0 : m->n;
}

static unsigned op_current(void *t)
{
	struct machine *m = t;

	return m->current->nr + 1;
}

static void op_thread_text(void *t, unsigned thread, char *text, size_t size)
{
	idle_text(machine_vcpu(t, thread), text, size);
}

static const char *op_description(void *t, bool all_bits)
{
	struct machine *m = t;

	return all_bits ? m->tdesc.xml : m->tdesc.named_xml;
}

static int op_thread_pc(void *t, unsigned thread, uint64_t *pc)
{
	struct machine *m = t;
	int err;
	struct vcpu *v = machine_stopped_vcpu(m, thread, &err);

	return v ? v->regs.view.get(&v->regs.view, m->arch->regs.pc, pc) : err;
}

static unsigned op_expedited(void *t, unsigned thread, unsigned *regs, unsigned cap)
{
	struct machine *m = t;
	struct vcpu *v = machine_vcpu(m, thread);
	unsigned n = m->nexpedited < cap ? m->nexpedited : cap;

	memcpy(regs, m->expedited, n * sizeof(*regs));
	if (!v || threads_ended(m) || threads_runs(v))
		return n;
	if (m->looked_at != v && !threads_runs(m->looked_at))
		regfile_expect_as(&v->regs, &m->looked_at->regs);
	m->looked_at = v;
	regfile_prefetch(&v->regs, regs, n);
	return n;
}

static bool op_has_points(void *t, enum point_type type)
{
	return points_possible(t, type);
}

/* To go on by itself, a vCPU has to get past the breakpoint. */
static bool op_has_programs(void *t)
{
	return step_possible(t);
}

static int op_resume(void *t, const struct resume_action *actions)
{
	return resume_threads(t, actions);
}

static int op_set_non_stop(void *t, bool on)
{
	struct machine *m = t;

	bool is_on = machine_is_non_stop(m);

	if (on && !is_on)
		threads_begin_non_stop(m);
	else if (!on && is_on)
		threads_end_non_stop(m);
	return 0;
}

static bool op_has_thread_events(void *t)
{
	return idle_can_await(t);
}

static int op_set_thread_events(void *t, bool on)
{
	((struct machine *)t)->thread_events = on;
	return 0;
}

static bool op_can_mask_steps(void *t)
{
	return step_masks(t);
}

static void op_mask_steps(void *t, bool on)
{
	struct machine *m = t;

	threads_hold(m);
	m->open_steps = !on;
	threads_let_go(m);
}

/* There is nobody to be told the sentence: a packet with it would be taken for an answer. */
static bool op_next_stop(void *t, struct stop *stop)
{
	struct machine *m = t;
	bool taken = threads_take_stop(m->current, stop);

	for (unsigned i = 0; !taken && i < m->n; i++)
		taken = threads_take_stop(&m->vcpus[i], stop);
	if (taken) {
		threads_hold_to_read(m, NULL);
		nowhere_tell(&m->vcpus[stop->thread - 1], stop);
		threads_let_go(m);
	}
	if (taken && stop->text)
		machine_log(m, "vCPU %u: %s", stop->thread - 1, stop->text);
	return taken;
}

static void op_report_again(void *t)
{
	threads_report_again(t);
}

static void op_interrupt(void *t)
{
	threads_interrupt(t, GDB_SIGNAL_INT);
}

/* The state of all vCPUs as after machine_open: nothing known of what KVM holds, nothing reported but the entry. */
static void forget(struct machine *m, bool ended)
{
	pthread_mutex_lock(&m->lock);
	m->started = false;
	m->ended = ended;
	m->current = m->looked_at = &m->vcpus[0];
	m->last = (struct stop){ .kind = STOP_SIGNAL, .thread = 1, .signal = GDB_SIGNAL_TRAP };
	for (unsigned i = 0; i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];

		v->pending = false;
		v->stop = (struct stop){ .thread = i + 1 };
		v->reported = true;
		v->passed = false;
		v->unheard = true;
		v->debug_control = v->queued = 0;
		memset(v->debug_bytes, 0, sizeof(v->debug_bytes));
		regfile_let_go(&v->regs);
		regfile_forget(&v->regs);
	}
	pthread_mutex_unlock(&m->lock);
}

int machine_start_over(struct machine *m)
{
	int err = m->host->ops->reset(m->host, m->why, sizeof(m->why));

	forget(m, err != 0);
	return err;
}

static int op_restart(void *t)
{
	struct machine *m = t;

	if (threads_running(m))
		return machine_refuse(m, -EBUSY, "the machine is running");
	points_clear_all(m, true);
	return machine_start_over(m);
}

static void op_kill(void *t)
{
	threads_kill(t);
}

static int op_command(void *t, const char *line, text_fn *print, void *arg)
{
	struct machine *m = t;
	int err;

	threads_hold(m);
	for (unsigned i = 0; machine_is_non_stop(m) && i < m->n; i++)
		memory_forget(&m->vcpus[i]);
	err = commands_run(m, line, print, arg);
	threads_let_go(m);
	return err;
}

static int64_t op_clock_ms(void *t)
{
	struct timespec now;

	(void)t;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *op_why(void *t)
{
	struct machine *m = t;

	return m->why;
}

static void op_refused(void *t, const char *sentence)
{
	struct machine *m = t;

	if (sentence != m->why)
		machine_refuse(m, 0, "%s", sentence);
	machine_log(m, "refused: %s", sentence);
}

static const struct target_ops ops = {
	.threads = op_threads,
	.current = op_current,
	.thread_name = about_thread,
	.thread_text = op_thread_text,
	.description = op_description,
	.kind = about_kind,
	.address_bits = about_address_bits,
	.image = about_image,
	.read_image = about_read_image,
	.read_reg = registers_read,
	.reg_size = registers_size,
	.write_reg = registers_write,
	.read_general = registers_read_general,
	.write_general = registers_write_general,
	.expedited = op_expedited,
	.read_mem = access_read,
	.write_mem = access_write,
	.read_phys = access_read_phys,
	.write_phys = access_write_phys,
	.find_region = access_region,
	.thread_pc = op_thread_pc,
	.has_points = op_has_points,
	.has_programs = op_has_programs,
	.set_point = access_set_point,
	.clear_point = access_clear_point,
	.resume = op_resume,
	.interrupt = op_interrupt,
	.set_non_stop = op_set_non_stop,
	.has_thread_events = op_has_thread_events,
	.set_thread_events = op_set_thread_events,
	.can_mask_steps = op_can_mask_steps,
	.mask_steps = op_mask_steps,
	.next_stop = op_next_stop,
	.report_again = op_report_again,
	.restart = op_restart,
	.kill = op_kill,
	.clock_ms = op_clock_ms,
	.command = op_command,
	.why = op_why,
	.refused = op_refused,
};

struct target machine_target(struct machine *m)
{
	return (struct target){ .ops = &ops, .t = m };
}

const struct stop *machine_stop(struct machine *m)
{
	nowhere_tell(m->current, &m->last);
	return &m->last;
}

bool machine_changes_mode(const struct machine *m)
{
	return m->next_mode != m->mode;
}

void machine_release(struct machine *m, bool go)
{
	points_clear_all(m, m->ended);
	threads_drop_text(m);
	m->open_steps = m->step_is_none = false;
	for (unsigned i = 0; i < m->n; i++) {
		mask_give_back(&m->vcpus[i]);
		regfile_forget(&m->vcpus[i].regs);
	}
	modes_change(m);
	modes_expedite(m);
	events_default(m);
	if (!go || m->ended)
		return;
	resume_set_off(m);
	for (unsigned i = 0; i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];

		v->want = RESUME_CONTINUE;
		v->over = v->alone = v->awaited = false;
		v->way_known = false;
		v->nends = 0;
	}
	if (!events_leave(m))
		threads_resume(m);
}

static int describe_vcpus(struct machine *m)
{
	int mode = m->host->mode ? modes_find(m->arch, m->host->mode) : 0, err;

	m->mode = m->next_mode = mode < 0 ? 0 : mode;
	err = modes_describe(m, m->mode, &m->tdesc);
	if (!err)
		modes_expedite(m);
	return err;
}

static int open_vcpus(struct machine *m)
{
	m->vcpus = calloc(m->n, sizeof(*m->vcpus));
	if (!m->vcpus)
		return -ENOMEM;
	for (unsigned i = 0; i < m->n; i++) {
		struct vcpu *v = &m->vcpus[i];
		int err;

		v->machine = m;
		v->nr = i;
		pthread_cond_init(&v->wake, NULL);
		err = regfile_init(&v->regs, i, &m->transport, &m->tdesc);
		if (err)
			return err;
	}
	return 0;
}

int machine_open(struct machine *m, struct host *host, const struct arch *arch, const struct capabilities *caps,
	enum batch batch, char *error, size_t size)
{
	int err;

	memset(m, 0, sizeof(*m));
	m->host = m->planted.host = host;
	m->arch = arch;
	m->caps = *caps;
	m->n = m->count[VCPU_STANDS] = host->vcpus;
	events_default(m);
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->out, NULL);
	if (transport_init(&m->transport, host, arch, batch)) {
		snprintf(error, size, "--batch=many: neither this kernel's KVM nor /dev/kvm_many_regs has KVM_GET_MANY_REGS");
		return -EOPNOTSUPP;
	}
	err = describe_vcpus(m);
	if (!err)
		err = open_vcpus(m);
	if (!err) {
		forget(m, false);
		err = threads_start(m);
	}
	if (err)
		snprintf(error, size, "cannot open the vCPUs: %s", strerror(-err));
	return err;
}

void machine_set_server(struct machine *m, machine_serve_fn *serve, machine_notify_fn *notify, void *arg)
{
	m->serve = serve;
	m->notify = notify;
	m->serve_arg = arg;
}

void machine_set_log(struct machine *m, text_fn *log, void *arg)
{
	m->log = log;
	m->log_arg = arg;
}
