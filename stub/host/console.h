/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's console in a VM of our own, for whoever has its other end: what is typed goes in, what is printed goes to a descriptor. The
 * host is one that vm_open() has opened. By any thread; nobody waits.
 */
#ifndef HOST_CONSOLE_H
#define HOST_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "host.h"

/* How many bytes can be typed now. 0: console_event() tells when that changes. */
size_t console_room(struct host *h);

/* To be polled for POLLIN, the host's own. */
int console_event(struct host *h);

/* As many bytes as there is room for are typed; how many that were. They wait for as long as the guest takes none. */
size_t console_type(struct host *h, const uint8_t *bytes, size_t n);

/* From now on, what the guest prints goes to this descriptor; -1: nobody listens. The descriptor that had it before is used no more. */
void console_print_to(struct host *h, int fd);

#endif
