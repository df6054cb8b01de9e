/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers target.h: one table. All of it runs on the baton holder's thread unless target.h says otherwise. */
#include "ops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../run/due.h"
#include "../run/events.h"
#include "../run/idle.h"
#include "../run/resume.h"
#include "../run/step_plan.h"
#include "../run/threads.h"
#include "about.h"
#include "access.h"
#include "nowhere.h"
#include "registers.h"

static unsigned op_threads(void *t)
{
	struct guest *g = machine_guest(t);

	return guest_ended(g) ? 0 : g->n;
}

static bool op_has_thread(void *t, unsigned thread)
{
	return guest_vcpu(machine_guest(t), thread);
}

static unsigned op_current(void *t)
{
	struct guest *g = machine_guest(t);

	return g->current->nr + 1;
}

static void op_thread_text(void *t, unsigned thread, char *text, size_t size)
{
	struct vcpu *v = guest_vcpu(machine_guest(t), thread);

	if (v)
		idle_text(v, text, size);
}

static const char *op_description(void *t, bool all_bits)
{
	struct guest *g = machine_guest(t);

	return all_bits ? g->tdesc.xml : g->tdesc.named_xml;
}

static int op_thread_pc(void *t, unsigned thread, uint64_t *pc)
{
	struct guest *g = machine_guest(t);
	int err;
	struct vcpu *v = machine_stopped_vcpu(g, thread, &err);

	return v ? v->regs.view.get(&v->regs.view, g->arch->regs.pc, pc) : err;
}

static unsigned op_expedited(void *t, unsigned thread, unsigned *regs, unsigned cap)
{
	struct machine *m = t;
	struct vcpu *v = guest_vcpu(&m->guest, thread);
	unsigned n = m->nexpedited < cap ? m->nexpedited : cap;

	memcpy(regs, m->expedited, n * sizeof(*regs));
	if (!v || guest_ended(&m->guest) || vcpu_runs(v))
		return n;
	if (m->looked_at != v && !vcpu_runs(m->looked_at))
		regfile_expect_as(&v->regs, &m->looked_at->regs);
	m->looked_at = v;
	regfile_prefetch(&v->regs, regs, n);
	return n;
}

static bool op_has_points(void *t, enum point_type type)
{
	struct guest *g = machine_guest(t);

	return points_possible(&g->points, type);
}

/* To go on by itself, a vCPU has to get past the breakpoint. */
static bool op_has_programs(void *t)
{
	return step_possible(machine_guest(t));
}

static int op_resume(void *t, const struct resume_action *actions)
{
	struct machine *m = t;

	m->counted = transport_counted(&m->guest.transport);
	return resume_threads(&m->guest, actions);
}

static int op_set_non_stop(void *t, bool on)
{
	struct guest *g = machine_guest(t);
	bool is_on = guest_non_stop(g);

	if (on && !is_on)
		threads_begin_non_stop(g);
	else if (!on && is_on)
		threads_end_non_stop(g);
	return 0;
}

/* A vCPU is seen to be brought up; or it may go, as those of a VMM that is not ours may. */
static bool op_has_thread_events(void *t)
{
	const struct guest *g = machine_guest(t);

	return idle_can_await(g) || g->host->borrowed || g->host->ops->look;
}

static int op_set_thread_events(void *t, bool on)
{
	machine_guest(t)->thread_events = on;
	return 0;
}

static bool op_can_mask_steps(void *t)
{
	return step_masks(machine_guest(t));
}

static void op_mask_steps(void *t, bool on)
{
	struct guest *g = machine_guest(t);

	threads_hold(g);
	g->open_steps = !on;
	threads_let_go(g);
}

/* There is nobody to be told the sentence: a packet with it would be taken for an answer. */
static bool op_next_stop(void *t, struct stop *stop)
{
	struct guest *g = machine_guest(t);
	bool taken = threads_take_stop(g->current, stop);

	for (unsigned i = 0; !taken && i < g->n; i++)
		taken = threads_take_stop(g->vcpus[i], stop);
	if (taken) {
		threads_hold_to_read(g, NULL);
		nowhere_tell(g->vcpus[stop->thread - 1], stop);
		threads_let_go(g);
	}
	if (taken && stop->text)
		guest_log(g, "vCPU %u: %s", stop->thread - 1, stop->text);
	return taken;
}

static void op_report_again(void *t)
{
	threads_report_again(machine_guest(t));
}

static void op_interrupt(void *t)
{
	threads_interrupt(machine_guest(t), GDB_SIGNAL_INT);
}

static int op_restart(void *t)
{
	struct guest *g = machine_guest(t);

	if (guest_running(g))
		return refuse(&g->refusal, -EBUSY, "the machine is running");
	points_clear_all(&g->points, true);
	return guest_start_over(g);
}

static void op_kill(void *t)
{
	threads_kill(machine_guest(t));
}

static int op_command(void *t, const char *line, text_fn *print, void *arg)
{
	struct machine *m = t;
	int err;

	threads_hold(&m->guest);
	for (unsigned i = 0; guest_non_stop(&m->guest) && i < m->guest.n; i++)
		memory_forget(&m->guest.vcpus[i]->space);
	err = m->command ? m->command(m, line, print, arg) : -ENOSYS;
	threads_let_go(&m->guest);
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
	struct guest *g = machine_guest(t);

	return g->why;
}

static void op_refused(void *t, const char *sentence, bool asked)
{
	struct guest *g = machine_guest(t);

	if (sentence != g->why)
		refuse(&g->refusal, 0, "%s", sentence);
	(asked ? guest_log_detail : guest_log)(g, "refused: %s", sentence);
}

static const struct target_ops ops = {
	.threads = op_threads,
	.has_thread = op_has_thread,
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
	return (struct target){ .ops = &ops, .t = m, .process = 1 };
}
