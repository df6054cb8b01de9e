/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a vCPU is running, halted or off: KVM_GET_MP_STATE, which no register tells. */
#include <linux/kvm.h>

#include "transport.h"

static int call(struct transport *t, unsigned vcpu, unsigned long request, struct kvm_mp_state *state)
{
	/*
	 * Asking changes the state, too: x86 delivers a pending INIT first (arch/x86/kvm/x86.c,
	 * kvm_arch_vcpu_ioctl_get_mpstate).
	 */
	struct host_call one = { .request = request, .arg = state, .size = sizeof(*state), .changes = true };
	int err = t->host->ops->calls(t->host, vcpu, &one, 1);

	return err ? err : one.err;
}

int transport_mp_state(struct transport *t, unsigned vcpu, uint32_t *state)
{
	struct kvm_mp_state mp = { 0 };
	int err = call(t, vcpu, KVM_GET_MP_STATE, &mp);

	*state = mp.mp_state;
	return err;
}

bool transport_has_mp_state(const struct transport *t)
{
	return t->host->ops->extension(t->host, KVM_CAP_MP_STATE) > 0;
}

bool mp_state_is_off(uint32_t state)
{
	switch (state) {
	case KVM_MP_STATE_UNINITIALIZED:
	case KVM_MP_STATE_INIT_RECEIVED:
	case KVM_MP_STATE_STOPPED:
	case KVM_MP_STATE_CHECK_STOP:
	case KVM_MP_STATE_AP_RESET_HOLD:
		return true;
	}
	return false;
}

int transport_wake(struct transport *t, unsigned vcpu)
{
	struct kvm_mp_state mp = { 0 };
	int err = call(t, vcpu, KVM_GET_MP_STATE, &mp);

	if (err || mp.mp_state != KVM_MP_STATE_HALTED)
		return err;
	mp.mp_state = KVM_MP_STATE_RUNNABLE;
	return call(t, vcpu, KVM_SET_MP_STATE, &mp);
}
