/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guest does to its machine as a whole: it resets it, or ends itself. At some of that the machine stops, and at some not, as
 * the client chooses. By the baton's holder but for events_stop() and events_lost().
 */
#ifndef EVENTS_H
#define EVENTS_H

#include "vcpu.h"

/* "reset", "end", "vcpu": as `monitor events` has it; `text` says what it is. */
const char *events_name(enum guest_event event, const char **text);

/* On the vCPU's own thread: v->stop is that its VMM is gone. */
void events_lost(struct vcpu *v, const struct vcpu_exit *exit);

/* On the vCPU's own thread: the stop, v->stop, that this exit is; or it is the VMM's without a word. */
enum step_result events_stop(struct vcpu *v, const struct vcpu_exit *exit);

/* From now on, while nobody is in the guest: is it a stop? */
void events_choose(struct guest *g, enum guest_event event, bool stop);

/* What a new connection finds chosen. */
void events_default(struct guest *g);

/* The end that the guest was about to bring about is there: v->stop says so. */
void events_end_now(struct vcpu *v);

#endif
