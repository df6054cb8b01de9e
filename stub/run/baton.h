/* SPDX-License-Identifier: BSD-2-Clause */
/* Who serves a stopped guest. The baton is told of in vcpu.h. */
#ifndef BATON_H
#define BATON_H

#include "vcpu.h"

/*
 * serve: by the thread of the vCPU whose stop it is. NULL: no vCPU thread serves; notify tells of each stop, and the watcher takes the baton.
 * Both NULL: nobody is there. Waits until the former one is back from serving; a stop that it has not served is the new one's.
 */
void baton_set_server(struct guest *g, serve_fn *serve, notify_fn *notify, void *arg);

/* By the watcher, where no vCPU thread serves. Is there a stop to serve? Then the baton is the watcher's until it is given back. */
bool baton_take(struct guest *g);
void baton_give_back(struct guest *g);

/* Does a vCPU thread serve now? */
bool baton_is_taken(struct guest *g);

#endif
