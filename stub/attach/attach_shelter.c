/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a vCPU's thread is such that it does no harm should we be killed: in the hand's loop, or in a call that leads there. See guard.h. */
#include <errno.h>
#include <linux/kvm.h>

#include "attach_vcpu.h"

/* <asm/kvm.h>, where an architecture has it. */
#ifndef KVM_GUESTDBG_USE_SW_BP
#define KVM_GUESTDBG_USE_SW_BP 0
#endif

/* With planted opcodes, also what KVM's instruction emulator says where it meets one: it has no debug exit. */
bool attach_is_ours(const struct attach_vcpu *v)
{
	unsigned control = atomic_load(attach_control(v));

	if (v->run->exit_reason == KVM_EXIT_DEBUG)
		return control != 0;
	return control & KVM_GUESTDBG_USE_SW_BP && v->run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
	       v->run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION;
}

/* KVM_RUN has returned that it was interrupted: so the VMM sees it, unless the call is made again. */
void attach_was_interrupted(struct attach_vcpu *v)
{
	tracee_set_result(&v->tracee.regs, -EINTR);
	tracee_no_restart(&v->tracee.regs);
	v->run->exit_reason = KVM_EXIT_INTR;
}

static struct tracee_regs *home(const struct attach_vcpu *v)
{
	return &v->host->guard.table->vcpu[v->nr].regs;
}

/*
 * Something is armed, and KVM_RUN is about to be called, behind which tracee.regs are: it is to return to the hand's loop, and from there it is
 * brought back to the VMM, by us or by the guardian. So the VMM sees no debug exit, whenever we are killed.
 */
bool attach_shelter(struct attach_vcpu *v)
{
	v->sheltered = atomic_load(attach_control(v)) && !v->leaves && attach_is_guarded(v->host);
	if (v->sheltered) {
		*home(v) = v->tracee.regs;
		tracee_set_result(home(v), -EINTR);
		tracee_no_restart(home(v));
	}
	return v->sheltered;
}

/* The call has returned to the loop: tracee.regs are those with which the VMM goes on. */
void attach_come_home(struct attach_vcpu *v)
{
	struct tracee_regs *r = &v->tracee.regs, old = *r;

	*r = *home(v);
	r->r[tracee_arch.nr] = old.r[tracee_arch.nr];
	if (tracee_arch.veiled >= 0)
		r->r[tracee_arch.veiled] = old.r[tracee_arch.veiled];
	tracee_set_result(r, tracee_result(&old));
}

/* Where it does no harm should we be killed: see guard.h. */
int attach_lie_down(struct attach_vcpu *v)
{
	struct attach *a = v->host;
	struct tracee_regs r = v->tracee.regs;

	attach_was_interrupted(v);
	if (!attach_is_guarded(a))
		return tracee_write_regs(&v->tracee, &v->tracee.regs);
	a->guard.table->vcpu[v->nr].regs = v->tracee.regs;
	r.r[tracee_arch.pc] = hand_rest(&a->hand);
	tracee_no_restart(&r);
	return tracee_write_regs(&v->tracee, &r);
}

/* The VMM makes the call by itself. */
int attach_shelter_call(struct attach_vcpu *v)
{
	struct tracee_regs r;

	if (v->sheltered || !atomic_load(attach_control(v)))
		return 0;
	if (tracee_read_regs(&v->tracee))
		return -ESRCH;
	if (!attach_shelter(v))
		return 0;
	r = v->tracee.regs;
	r.r[tracee_arch.pc] = hand_rest(&v->host->hand);
	return tracee_write_regs(&v->tracee, &r);
}
