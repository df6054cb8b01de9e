/* SPDX-License-Identifier: BSD-2-Clause */
/* A reset or an end that the guest has asked for, and that the debugger was told of first. By the baton's holder. */
#ifndef DUE_H
#define DUE_H

#include "vcpu.h"

/* The debugger starts the machine over, which stands, with the points where they were. 0, or -errno and a sentence. */
int due_reset(struct guest *g);

/*
 * The machine is about to be resumed, each vCPU as its `want` says. After a stop at which the guest asked for a reset it starts over
 * first, with the points where they were; after one at which it ended itself, the end is due now. 0, or -errno and a sentence.
 */
int due_resume(struct guest *g);

/* In non-stop one vCPU does not start the machine over, with others running. 0, or -errno and a sentence. */
int due_check(struct guest *g);

/* In non-stop, of a vCPU that is to go on: has it ended the guest by that? Then nobody runs any more, and its stop is to be told. */
bool due_end(struct vcpu *v);

/* The same as due_resume() when the client has left: nobody wants to hear of anything but the guest's end. */
int due_leave(struct guest *g);

/*
 * Is the present stop one that the client does not want to hear of? Then what was asked for has been done, and the guest is resumed.
 * attended: there is a client.
 */
bool due_goes_on(struct guest *g, bool attended);

#endif
