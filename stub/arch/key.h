/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A key says where KVM keeps a value. A ONE_REG id is its own key (its top byte, the architecture, is never 0). In the key of a
 * field of a struct ioctl that byte is 0, and behind it are the number of the struct in arch->regs.blocks, the field's width in
 * bytes and its offset. So has an attribute of the interrupt controller's KVM device, 8 bytes for each vCPU (HOST_DEVICE_GET),
 * with the highest of the next eight bits set.
 */
#ifndef ARCH_KEY_H
#define ARCH_KEY_H

#include <stdint.h>

#define KEY_BLOCK(block, width, offset) ((uint64_t)(block) << 32 | (uint64_t)(width) << 16 | (offset))
/* A field of a component of its block (XSAVE). In a table the offset is from the component's beginning. */
#define KEY_IN_COMPONENT(n) ((uint64_t)((n) + 1) << 40)
#define KEY_HAS_COMPONENT(key) (((key) >> 40 & 0xff) != 0)
#define KEY_COMPONENT(key) ((unsigned)((key) >> 40 & 0xff) - 1)
#define KEY_DEVICE(group, attr) (0x80ull << 48 | (uint64_t)(group) << 32 | 8u << 16 | (attr))
#define KEY_IS_ID(key) ((key) >> 56 != 0)
#define KEY_IS_BLOCK(key) ((key) >> 48 == 0)
#define KEY_IS_DEVICE(key) ((key) >> 48 == 0x80)
#define KEY_DEVICE_GROUP(key) ((unsigned)((key) >> 32 & 0xff))
#define KEY_DEVICE_ATTR(key) ((unsigned)((key)&0xffff))
#define KEY_BLOCK_NR(key) ((unsigned)((key) >> 32 & 0xff))
#define KEY_OFFSET_MAX 0xffffu
#define KEY_OFFSET(key) ((unsigned)((key)&0xffff))
/* Bytes of the value behind a key. A ONE_REG id has its logarithm in bits 55..52 (<linux/kvm.h>, KVM_REG_SIZE_MASK). */
#define KEY_SIZE(key) ((unsigned)(KEY_IS_ID(key) ? 1u << ((key) >> 52 & 15) : (key) >> 16 & 0xffff))

#endif
