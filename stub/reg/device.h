/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: the way of what KVM keeps in its interrupt controller. */
#ifndef REG_DEVICE_H
#define REG_DEVICE_H

#include "way.h"

extern const struct way device_way;

#endif
