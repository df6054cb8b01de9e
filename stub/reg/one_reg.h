/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: the way of one ioctl for each id. */
#ifndef ONE_REG_H
#define ONE_REG_H

#include "way.h"

extern const struct way one_reg_way;

#endif
