/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only. */
#ifndef REASON_H
#define REASON_H

/* What KVM means by an error of any ioctl for registers, its name first. err is a -errno. */
const char *call_reason(int err);

#endif
