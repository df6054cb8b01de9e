/* SPDX-License-Identifier: BSD-2-Clause */
/* What whoever owns a machine, and serves it, does with it as a whole. */
#ifndef OPEN_H
#define OPEN_H

#include "machine.h"

/*
 * A machine over an open host, its vCPU threads started, stopped at its entry. caps is what the host's KVM was seen to do, batch how
 * registers are to be moved. 0, or -errno and a sentence in error. The host remains the caller's.
 */
int machine_open(struct machine *m, struct host *host, const struct arch *arch, const struct capabilities *caps,
	enum batch batch, char *error, size_t size);

/* Of a machine that nobody serves yet, and whose guest ran before it was opened: it runs on. */
void machine_go(struct machine *m);

/*
 * Of a machine over a VM that lives on (not of one whose vCPUs are borrowed): its vCPUs are at rest, there is nothing of the debugger in
 * them and in memory, and no thread of the machine's is left. machine_close() and the host's close() are due.
 */
void machine_leave(struct machine *m);

/* Of a machine whose vCPUs are borrowed, when their threads run no more by it; or after machine_leave(). The host remains the caller's. */
void machine_close(struct machine *m);

/* Of a machine that nobody is to serve any more: its description is the caller's, and it has none. */
void machine_give_description(struct machine *m, struct tdesc *d);

/* Who serves the client on a stop, and who is told of one in non-stop: see run/baton.h. */
void machine_set_server(struct machine *m, serve_fn *serve, notify_fn *notify, void *arg);

/*
 * Who takes a sentence for whoever runs this machine: from any thread, and nobody is to wait. detail takes those that say little and come often:
 * what a client has only asked for, and was refused. Without one they are dropped.
 */
void machine_set_log(struct machine *m, text_fn *log, text_fn *detail, void *arg);

/* Who answers `monitor`. Without one there are no commands. */
void machine_set_commands(struct machine *m, machine_command_fn *command);

/* For serve/, by the baton's holder. */

/* Has this client asked for another description? Then it leaves to come again. */
bool machine_changes_mode(const struct machine *m);

/* The present stop. */
const struct stop *machine_stop(struct machine *m);

/*
 * The debugger has gone: no opcode stays planted, guest debugging is off; the guest runs on if `go`, or stays as it is. The next
 * client has the description that this one asked for.
 */
void machine_release(struct machine *m, bool go);

#endif
