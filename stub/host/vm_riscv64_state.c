/* SPDX-License-Identifier: BSD-2-Clause */
/* What a riscv64 VM is made of when it is saved. */
#include <errno.h>

#include "vm_riscv64.h"

bool vm_arch_state(struct vm *vm, struct state *s)
{
	for (unsigned i = 0; i < vm->host.vcpus; i++) {
		struct kvm_mp_state mp;

		state_registers(s, "registers", vm->vcpu[i].fd);
		state_ioctl(s, "mp_state", vm->vcpu[i].fd, KVM_GET_MP_STATE, KVM_SET_MP_STATE, &mp, sizeof(mp));
	}
	if (!state_value(s, "16550", &vm->board->uart, sizeof(vm->board->uart)))
		return false;
	return uart_is_possible(&vm->board->uart) || state_refuse(s, -EINVAL, "its 16550 is in no state that there is");
}
