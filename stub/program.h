/* SPDX-License-Identifier: BSD-2-Clause */
/* kvm-gdbserver, as far as it is not the command line: where it listens, what ends it, and with which status. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>

#include "serve/comm.h"

struct console;
struct files;
struct launch;
struct machine;
struct multi;

struct program_config {
	bool once;		   /* leave when the client goes */
	bool lives;		   /* the guest is not ours: it ran before, and lives on */
	struct multi *multi;	   /* clients choose a VM of this list: there is no machine before. Or NULL */
	struct launch *launch;	   /* the guest's VMM, which was started for this: told what is to become of it. Or NULL */
	struct console *console;   /* of the guest: its other end, which is open. Or NULL: it is none of ours */
	const struct files *files; /* where clients may have files written; NULL: nowhere */
	bool debug;		   /* the wire, readable, where the rest is told */
	int log;		   /* the descriptor for what is told to whoever runs this: nobody waits for that */
};

/*
 * Serves at the comm, or, where it is closed, on standard input and output, until the guest ends, a client kills it, the client goes (once,
 * or on standard input), or SIGINT, SIGTERM or SIGHUP arrives. The exit status for the program: the guest's own, or 0, or 128 + the
 * signal; or the user says so where the console is typed into. The three signals are blocked in every thread, and SIGPIPE is ignored. Where SIGTSTP and SIGCONT are blocked as well, the console's terminal is given
 * back and taken by them. The comm is closed; of a guest that lives on nothing is
 * served any more, else what there is stays for the vCPU threads, until the program ends.
 */
int program_serve(struct machine *m, struct comm *comm, const struct program_config *config);

#endif
