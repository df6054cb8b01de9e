/* SPDX-License-Identifier: BSD-2-Clause */
/* What sentences on a vCPU that cannot go on have in common. */
#include "tell.h"

#include <stdio.h>
#include <string.h>

#define INSN_MAX 15 /* x86's; where instructions are aligned, 4 bytes */

void tell_code(struct vcpu *v, uint64_t pc)
{
	uint8_t code[INSN_MAX];
	ssize_t size = memory_peek(&v->space, pc, code, v->guest->arch->insn_align == 1 ? INSN_MAX : 4);
	size_t n = strlen(v->text), room = sizeof(v->text);

	n += snprintf(v->text + n, room - n, " (pc 0x%llx%s", (unsigned long long)pc, size > 0 ? ":" : "");
	for (ssize_t i = 0; i < size && n + 4 < room; i++)
		n += snprintf(v->text + n, room - n, " %02x", code[i]);
	if (n + 1 < room)
		snprintf(v->text + n, room - n, ")");
}
