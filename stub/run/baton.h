/* SPDX-License-Identifier: BSD-2-Clause */
/* Who serves a stopped guest. The baton is told of in vcpu.h. */
#ifndef BATON_H
#define BATON_H

#include "vcpu.h"

/*
 * serve: of borrowed vCPUs, and with notify, both serve: the thread of the vCPU whose stop it is if it is home, the watcher else. Else, serve:
 * by the thread of the vCPU whose stop it is. NULL: no vCPU thread serves; notify tells of each stop, and the watcher takes the baton.
 * Both NULL: nobody is there. Waits until the former one is back from serving; a stop that it has not served is the new one's.
 */
void baton_set_server(struct guest *g, serve_fn *serve, notify_fn *notify, void *arg);

/*
 * By a borrowed vCPU's thread that serves: waits until there is something to be read from fd. False: the VMM wants its thread.
 */
bool baton_await(struct guest *g, int fd);

/* By the watcher, where no vCPU thread serves, or none has come to do so. Is there a stop to serve? Then the baton is the watcher's until it is given back. */
bool baton_take(struct guest *g);
void baton_give_back(struct guest *g);

/* Does a vCPU thread serve now? */
bool baton_is_taken(struct guest *g);

#endif
