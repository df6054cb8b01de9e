/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM that is started here, and is to be attached to (attach.h) before its guest has executed anything.
 *
 * A thread of ours traces the VMM from its exec() on, with all of its threads and children. A thread that is about to call KVM_RUN is held:
 * it is left in another system call, which sleeps and does nothing. When all vCPUs that there are are held, or no more of them come, the
 * thread of ours ends, and with it the tracing of all others; attach_open() takes those that are held. A VMM that makes its vCPUs and runs
 * none is let go as well: attach_open() knows what to do with it. No seccomp filter is used, so nothing is left in the VMM, and it can
 * outlive us.
 *
 * When we are killed the VMM lives, but while a thread of it is held: nobody would wake that, so a guardian ends the VMM.
 *
 * All functions are called by one thread, which has SIGINT, SIGTERM and SIGHUP blocked, but where it says otherwise.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "../refuse.h"
#include "held.h"
#include "launch_config.h"
#include "memslots_seen.h"

struct launch;

/*
 * Starts it, in a process group of its own, which has the terminal if ours has it. NULL, or it runs: then launch_close() is due. With NULL
 * a sentence, and *status is what a shell's would be.
 */
struct launch *launch_open(const struct launch_config *config, int *status, const struct refusal *why);

/* The process that was started. */
pid_t launch_pid(const struct launch *l);

/*
 * Waits until there is a VM with vCPUs, whose threads are held, or are in no hurry to run them. 0; or -errno and a sentence: -ECHILD: it
 * has ended before; -EINTR: one of the signals is pending.
 */
int launch_hold(struct launch *l, const struct refusal *why);

/* After launch_hold(): the process that has the VM, which may be a child of that which was started; and who of it is held; and where its memory is. */
pid_t launch_vm(const struct launch *l);
const struct held *launch_held(const struct launch *l);

const struct seen_vms *launch_seen(const struct launch *l);

/* After attach_open(): those who were held are not any more. */
void launch_is_taken(struct launch *l);

/* What is to become of it at launch_close(): from any thread. */
void launch_to_end(struct launch *l);
void launch_to_live(struct launch *l);

/* The process of the VM has ended. To be asked now and then. */
bool launch_is_over(struct launch *l);

/*
 * Ends it, if it is to end: by SIGTERM, or SIGKILL if it has not ended after some seconds; or lets it live; or, told neither, waits for its end,
 * or for one of the signals, which end it. Our terminal is ours again. Nobody traces it. Our exit status: its own, as a shell has it, where it
 * has ended by itself, or what is given here.
 */
int launch_close(struct launch *l, int status);

#endif
