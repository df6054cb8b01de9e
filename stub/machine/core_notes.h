/* SPDX-License-Identifier: BSD-2-Clause */
/* The notes of a core file: see core.h. */
#ifndef CORE_NOTES_H
#define CORE_NOTES_H

#include <stdio.h>

#include "machine.h"

/*
 * Our notes: the name, and their types. Numbers are in the guest's byte order.
 *
 * CORE_NOTE_REGS, of each vCPU, behind its NT_PRSTATUS: 32 bits of version (1), of the vCPU's number, of how many values follow, and 0. A
 * value is a 64-bit ONE_REG id, 32 bits of its size in bytes, 32 bits of -errno or 0, and the bytes, with zeroes up to a multiple of 8. One
 * that could not be read has a size of 0. On x86, where KVM lists no ids, the ids are those of MSRs.
 *
 * CORE_NOTE_BLOCK: 32 bits of version (1), of the vCPU's number, a name of 16 bytes (as in "sregs", zeroes behind it), and the struct as
 * KVM's ioctl has it.
 */
#define CORE_NOTE_NAME "kvm-gdbserver"
#define CORE_NOTE_REGS 0x4b564d01
#define CORE_NOTE_BLOCK 0x4b564d02

/* One note. 0, or -ENOMEM. */
int core_note(FILE *to, const char *name, uint32_t type, const void *desc, size_t size);

/* All of this vCPU's. 0, or -errno: its registers can not be read. */
int core_vcpu_notes(struct vcpu *v, FILE *to);

#endif
