/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest does to its machine as a whole. Within run/, by the baton's holder but for events_stop(). */
#ifndef EVENTS_H
#define EVENTS_H

#include "../machine/machine.h"

/* "reset", "end", "vcpu": as `monitor events` has it; `text` says what it is. */
const char *events_name(enum machine_event event, const char **text);

/* On the vCPU's own thread: the stop, v->stop, that this exit is. */
void events_stop(struct vcpu *v, const struct vcpu_exit *exit);

/* From now on, while nobody is in the guest: is it a stop? */
void events_choose(struct machine *m, enum machine_event event, bool stop);

/* What a new connection finds chosen. */
void events_default(struct machine *m);

/* The debugger starts the machine over, which stands, with the points where they were. 0, or -errno and a sentence. */
int events_reset(struct machine *m);

/*
 * The machine is about to be resumed, each vCPU as its `want` says. After a stop at which the guest asked for a reset it starts over
 * first, with the points where they were; after one at which it ended itself, the end is due now. 0, or -errno and a sentence.
 */
int events_resume(struct machine *m);

/* In non-stop one vCPU does not start the machine over, with others running. 0, or -errno and a sentence. */
int events_check(struct machine *m);

/* In non-stop, of a vCPU that is to go on: has it ended the guest by that? Then nobody runs any more, and its stop is to be told. */
bool events_end(struct vcpu *v);

/* The same as events_resume() when the client has left: nobody wants to hear of anything but the guest's end. */
int events_leave(struct machine *m);

#endif
