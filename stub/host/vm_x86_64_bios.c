/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What real mode finds in the place of a BIOS: an interrupt vector table whose handlers tell that there is none, and return. Without it
 * the first INT would go to 0:0, and through the zeroes there.
 */
#include <inttypes.h>
#include <sys/ioctl.h>

#include "vm_x86_64.h"

#define VECTORS 256
#define HANDLERS_SEGMENT 0xf000
#define HANDLERS_OFFSET 0xe000
#define HANDLERS (HANDLERS_SEGMENT * 16 + HANDLERS_OFFSET)
#define HANDLER_SIZE 4

_Static_assert(NO_BIOS_PORT < 0x100, "handlers have the port in a byte");

#define INT_OPCODE 0xcd

void x86_put_vectors(struct vm *vm)
{
	static const uint8_t handler[HANDLER_SIZE] = { 0xe6, NO_BIOS_PORT, 0xcf, 0x90 }; /* out %al, $NO_BIOS_PORT; iret; nop */

	for (unsigned i = 0; i < VECTORS; i++) {
		const uint16_t vector[] = { htole16((uint16_t)(HANDLERS_OFFSET + i * HANDLER_SIZE)),
			htole16(HANDLERS_SEGMENT) };

		ram_write(&vm->ram, i * sizeof(vector), vector, sizeof(vector));
		ram_write(&vm->ram, HANDLERS + i * HANDLER_SIZE, handler, sizeof(handler));
	}
}

/* What an interrupt has pushed (Intel SDM volume 3, 21.1.4). */
struct frame {
	uint16_t ip, cs, flags;
};

static bool is_called(struct vm *vm, const struct frame *f, unsigned vector)
{
	uint8_t insn[2];

	return ram_read(&vm->ram, f->cs * 16u + (uint16_t)(f->ip - 2), insn, sizeof(insn)) == sizeof(insn) &&
	       insn[0] == INT_OPCODE && insn[1] == vector;
}

enum vm_served x86_serve_no_bios(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	struct frame f;
	uint64_t at;

	if (!a->write || ioctl(v->fd, KVM_GET_SREGS, &s) < 0 || ioctl(v->fd, KVM_GET_REGS, &r) < 0)
		return VM_NOT_MINE;
	at = s.cs.base + r.rip;
	if (at < HANDLERS || at >= HANDLERS + VECTORS * HANDLER_SIZE ||
		ram_read(&v->vm->ram, s.ss.base + (uint16_t)r.rsp, &f, sizeof(f)) != sizeof(f))
		return VM_NOT_MINE;
	if (v->vm->host.open_bus)
		return VM_SERVED;
	at = (at - HANDLERS) / HANDLER_SIZE;
	if (is_called(v->vm, &f, (unsigned)at))
		return vm_stuck(exit,
			"INT 0x%02" PRIx64 " with ax 0x%04x, from 0x%x:0x%x: there is no BIOS; `continue` returns from it", at,
			(unsigned)(r.rax & 0xffff), f.cs, (uint16_t)(f.ip - 2));
	return vm_stuck(exit, "exception or interrupt 0x%02" PRIx64 " at 0x%x:0x%x, which nobody handles: there is no BIOS", at,
		f.cs, f.ip);
}
