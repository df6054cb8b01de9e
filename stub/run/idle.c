/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs that execute nothing: off until another brings them up, or halted until an interrupt comes. What each is doing, in words,
 * and how a step of one ends. It knows nothing of packets; the protocol of threads is told in vcpu.h.
 */
#include <stdio.h>

#include "guest.h"
#include "idle.h"

/* 0 and the state, or -errno where KVM does not tell. */
static int ask_state(struct vcpu *v, uint32_t *state)
{
	int err = transport_mp_state(&v->guest->transport, v->nr, state);

	/* x86: an INIT that was pending has been delivered by asking (kvm_arch_vcpu_ioctl_get_mpstate). */
	if (!err)
		regfile_drop(&v->regs);
	return err;
}

/*
 * A vCPU that runs, or is stopped and would run, is just that: gdb has a word for it. One that has come out by itself was
 * not halted, and is not asked: gdb wants this of each vCPU at each stop. In non-stop a stop has no words of its own, which the client
 * could be sent: they are here.
 */
void idle_text(struct vcpu *v, char *text, size_t size)
{
	struct guest *g = v->guest;
	bool ended = guest_ended(g);
	const char *doing = NULL;
	uint32_t state;

	if (!ended && vcpu_runs(v))
		doing = v->want == RESUME_STAY ? "held" : NULL;
	else if (!ended && vcpu_is_pending(v))
		doing = "in the VMM";
	else if (v->stop.text && guest_non_stop(g))
		doing = v->stop.text;
	else if (!ended && (v->unheard || v->overdue) && !ask_state(v, &state) && state)
		doing = g->arch->regs.mp_state(state);
	snprintf(text, size, "%s", doing ? doing : "");
}

bool idle_is_off(struct vcpu *v)
{
	uint32_t state;

	return v->unheard && !ask_state(v, &state) && mp_state_is_off(state);
}

bool idle_can_await(const struct guest *g)
{
	return g->caps.step || transport_has_mp_state(&g->transport);
}

bool idle_is_awaited(struct vcpu *v)
{
	const struct guest *g = v->guest;

	return (g->stops_at[EVENT_VCPU] || g->thread_events) && idle_is_off(v);
}

bool idle_is_told_of(struct vcpu *v)
{
	bool told = v->is_new && v->guest->thread_events;

	v->is_new = false;
	if (told)
		v->stop = (struct stop){ .kind = STOP_CREATED, .thread = v->nr + 1, .signal = GDB_SIGNAL_TRAP };
	return told;
}

void idle_brought_up(struct vcpu *v)
{
	bool stops = v->guest->stops_at[EVENT_VCPU];

	v->stop = (struct stop){
		.kind = stops ? STOP_SIGNAL : STOP_CREATED,
		.thread = v->nr + 1,
		.signal = GDB_SIGNAL_TRAP,
		.text = stops ? v->text : NULL,
	};
	snprintf(v->text, sizeof(v->text), "vCPU %u was brought up, and has executed its first instruction", v->nr);
}

static enum step_result end_step(struct vcpu *v)
{
	v->stop = (struct stop){ .kind = STOP_SIGNAL, .thread = v->nr + 1, .signal = GDB_SIGNAL_TRAP, .text = v->text };
	return STEP_EVENT;
}

void idle_answer_step(struct vcpu *v)
{
	const char *state = NULL;
	uint32_t mp;

	if (v->pending)
		return;
	if (!ask_state(v, &mp))
		state = v->guest->arch->regs.mp_state(mp);
	snprintf(v->text, sizeof(v->text), "vCPU %u executes nothing, it is %s: the step ends where it began", v->nr,
		state ? state : "off");
	end_step(v);
	v->pending = true;
}

enum step_result idle_called_out(struct vcpu *v, uint64_t from)
{
	bool over = v->first == FIRST_OVER, gone = over && memory_of_pc(&v->space) != from;

	/* An instruction that waits is often complete when the wait is broken off: WFI, on arm64 and riscv64. */
	if (over && v->want == RESUME_CONTINUE && (gone || v->overdue))
		return STEP_OVER;
	if (v->want == RESUME_STEP && v->overdue) {
		snprintf(v->text, sizeof(v->text),
			"vCPU %u has not completed its step in a second, it waits for an interrupt or is in a handler: the step ends "
			"here",
			v->nr);
		return end_step(v);
	}
	if (gone)
		v->at_point = AT_UNSEEN;
	return STEP_NOTHING;
}
